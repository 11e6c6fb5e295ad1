"""Values about a person: one type, sealed under a record, nowhere else."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, get_args, get_origin

import pytest
from annotated_types import MaxLen
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from contracts import answers, catalogue, partners, shapes
from contracts.attributes import ATTRIBUTES
from contracts.kernel import OUTSIDE, SEALED_PREFIX, Event, Model, Personal, Sealable
from contracts.partners import Code, PersonDetails

SUSPECT = {
    "name", "family", "given", "surname", "maiden", "nickname", "birth", "birthday", "born", "dob", "age", "death", "phone", "mobile",
    "telephone", "fax", "email", "mail", "address", "street", "city", "postal", "postcode", "zip", "ssn", "mrn", "insurance", "gender",
    "sex", "race", "ethnicity", "language", "guardian", "kin", "caller", "contact", "note", "notes", "comment", "comments", "text",
    "description", "narrative", "reason", "message", "remark", "remarks", "diagnosis", "medication", "identifier", "identifiers", "photo",
    "signature",
}  # fmt: skip
REASONED = {
    ("Program", "name"): "a program of an organisation",
    ("PartnerRegistered", "name"): "an organisation",
    ("PartnerRegistered", "contacts"): "roles at an organisation, not people",
    ("MobileTeam", "name"): "a team of an organisation",
    ("CrisisFacility", "name"): "a facility",
    ("DeadlinePassed", "name"): "of a clock",
    ("Program", "age_groups"): "whom a program takes",
    ("Criteria", "age_group"): "whom a program must take: one of four",
    **{(event, "given"): "consents by their numbers" for event in ("RecordConsentsLearned", "ClusterLearned")},
    **{
        (event, "age_band"): "one of three, as I-SERV counts"
        for event in ("RequestReceived", "PlacementOpened", "PlacementAccepted", "CareOpened")
    },
    ("PersonDetails", "identifiers"): "each value inside is personal; the system that issued it is not",
    ("PersonDetails", "guardian"): "each value inside is personal",
    ("PersonDetails", "safe_contact"): "each value inside is personal",
}
"""Plain fields with a suspicious name, each with why it is none of a person's."""


def parts(annotation: Any) -> Iterator[Any]:
    """An annotation and everything inside it."""
    yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def is_personal(annotation: Any) -> bool:
    return any(part is Personal or get_origin(part) is Personal for part in parts(annotation))


def inside(model: type[Model]) -> Iterator[type[Model]]:
    """A model and the models in its fields."""
    yield model
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, Model):
                yield from inside(part)


def bears_personal_values(event: type[Model]) -> bool:
    return any(is_personal(field.annotation) for model in inside(event) for field in model.model_fields.values())


def is_code(field: Any) -> bool:
    """A short word without blanks, by its type: nobody can write a sentence into it."""
    limits = [*field.metadata, *(limit for part in parts(field.annotation) for limit in getattr(part, "__metadata__", ()))]
    limits += [inner for limit in limits for inner in getattr(limit, "metadata", ())]
    return any(getattr(limit, "pattern", None) == r"^\S+$" for limit in limits) and any(isinstance(limit, MaxLen) for limit in limits)


def exposed(model: type[Model]) -> list[str]:
    """Plain fields of a model that look as if they told of a person."""
    return [
        name
        for name, field in model.model_fields.items()
        if SUSPECT & set(re.split(r"_|\d", name)) and not is_personal(field.annotation) and not is_code(field)
        if (model.__name__, name) not in REASONED
    ]


EVERY = shapes.models()
EVENTS = list(catalogue.event_types().values())


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.__name__)
def test_no_plain_field_tells_of_a_person(model):
    assert exposed(model) == []


def test_every_reason_is_still_needed():
    by_name = {model.__name__: model for model in EVERY}
    for model, name in REASONED:
        field = by_name[model].model_fields[name]
        assert not is_personal(field.annotation) and not is_code(field), f"{model}.{name} needs no exception any more"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_personal_values_are_sealed_under_a_record_inside_and_never_said_to_partners(event):
    if event in answers.OUTBOUND:
        assert not bears_personal_values(event)
    elif event not in partners.INBOUND:
        assert not bears_personal_values(event) or issubclass(event, Sealable)


@pytest.mark.parametrize("event", answers.OUTBOUND, ids=lambda event: event.type)
def test_partners_are_told_nothing_by_which_they_could_link_people(event):
    assert {"person", "record", "people", "cluster"}.isdisjoint(event.model_fields)
    assert {a.name for a in ATTRIBUTES if a.on_partner_out}.isdisjoint(
        {"correlationid", "causesubject", "causeid", "authid", "partitionkey"}
    )


def test_a_value_that_was_not_sealed_cannot_be_written():
    details = PersonDetails(family_name=Personal("Testperson"))
    for write in (details.model_dump, details.model_dump_json):
        with pytest.raises(PydanticSerializationError, match="unsealed") as error:
            write()
        assert "Testperson" not in str(error.value)


def test_a_sealed_value_is_written_as_its_token_and_nothing_else():
    details = PersonDetails(birth_date=Personal(date(1990, 1, 1), sealed="sealed:abc"))
    assert details.model_dump_json(exclude_defaults=True) == '{"birth_date":"sealed:abc"}'


def test_nothing_that_is_shown_or_raised_holds_the_value():
    open_value = Personal("Testperson")
    assert "Testperson" not in f"{open_value!r} {open_value} {PersonDetails(family_name=open_value)!r} {[open_value]}"
    for context, value in ((None, "Testperson"), (OUTSIDE, "Testperson" * 99)):
        with pytest.raises(ValidationError) as error:
            PersonDetails.model_validate({"family_name": value}, context=context)
        assert "Testperson" not in f"{error.value} {error.value!r}"


def test_inside_only_a_sealed_value_is_read():
    with pytest.raises(ValidationError):
        PersonDetails.model_validate({"family_name": "Testperson"})
    read = PersonDetails.model_validate({"family_name": "sealed:abc"}).family_name
    assert read is not None and (read.plain, read.sealed) == (None, "sealed:abc")


def test_a_senders_text_that_looks_like_a_token_is_only_text():
    forged = f"{SEALED_PREFIX}v1:Zm9yZ2Vk"
    read = PersonDetails.model_validate({"family_name": forged}, context=OUTSIDE).family_name
    assert read is not None and (read.plain, read.sealed) == (forged, None)
    with pytest.raises(PydanticSerializationError):
        PersonDetails(family_name=read).model_dump()


def test_the_schemas_mark_personal_values_and_show_their_form_on_the_wire():
    said = shapes.schema_of(catalogue.event_types()["record.opened.v1"])["$defs"]["PersonDetails"]["properties"]["birth_date"]["anyOf"][0]
    heard = shapes.schema_of(partners.ReferralRequested)["$defs"]["PersonDetails"]["properties"]["birth_date"]["anyOf"][0]
    assert said == {"type": "string", "pattern": "^sealed:", "x-personal": True, "x-readable": {"type": "string", "format": "date"}}
    assert heard == {"type": "string", "format": "date", "x-personal": True}


def test_planted_violations_are_found():
    class Caller(Model):
        caller_name: str
        notes: tuple[str, ...] = ()
        reason: Code
        phone_numbers: tuple[Personal[str], ...] = ()

    class CallTaken(Event):
        """A call was taken."""

        type: ClassVar = "call.taken.v1"
        callers: tuple[Caller, ...]

    assert exposed(Caller) == ["caller_name", "notes"]
    assert bears_personal_values(CallTaken) and not issubclass(CallTaken, Sealable)
    assert not is_code(type("M", (Model,), {"__annotations__": {"reason": str}}).model_fields["reason"])
    assert TypeAdapter(Code).validate_python("no-capacity") == "no-capacity"
