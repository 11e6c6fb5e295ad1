"""Names of partners, the first event they are shown, and what the front door says to a file."""

import json
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from deploy import operations, validate
from deploy.cli import app
from deploy.demo.feed import bundled
from deploy.partners import checked
from infra.problems import Problem
from services.intake.door import entries


@pytest.mark.parametrize("name", ["ab", "county-crisis-line", "a1", "x" * 40])
def test_a_name_of_two_to_forty_is_taken(name: str):
    assert checked(name) == name


@pytest.mark.parametrize("name", ["", "a", "x" * 41, "-ab", "ab-", "a.b", "a_b", "Ab", "a b", "ab\n", "é-a"])
def test_another_name_is_refused_with_the_fix(name: str):
    with pytest.raises(Problem, match="TL-2012") as told:
        checked(name)
    assert "2 to 40" in told.value.fix


def test_names_come_from_a_file_without_comments_and_blank_lines(tmp_path: Path):
    file = tmp_path / "names"
    file.write_text("# ours\none\n\n  two  # second\n")
    assert operations.named(file) == ["one", "two"]
    with pytest.raises(Problem, match="TL-2604"):
        operations.named(tmp_path / "none")


def test_the_first_event_that_is_shown_is_one():
    (entry,) = entries("my-clinic", {"ce_type": b"referral.requested.v1"}, orjson.dumps(validate.SAMPLE))
    assert (entry.outcome, entry.reasons) == ("event", ())
    shown = validate.first_event("127.0.0.1:1", "my-clinic")
    assert "partner-in-my-clinic" in shown
    assert "$PASSWORD" in shown


def validated(tmp_path: Path, value: bytes, *options: str) -> tuple[int, list[dict[str, object]]]:
    file = tmp_path / "message"
    file.write_bytes(value)
    ended = CliRunner().invoke(app, ["event", "validate", str(file), "--json", *options])
    return ended.exit_code, json.loads(ended.stdout)


def test_a_sound_event_is_taken_and_a_broken_one_is_told_where(tmp_path: Path):
    kind = ("--type", "referral.requested.v1")
    assert validated(tmp_path, orjson.dumps(validate.SAMPLE), *kind)[0] == 0
    code, (entry,) = validated(tmp_path, orjson.dumps({**validate.SAMPLE, "requested_at": "yesterday"}), *kind)
    assert (code, entry["outcome"]) == (1, "return")
    assert [(reason["code"], reason["pointer"]) for reason in entry["reasons"]] == [("TL-3105", "/requested_at")]  # type: ignore[attr-defined]


def test_fhir_is_read_by_the_same_door(tmp_path: Path):
    body = {
        **validate.SAMPLE,
        "reason": "made up",
        "person": {**validate.SAMPLE["person"], "given_name": "Sample", "birth_date": "1990-01-01"},
    }
    assert validated(tmp_path, bundled("one", body).value)[0] == 0
    code, (entry,) = validated(tmp_path, bundled("one", body, replaced=True).value)
    assert (code, entry["outcome"]) == (1, "quarantine")


def test_another_partners_name_is_seen(tmp_path: Path):
    value = orjson.dumps({**validate.SAMPLE, "partner": "somebody-else"})
    assert validated(tmp_path, value, "--type", "referral.requested.v1", "--partner", "me")[1][0]["outcome"] == "quarantine"


def test_the_reference_of_a_message_is_found_wherever_it_stands():
    assert validate.reference_of(b'{"reference":"A"}') == "A"
    assert validate.reference_of(b'{"specversion":"1.0","data":{"reference":"B"}}') == "B"
    assert validate.reference_of(b"no json") is None
    assert validate.reference_of(b"[1]") is None


def test_a_reason_is_needed_before_an_input_is_opened(tmp_path: Path):
    from deploy.local.settings import LocalSettings

    (tmp_path / "logs").mkdir()
    settings = LocalSettings(state=tmp_path)
    for reason in ("", "because I want to see Alexa Example"):
        with pytest.raises(Problem, match="TL-2625"):
            operations.accounted(settings, "intake", "one", reason)
    operations.accounted(settings, "intake", "one", "ticket-812")
    (line,) = (tmp_path / "logs" / "operators.log").read_text().splitlines()
    assert json.loads(line)["reason"] == "ticket-812"
