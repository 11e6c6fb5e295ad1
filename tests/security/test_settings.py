"""Settings: every one documented, wrong ones refused with what to do, secrets never shown."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.problems import Problem
from infra.settings import PREFIX, Settings, load, table, unknown

SECRET = "correct-horse-battery"
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "settings.md"
SOURCES = [path.read_text("utf-8") for place in ("infra", "services") for path in (ROOT / place).rglob("*.py")]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("THROUGHLINE_SERVICE", "ledger")
    yield monkeypatch


def test_every_setting_is_documented_and_the_table_is_the_one_in_the_documents() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    how = "python -c 'import infra.settings as s; print(s.table(), end=\"\")' > docs/settings.md"
    assert DOCS.read_text("utf-8") == table(), f"run: {how}"


def test_defaults_are_enough_but_for_the_name() -> None:
    assert load().service == "ledger" and load(lanes=5).lanes == 5


def test_every_wrong_setting_is_told_at_once_with_what_it_means(clean: pytest.MonkeyPatch) -> None:
    clean.delenv("THROUGHLINE_SERVICE")
    clean.setenv("THROUGHLINE_LANES", "many")
    clean.setenv("THROUGHLINE_MONGO_DRIVER", "mongoose")
    clean.setenv("THROUGHLINE_TRACE_SAMPLING_RATIO", "2")
    with pytest.raises(Problem) as caught:
        load()
    text = str(caught.value)
    assert caught.value.code == "TL-1001" and "docs/settings.md" in text and caught.value.__context__ is None
    for name in ("SERVICE", "LANES", "MONGO_DRIVER", "TRACE_SAMPLING_RATIO"):
        assert re.search(rf"{PREFIX}{name}: .+ \(.+\)", text)
    assert "mongoose" not in text and "many" not in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"clock_rate": 60, "development": True}, "CLOCK_EPOCH"),
        ({"clock_rate": 60, "clock_epoch": "2026-03-02T09:00:00Z"}, "DEVELOPMENT"),
        ({"clock_file": "hand"}, "DEVELOPMENT"),
        ({"clock_file": "hand", "clock_rate": 60, "clock_epoch": "2026-03-02T09:00:00Z", "development": True}, "neither CLOCK_RATE"),
        ({"kafka_tls": False}, "KAFKA_TLS"),
        ({"issuer": "https://issuer", "jwks": "http://issuer/keys"}, "JWKS"),
        ({"issuer": "urn:issuer"}, "JWKS"),
        ({"issuer": "http://issuer"}, "ISSUER may be plain"),
        ({"role_names": "no-pair"}, "ROLE_NAMES"),
        ({"kafka_user": "svc"}, "KAFKA_PASSWORD"),
        ({"clock_epoch": "2026-03-02T09:00:00"}, "CLOCK_EPOCH"),
        ({"kafka_bootstrap": "no-port"}, "KAFKA_BOOTSTRAP"),
        ({"service": "Ledger-1"}, "SERVICE"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(Problem, match=told):
        load(**given)


def test_a_developer_may_run_fast_and_in_the_open() -> None:
    epoch = "2026-03-02T09:00:00Z"
    assert (
        load(development=True, kafka_tls=False, clock_rate=1440, clock_epoch=epoch, issuer="i", jwks="http://127.0.0.1/keys").clock_rate
        == 1440
    )


def test_secrets_come_from_variables_or_files_and_are_shown_nowhere(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "throughline_kafka_password").write_text(SECRET)
    clean.setenv("THROUGHLINE_SECRETS_DIR", str(tmp_path))
    clean.setenv("THROUGHLINE_KAFKA_USER", "svc")
    clean.setenv("THROUGHLINE_VAULT_KEK", SECRET)
    settings = load()
    assert settings.kafka_password.get_secret_value() == settings.vault_kek.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json() + table()


def test_a_wrong_neighbour_shows_no_secret(clean: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("KAFKA_PASSWORD", "MONGO_URL", "VAULT_KEK", "LANES", "CLOCK_EPOCH", "NO_SUCH", "HTTP_PORT", "KAFKA_TLS"):
        clean.setenv(PREFIX + name, SECRET)
    with pytest.raises(Problem) as caught:
        load()
    assert SECRET not in str(caught.value) + repr(caught.value) + caplog.text


def test_the_library_s_own_error_shows_no_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(service="ledger", lanes=SECRET)
    assert SECRET not in str(caught.value)


def test_a_misspelt_variable_is_warned_about_by_name(clean: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    clean.setenv("THROUGHLINE_HTTP_PROT", SECRET)
    with caplog.at_level(logging.WARNING):
        load()
    assert "THROUGHLINE_HTTP_PROT (did you mean THROUGHLINE_HTTP_PORT?)" in caplog.text and SECRET not in caplog.text


def test_variables_of_others_and_of_the_launcher_are_not_ours_to_warn_about() -> None:
    assert unknown({"PATH": "", "THROUGHLINE_STATE": "", "throughline_lanes": "", "THROUGHLINE_PROVISION_SECRETS": ""}) == {}
    assert unknown({"THROUGHLINE_XYZZY": ""}) == {"THROUGHLINE_XYZZY": ""}


def test_an_empty_variable_is_no_setting(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("THROUGHLINE_LANES", "")
    assert load().lanes == 3


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_that_is_documented_is_read(name: str) -> None:
    used = re.compile(rf"(settings|\bs)\.{name}\b|\b{PREFIX}{name.upper()}\b|{{PREFIX}}{name.upper()}\b")
    assert any(used.search(source) for source in SOURCES), f"THROUGHLINE_{name.upper()} changes nothing"
