"""Values about a person are readable in one process and nowhere else."""

import base64
import os
from datetime import date
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.kernel import OUTSIDE, Event, Model, Personal, State
from infra.sealing import Erased, Unreadable, Unsealable, open_bytes, personal_fields, seal, seal_bytes, unseal

KEY, OTHER = os.urandom(32), os.urandom(32)
NAME, BORN = "Zelda Quillfeather", date(1971, 5, 23)


class Id(Model):
    system: str
    value: Personal[str]


class Details(Model):
    family_name: Personal[str] | None = None
    birth_date: Personal[date] | None = None
    ids: tuple[Id, ...] = ()
    notes: dict[str, Personal[str]] = {}
    aliases: tuple[Personal[str], ...] = ()


class Opened(Event):
    type: ClassVar = "thing.opened.v1"
    record: str
    details: Details


class Thing(State):
    family_name: Personal[str] | None = None
    maiden_name: Personal[str] | None = None
    parent: "Thing | None" = None


class Withdrawn(Event):
    type: ClassVar = "thing.withdrawn.v1"
    reason: str = ""


FULL = Details(
    family_name=Personal(NAME),
    birth_date=Personal(BORN),
    ids=(Id(system="mrn", value=Personal("123")), Id(system="ssn", value=Personal("456"))),
    notes={"door": Personal("blue")},
    aliases=(Personal("Zed"),),
)
FACT = Opened(record="record/1", details=FULL)


def tokens(value: Any) -> list[str]:
    if isinstance(value, dict | list | tuple):
        return [token for part in (value.values() if isinstance(value, dict) else value) for token in tokens(part)]
    return [value] if isinstance(value, str) and value.startswith("sealed:v1:") else []


def test_every_personal_value_anywhere_inside_is_sealed_and_opens_again() -> None:
    sealed = seal(FACT, "record/1", KEY)
    text = sealed.model_dump_json()
    assert len(tokens(sealed.model_dump())) == 6
    for plain in (NAME, "1971-05", '"123"', '"456"', '"blue"', '"Zed"'):
        assert plain not in text
    back = unseal(Opened.model_validate_json(text), "record/1", KEY)
    assert back.details.family_name is not None and back.details.family_name.plain == NAME
    assert back.details.birth_date is not None and back.details.birth_date.plain == BORN
    assert [one.value.plain for one in back.details.ids] == ["123", "456"]
    assert back.details.notes["door"].plain == "blue" and back.details.aliases[0].plain == "Zed"


def test_sealing_leaves_the_original_as_it_was_and_forgets_the_plain_value_in_the_copy() -> None:
    sealed = seal(FACT, "record/1", KEY)
    assert FACT.details.family_name == Personal(NAME)
    assert sealed.details.family_name is not None and sealed.details.family_name.plain is None


def test_what_is_not_sealed_cannot_be_written() -> None:
    with pytest.raises(Exception, match="unsealed") as caught:
        FACT.model_dump_json()
    assert NAME not in str(caught.value)


def test_a_value_moves_from_fact_to_state_by_its_field_s_name_and_keeps_its_token() -> None:
    fact = seal(FACT, "record/1", KEY)
    state = Thing(family_name=fact.details.family_name)
    opened = unseal(state, "record/1", KEY)
    assert opened.family_name is not None and opened.family_name.plain == NAME
    again = seal(opened, "record/1", None)
    assert again.model_dump() == state.model_dump() and again.family_name is not None and again.family_name.plain is None


def test_an_open_value_put_under_another_name_or_record_is_sealed_anew() -> None:
    opened = unseal(seal(FACT, "record/1", KEY), "record/1", KEY).details.family_name
    renamed = seal(Thing(maiden_name=opened), "record/1", KEY)
    moved = seal(Thing(family_name=opened), "record/2", OTHER)
    assert unseal(renamed, "record/1", KEY).maiden_name.plain == NAME  # type: ignore[union-attr]
    assert unseal(moved, "record/2", OTHER).family_name.plain == NAME  # type: ignore[union-attr]


def test_a_token_under_another_name_record_or_key_does_not_open() -> None:
    token = seal(FACT, "record/1", KEY).details.family_name
    for model, record, key in (
        (Thing(maiden_name=token), "record/1", KEY),
        (Thing(family_name=token), "record/2", KEY),
        (Thing(family_name=token), "record/1", OTHER),
    ):
        with pytest.raises(Unreadable, match="TL-1202"):
            unseal(model, record, key)


def test_a_field_and_a_record_that_read_alike_together_are_told_apart() -> None:
    class Pair(Model):
        a: Personal[str] | None = None
        ab: Personal[str] | None = None

    token = seal(Pair(ab=Personal(NAME)), "c", KEY).ab
    with pytest.raises(Unreadable):
        unseal(Pair(a=token), "bc", KEY)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_token_with_any_bit_changed_does_not_open(place: int, flip: int) -> None:
    token = seal(Thing(family_name=Personal(NAME)), "record/1", KEY).family_name.sealed  # type: ignore[union-attr]
    assert token is not None
    raw = bytearray(base64.urlsafe_b64decode(token.removeprefix("sealed:v1:")))
    raw[place % len(raw)] ^= flip
    forged = "sealed:v1:" + base64.urlsafe_b64encode(raw).decode()
    with pytest.raises(Unreadable):
        unseal(Thing(family_name=Personal(sealed=forged)), "record/1", KEY)


@pytest.mark.parametrize("token", ["sealed:", "sealed:v1:", "sealed:v1:AAAA", "sealed:v1:ä", "sealed:v2:AAAA", "sealed:v1:!!!!", "Zelda"])
def test_what_is_no_token_does_not_open_and_is_not_shown(token: str) -> None:
    with pytest.raises(Unreadable) as caught:
        unseal(Thing(family_name=Personal(sealed=token)), "record/1", KEY)
    assert "AAAA" not in str(caught.value) and "Zelda" not in str(caught.value)


def test_without_the_key_it_is_erased_and_only_where_something_was_to_open() -> None:
    sealed = seal(FACT, "record/1", KEY)
    with pytest.raises(Erased, match="record/1"):
        unseal(sealed, "record/1", None)
    with pytest.raises(Erased):
        seal(FACT, "record/1", None)
    empty = Opened(record="record/1", details=Details())
    assert unseal(empty, "record/1", None) == seal(empty, "record/1", None) == empty
    assert seal(sealed, "record/1", None) == sealed


def test_the_same_value_twice_is_two_tokens() -> None:
    sealed = seal(Details(aliases=(Personal(NAME),) * 50), "record/1", KEY)
    assert len(set(tokens(sealed.model_dump()))) == 50


def test_nonces_do_not_repeat_within_or_between_models() -> None:
    written = [token for _ in range(100) for token in tokens(seal(FULL, "record/1", KEY).model_dump())]
    assert len({base64.urlsafe_b64decode(token[10:])[:12] for token in written}) == len(written) == 600


def test_a_sender_s_text_that_looks_like_a_token_is_only_text() -> None:
    heard = Thing.model_validate({"family_name": "sealed:v1:AAAA"}, context=OUTSIDE)
    assert unseal(seal(heard, "record/1", KEY), "record/1", KEY).family_name.plain == "sealed:v1:AAAA"  # type: ignore[union-attr]


def test_fields_with_personal_values_are_found_once_through_models_containers_and_cycles() -> None:
    assert set(personal_fields(Opened)) == {"details"}
    assert set(personal_fields(Details)) == {"family_name", "birth_date", "ids", "notes", "aliases"}
    assert set(personal_fields(Thing)) == {"family_name", "maiden_name", "parent"}
    assert personal_fields(Withdrawn) == {}
    assert personal_fields(Details) is personal_fields(Details)
    deep = Thing(parent=Thing(parent=Thing(family_name=Personal(NAME))))
    assert len(tokens(seal(deep, "r", KEY).model_dump_json().split('"'))) == 1


def test_a_model_without_personal_values_is_answered_as_it_is() -> None:
    fact = Withdrawn(reason="moved")
    assert seal(fact, "record/1", None) is fact and unseal(fact, "record/1", None) is fact


def test_unknown_fields_of_a_newer_version_pass_through() -> None:
    state = Thing.model_validate({"family_name": None, "newer": "sealed:v1:AAAA"})
    sealed = seal(state.model_copy(update={"family_name": Personal(NAME)}), "record/1", KEY)
    assert sealed.model_dump()["newer"] == "sealed:v1:AAAA"


def test_a_value_of_the_wrong_type_is_refused_before_it_is_lost_and_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    for wrong in (Personal(NAME), Personal(None)):
        with pytest.raises(Unsealable, match="birth_date") as caught:
            seal(Details(birth_date=wrong), "record/1", KEY)
        assert NAME not in str(caught.value) and caught.value.__context__ is None
    assert not recwarn.list


def test_one_field_holds_personal_values_of_one_type() -> None:
    class Unclear(Model):
        when: Personal[str] | Personal[date]

    with pytest.raises(TypeError, match=r"Unclear\.when"):
        personal_fields(Unclear)


def test_raw_bytes_are_kept_byte_for_byte_under_their_label() -> None:
    raw = b"\x00\xff{not json" + NAME.encode()
    sealed = seal_bytes(raw, KEY, "receipt/1")
    assert open_bytes(sealed, KEY, "receipt/1") == raw and NAME.encode() not in sealed
    for changed, key, label in (
        (sealed, KEY, "receipt/2"),
        (sealed, OTHER, "receipt/1"),
        (sealed[:-1], KEY, "receipt/1"),
        (b"", KEY, "receipt/1"),
    ):
        with pytest.raises(Unreadable):
            open_bytes(changed, key, label)
    with pytest.raises(Erased):
        open_bytes(sealed, None, "receipt/1")


def test_a_field_named_like_a_label_is_not_a_raw_input() -> None:
    token = seal(Thing(family_name=Personal(NAME)), "receipt/1", KEY).family_name.sealed  # type: ignore[union-attr]
    assert token is not None
    with pytest.raises(Unreadable):
        open_bytes(b"\x01" + base64.urlsafe_b64decode(token[10:]), KEY, "receipt/1")


def test_neither_repr_nor_a_validation_error_shows_the_value() -> None:
    assert NAME not in repr(FACT) + str(FULL) + repr(unseal(seal(FACT, "record/1", KEY), "record/1", KEY))
    with pytest.raises(ValidationError) as caught:
        Opened.model_validate({"record": 1, "details": {"family_name": NAME, "birth_date": NAME}}, context=OUTSIDE)
    assert NAME not in str(caught.value)
