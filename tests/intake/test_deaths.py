"""A death that a partner reports: it stops everything of the person, on every record that is linked, until somebody finds it wrong."""

from typing import Any

import orjson

from contracts.plans import PASSED_ON, PlanDeathReported, SuppressionEnded
from services.intake.commands import AcknowledgeRequest, CloseRequest, RefuteDeath, ReportDeath, UnlinkRecord
from tests.intake.desk import NOW, Desk, request
from tests.intake.fhir_messages import PATIENT, bundle, but
from tests.intake.test_endings import settles

NUMBER = {"system": "urn:network:person", "value": "n-1"}
OAK, PINE = "oakfield", "pinewood"


def of(value: str, *more: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {"identifiers": [{"system": "urn:mrn", "value": value}, *more], **changes}


async def settled(desk: Desk) -> None:
    """A minute later everything that was due at once is decided, with what follows of it."""
    desk.later(1)
    await settles(desk)


async def two_records(desk: Desk) -> tuple[str, str]:
    """One person, known to two partners by a number of the whole network, with another need at each."""
    await desk.send("requested", request("R-1", person=of("m-1", NUMBER)), OAK)
    await desk.send("requested", request("R-2", person=of("m-2", NUMBER), service="psychiatry"), PINE)
    await settled(desk)
    return desk.request_of("R-1"), desk.request_of("R-2")


def record(desk: Desk, request: str) -> str:
    return str(desk.state(request).record)


async def died(desk: Desk, partner: str, *person: dict[str, str], value: str = "m-1") -> list[str]:
    return await desk.report("death.told.v1", {"reference": "D-1", "person": of(value, *person)}, partner)


async def test_a_partners_word_stops_every_request_of_its_record(desk: Desk) -> None:
    await desk.send("requested", request("R-1", person=of("m-1")), OAK)
    await desk.send("requested", request("R-2", person=of("m-1")), OAK)
    assert await died(desk, OAK) == ["event"]
    await settled(desk)
    for number in ("R-1", "R-2"):
        state = desk.state(desk.request_of(number))
        assert state.dead_since and state.owed.action == "verify-death" and state.allowed == ("refute-death", "close-request")
    assert desk.answers(OAK)[-1]["outcome"] == "event"
    assert await died(desk, OAK) == ["event"] and desk.answers(OAK)[-1]["outcome"] == "duplicate"
    assert desk.said("record.death-noted") == ["record.death-noted.v1"]


async def test_it_may_be_said_of_the_person_in_anything_that_is_sent(desk: Desk) -> None:
    await desk.send("requested", request("R-1", person=of("m-1", deceased=True)), OAK)
    halted = desk.state(desk.request_of("R-1"))
    assert halted.dead_since, "the very request that says so never starts"
    await desk.send("requested", request("R-2", person=of("m-2")), OAK)
    await desk.send("amended", {"reference": "R-2", "person": {"deceased": True}}, OAK)
    await settled(desk)
    assert desk.state(desk.request_of("R-2")).dead_since


async def test_a_death_said_before_anything_was_asked_halts_what_is_asked_later(desk: Desk) -> None:
    await died(desk, OAK)
    await desk.send("requested", request("R-1", person=of("m-1")), OAK)
    assert desk.state(desk.request_of("R-1")).dead_since


async def test_in_fhir_it_is_heard_whatever_came_with_it(desk: Desk) -> None:
    await desk.publish(orjson.dumps(bundle(but(PATIENT, deceasedDateTime="2026-03-01"))), OAK)
    assert desk.one("record")[1].death == "noted"


async def test_it_stops_the_requests_of_every_linked_record_and_lives_on_in_none_when_it_was_wrong(desk: Desk) -> None:
    one, two = await two_records(desk)
    await died(desk, OAK)
    await settled(desk)
    assert desk.state(one).dead_since and desk.state(two).dead_since and desk.state(record(desk, two)).death == "noted"
    assert desk.state(record(desk, two)).own_death == "", "it is another record's word"
    await desk.command(two, RefuteDeath())
    await settled(desk)
    assert not desk.state(one).dead_since and not desk.state(two).dead_since
    assert {desk.state(record(desk, each)).death for each in (one, two)} == {"refuted"}


async def test_a_link_made_later_brings_it_and_unlinked_it_is_taken_back(desk: Desk) -> None:
    await desk.send("requested", request("R-1", person=of("m-1", NUMBER)), OAK)
    await desk.send("requested", request("R-2", person=of("m-2")), PINE)
    one, two = desk.request_of("R-1"), desk.request_of("R-2")
    await died(desk, OAK)
    await settled(desk)
    assert desk.state(one).dead_since and not desk.state(two).dead_since
    await desk.send("amended", {"reference": "R-2", "person": of("m-2", NUMBER)}, PINE)
    await settled(desk)
    assert desk.state(two).dead_since is None, "an amendment links nothing by itself"
    await desk.send("requested", request("R-3", person=of("m-2", NUMBER)), PINE)
    await settled(desk)
    assert desk.state(two).dead_since and desk.state(desk.request_of("R-3")).dead_since
    outcome = await desk.command(record(desk, two), UnlinkRecord())
    assert outcome.kind == "event"
    await settled(desk)
    assert not desk.state(two).dead_since and desk.state(one).dead_since, "its own word stays with the record that said it"
    await desk.send("requested", request("R-4", person=of("m-2", NUMBER)), PINE)
    await settled(desk)
    assert not desk.state(two).dead_since, "what a person unlinked no number links again"


async def test_the_record_that_said_it_takes_its_word_along(desk: Desk) -> None:
    one, two = await two_records(desk)
    await died(desk, PINE, value="m-2")
    await settled(desk)
    assert desk.state(one).dead_since and desk.state(two).dead_since
    await desk.command(record(desk, two), UnlinkRecord())
    await settled(desk)
    assert desk.state(two).dead_since and not desk.state(one).dead_since


async def test_what_two_records_say_stays_when_one_of_them_leaves(desk: Desk) -> None:
    one, two = await two_records(desk)
    await died(desk, OAK)
    await settled(desk)
    await died(desk, PINE, value="m-2")
    await settled(desk)
    await desk.command(record(desk, two), UnlinkRecord())
    await settled(desk)
    assert desk.state(one).dead_since and desk.state(two).dead_since


async def test_a_linked_record_is_asked_to_verify_and_never_closed_by_the_link(desk: Desk) -> None:
    one, two = await two_records(desk)
    await desk.command(one, AcknowledgeRequest())
    await desk.command(one, ReportDeath())
    await desk.command(one, CloseRequest(how="died", reason="death-verified"))
    await settled(desk)
    assert desk.state(one).status == "closed" and desk.state(two).is_open and desk.state(two).dead_since


async def test_a_person_corrects_what_was_reported_in_error_and_repeating_it_changes_nothing(desk: Desk) -> None:
    await died(desk, OAK)
    subject, known = desk.one("record")
    assert known.death_by == f"partner/{OAK}"
    again = await desk.command(subject, ReportDeath())
    assert (again.kind, again.allowed) == ("refused", ("refute-death",))
    assert (await desk.command(subject, RefuteDeath())).kind == "event"
    assert (await desk.command(subject, RefuteDeath(), key="twice")).kind == "refused"
    await desk.report("death.told.v1", {"reference": "D-2", "person": of("m-1")}, OAK)
    await desk.send("requested", request("R-1", person=of("m-1", deceased=True)), OAK)
    await settled(desk)
    assert desk.state(subject).death == "refuted" and not desk.state(desk.request_of("R-1")).dead_since


async def test_what_a_plan_only_passes_on_is_no_word_of_its_own(desk: Desk) -> None:
    """Or it would stay when the link that brought it is gone."""
    one, two = await two_records(desk)
    await died(desk, OAK)
    await settled(desk)
    plan = two.replace("request/", "plan/")
    await desk.hear(plan, 1, PlanDeathReported(record=record(desk, two), at=NOW, by=PASSED_ON))
    await desk.command(record(desk, two), UnlinkRecord())
    await settled(desk)
    assert not desk.state(two).dead_since
    await desk.hear(plan, 2, SuppressionEnded(kind="died", why="refuted", at=NOW, passed_on=True))
    await settled(desk)
    assert desk.state(one).dead_since and desk.state(record(desk, two)).own_death == ""


async def test_a_record_that_is_linked_to_nobody_is_not_unlinked(desk: Desk) -> None:
    await died(desk, OAK)
    assert (await desk.command(desk.one("record")[0], UnlinkRecord())).reasons[0].code == "TL-5146"
