"""What was said can be read for ever: saved examples, committed schemas, and the proof that a break is seen."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import Field, create_model

from contracts import catalogue, generate, samples, shapes
from contracts.asyncapi import family_of
from contracts.compatibility import breaks, next_version
from contracts.kernel import OUTSIDE, SEALED_PREFIX, Event, Model, Personal

EVENTS = catalogue.event_types()
EXAMPLES = sorted(samples.FOLDER.glob("*/*.json"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def parsed(path: Path) -> tuple[dict[str, Any], Event]:
    saved = json.loads(path.read_text("utf-8"))
    event = EVENTS[saved["type"]]
    return saved, event.model_validate(saved["data"], context=None if family_of(event) == "events" else OUTSIDE)


def sealed_readably(value: Any) -> None:
    """Give every open personal value a token that shows it, so that the whole can be written and compared."""
    if isinstance(value, Personal):
        value.sealed = value.sealed or f"{SEALED_PREFIX}{value.plain}"
    elif isinstance(value, Model):
        sealed_readably([getattr(value, name) for name in type(value).model_fields])
    elif isinstance(value, list | tuple):
        for item in value:
            sealed_readably(item)


def lost_as_none(model: type[Model]) -> list[str]:
    """Fields that may be None and are read back otherwise, or not at all: what is None is not written."""
    maybe = {name: field for name, field in model.model_fields.items() if type(None) in get_args(field.annotation)}
    return [name for name, field in maybe.items() if field.is_required() or field.default is not None]


def missing_from(saved: Any, written: Any, at: str = "") -> list[str]:
    """Where `written` lacks or changes something of `saved`."""
    if isinstance(saved, dict) and isinstance(written, dict):
        gone = [f"{at}/{key}" for key in saved if key not in written]
        return gone + [found for key in saved if key in written for found in missing_from(saved[key], written[key], f"{at}/{key}")]
    if isinstance(saved, list) and isinstance(written, list) and len(saved) == len(written):
        pairs = enumerate(zip(saved, written, strict=True))
        return [found for index, (one, other) in pairs for found in missing_from(one, other, f"{at}/{index}")]
    return [] if saved == written or written == f"{SEALED_PREFIX}{saved}" else [at]


@each_example
def test_every_saved_example_is_read_and_written_back_whole(path):
    saved, event = parsed(path)
    sealed_readably(event)
    assert missing_from(saved["data"], event.model_dump(mode="json")) == []


@each_example
def test_nothing_is_lost_by_leaving_out_what_is_none(path):
    _, event = parsed(path)
    sealed_readably(event)
    written = event.model_dump_json(exclude_none=True)
    assert type(event).model_validate_json(written).model_dump_json(exclude_none=True) == written


@pytest.mark.parametrize("model", shapes.models(), ids=lambda model: model.__name__)
def test_a_field_that_may_be_none_is_none_when_it_is_absent(model):
    assert lost_as_none(model) == []


@each_example
def test_every_saved_example_fits_the_published_schemas(path):
    saved, event = parsed(path)
    schema = shapes.schema_of(type(event))
    envelope = shapes.envelope() | {"anyOf": [{"$ref": f"#/$defs/{family_of(type(event))}"}]}
    for rules, value in ((schema, saved["data"]), (envelope, saved)):
        Draft202012Validator.check_schema(rules)
        found = [error.json_path for error in Draft202012Validator(rules, format_checker=FormatChecker()).iter_errors(value)]
        assert found == []


@each_example
def test_an_example_lies_in_the_folder_of_its_type_and_names_invented_people_only(path):
    text = path.read_text("utf-8")
    assert json.loads(text)["type"] == path.parent.name
    assert "@" not in text.replace("@example.org", "")
    assert all(word.startswith("+1-202-555-01") for word in text.split('"') if word.startswith("+"))


def test_every_event_has_a_saved_example():
    assert generate.without_example() == []


def test_nothing_that_was_said_is_changed_and_no_saved_example_is_lost():
    assert generate.forbidden() == []


def test_everything_generated_is_up_to_date():
    assert [line for line in generate.stale() if not line.startswith("README.md")] == []


def test_the_readme_shows_todays_map():
    assert [line for line in generate.stale() if line.startswith("README.md")] == []


# — and each of these is seen failing


def variant(**fields: Any) -> dict[str, Any]:
    """The schema of a small event with these fields instead of its own."""
    own: dict[str, Any] = {
        "code": (Annotated[str, Field(max_length=10, pattern="^[a-z]+$")], ...),
        "kind": (Literal["a", "b"], ...),
        "count": (int, ...),
        "note": (Personal[Annotated[str, Field(max_length=10)]] | None, None),
        "parts": (tuple[str, ...], ()),
    }
    kept = {name: field for name, field in (own | fields).items() if field is not None}
    return shapes.sealed(create_model("Sample", __base__=Event, __doc__="A sample.", **kept).model_json_schema())


BREAKING = {
    "a removed field": {"count": None},
    "a renamed field": {"count": None, "number": (int, 1)},
    "a new required field": {"more": (str, ...)},
    "an optional field that became required": {"parts": (tuple[str, ...], ...)},
    "another type": {"count": (str, ...)},
    "a union that lost a branch": {"note": (Personal[Annotated[str, Field(max_length=10)]], Personal("x", sealed="sealed:x"))},
    "fewer values": {"kind": (Literal["a"], ...)},
    "a pattern that was free": {"parts": (tuple[Annotated[str, Field(pattern="^x")], ...], ())},
    "another pattern": {"code": (Annotated[str, Field(max_length=10, pattern="^[a-y]+$")], ...)},
    "a shorter text": {"code": (Annotated[str, Field(max_length=9, pattern="^[a-z]+$")], ...)},
    "a longer least length": {"code": (Annotated[str, Field(min_length=2, max_length=10, pattern="^[a-z]+$")], ...)},
    "a least number": {"count": (Annotated[int, Field(ge=1)], ...)},
    "a bound on the number of parts": {"parts": (Annotated[tuple[str, ...], Field(max_length=3)], ())},
    "a shorter text inside a token": {"note": (Personal[Annotated[str, Field(max_length=9)]] | None, None)},
    "a personal field that became plain": {"note": (Annotated[str, Field(max_length=10)] | None, None)},
    "a plain field that became personal": {"code": (Personal[str], ...)},
    "another default": {"parts": (tuple[str, ...], ("x",))},
}
HARMLESS = {
    "nothing": {},
    "a new field with a default": {"more": (str, "none")},
    "a new optional field": {"more": (str | None, None)},
    "a longer text": {"code": (Annotated[str, Field(max_length=11, pattern="^[a-z]+$")], ...)},
    "one more value": {"kind": (Literal["a", "b", "c"], ...)},
    "a required field that became optional": {"count": (int, 0)},
    "a number that may be a fraction": {"count": (float, ...)},
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_a_breaking_change_is_seen(change):
    assert len(breaks(variant(), variant(**change))) >= 1


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_harmless_change_is_let_through(change):
    assert breaks(variant(), variant(**change)) == []


@pytest.mark.parametrize("change", ["a longer text", "one more value", "a required field that became optional"])
def test_what_partners_hear_may_not_be_relaxed_either(change):
    assert len(breaks(variant(), variant(**HARMLESS[change]), heard_outside=True)) == 1


def test_partners_may_be_told_more():
    assert breaks(variant(), variant(more=(str | None, None)), heard_outside=True) == []


def test_a_change_deep_inside_a_shared_model_is_seen_with_its_place():
    old = shapes.schema_of(EVENTS["request.received.v1"])
    new = json.loads(json.dumps(old))
    new["$defs"]["Next"]["required"].append("rule")
    assert breaks(old, new) == ["/next/rule: became required"]


def test_the_generator_refuses_a_break_names_the_next_version_and_writes_nothing(tmp_path, monkeypatch, capsys):
    event = EVENTS["request.withdrawn.v1"]
    narrower = create_model("RequestWithdrawn", __base__=event, __doc__=event.__doc__, witness=(str, ...))
    monkeypatch.setattr(catalogue, "event_types", lambda: EVENTS | {event.type: narrower})
    monkeypatch.setattr(generate, "_write", lambda: pytest.fail("wrote over what was said"))
    assert generate.main([]) == 1
    assert (
        "/witness: is new and required (a new field needs a default). Leave it as it was and make request.withdrawn.v2"
        in capsys.readouterr().err
    )


def test_an_event_that_left_the_catalogue_is_missed(monkeypatch):
    monkeypatch.setattr(catalogue, "event_types", lambda: {t: e for t, e in EVENTS.items() if t != "request.withdrawn.v1"})
    assert "contracts/schemas/request.withdrawn.v1.json has no event" in "\n".join(generate.forbidden())


def test_a_deleted_or_edited_example_is_seen():
    assert "was deleted" in "".join(samples.damage({"a/b.json": "1"}, {}))
    assert "was edited" in "".join(samples.damage({"a/b.json": "1"}, {"a/b.json": "2"}))
    assert samples.damage({"a/b.json": "1"}, {"a/b.json": "1", "a/new.json": "2"}) == []


def test_a_missing_example_names_the_command_that_makes_it(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    assert "python -m contracts.generate --example request.withdrawn.v1" in "\n".join(generate.without_example())


def test_the_same_example_is_made_again_byte_for_byte(monkeypatch, tmp_path):
    made = []
    for run in ("one", "two"):
        monkeypatch.setattr(samples, "FOLDER", tmp_path / run)
        made.append({wire_type: samples.make(event, "again").read_bytes() for wire_type, event in EVENTS.items()})
    assert made[0] == made[1]


def test_what_an_event_would_lose_when_written_back_is_seen():
    assert missing_from({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{}], "d": 3}) == ["/b/0/c"]


def test_a_field_whose_none_would_be_lost_is_seen():
    class Sample(Model):
        needed: str | None
        usually: str | None = "usually"
        fine: str | None = None

    assert lost_as_none(Sample) == ["needed", "usually"]


def test_stale_text_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "outputs", lambda: {tmp_path / "x.json": "new"})
    assert generate.stale()[0] == "x.json is stale: run `python -m contracts.generate`"
    assert generate.stale()[1].startswith("README.md has no map: put the lines")


def test_the_readme_keeps_its_words_round_the_map():
    before, after = f"Words.\n{generate.BEGIN}\nyesterday's map\n", f"{generate.END}\nMore words.\n"
    text = generate.with_map(before + after)
    assert text.startswith(f"Words.\n{generate.BEGIN}\n| service |") and text.endswith(after) and "yesterday" not in text


def test_the_next_version_counts_on():
    assert next_version("request.received.v9") == "request.received.v10"
