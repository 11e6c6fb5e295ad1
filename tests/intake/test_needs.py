"""One need, two senders: worked as one, both answered; and by itself again, where it is not one after all."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.assignment import PlacementAccepted, PlacementOffered
from contracts.follow_up import CareStarted
from contracts.kernel import OUTSIDE
from services.intake.commands import AcknowledgeRequest, CloseRequest, EnterReferral, ReopenRequest, TriageRequest, UnlinkRecord
from services.intake.requests import Request
from tests.intake.desk import Desk, request
from tests.intake.test_endings import VISITED, other, settles

MEDICAID = {"system": "http://hl7.org/fhir/sid/us-medicaid", "value": "M-1"}
EARLIER = "2026-02-27T15:00:00Z"


def asked(reference: str, number: dict[str, str] = MEDICAID, **changes: Any) -> dict[str, Any]:
    return request(reference, person={"identifiers": [number], "family_name": "Testperson"}, **changes)


async def both(desk: Desk, **second: Any) -> tuple[str, str]:
    """The hospital asks, then the school, of the same person and service unless said otherwise."""
    await desk.send("requested", asked("R-1"))
    await desk.send("requested", asked("S-1", **second), partner="northgate")
    return desk.request_of("R-1"), desk.request_of("S-1")


def told(desk: Desk, partner: str) -> list[str]:
    """What a sender was told, kind by kind."""
    return [answer.get("task_status") or answer.get("outcome") or "acknowledged" for answer in desk.answers(partner)]


async def placed(desk: Desk, lead: str) -> None:
    for command in (AcknowledgeRequest(), TriageRequest(urgency="routine", service="outpatient-therapy")):
        await desk.command(lead, command)
        await settles(desk)
        desk.later(1)


async def test_the_earliest_request_starts_the_clock_and_one_of_them_is_worked(desk: Desk) -> None:
    lead, joined = await both(desk, requested_at=EARLIER)
    state: Request = desk.state(lead)
    assert (state.requested_at, state.joined) == (datetime.fromisoformat(EARLIER), (joined,))
    assert desk.state(joined).into == lead and not desk.state(joined).is_open
    (fact,) = [row for row in desk.log.rows if row.attributes["type"] == "request.joined.v1"]
    assert state.owed and state.owed.counts_from == datetime.fromisoformat(EARLIER), "and it is late on arrival"
    assert fact.attributes["subject"] == lead


async def test_each_sender_is_answered_on_its_own_topic_and_cannot_see_the_other(desk: Desk) -> None:
    lead, joined = await both(desk)
    await placed(desk, lead)
    await desk.hear(other(lead, "placement"), 1, PlacementOffered(round=1, offers=()))
    await settles(desk)
    assert told(desk, "riverbend") == ["event", "acknowledged", "in-progress", "in-progress"]
    assert told(desk, "northgate") == ["event", "acknowledged", "in-progress", "in-progress"]
    rows = {row.attributes["subject"] for row in desk.log.rows if row.topic == "partner-out-northgate"}
    assert rows == {joined}, "by what it is told it cannot be linked to the other's referral"


async def test_who_comes_later_is_told_where_it_stands_by_then(desk: Desk) -> None:
    await desk.send("requested", asked("R-1"))
    await placed(desk, desk.request_of("R-1"))
    await desk.send("requested", asked("S-1"), partner="northgate")
    assert told(desk, "northgate") == ["event", "in-progress"]


async def test_what_a_person_enters_joins_as_well_and_the_more_urgent_word_stands(desk: Desk) -> None:
    await desk.send("requested", asked("R-1"))
    said = {"partner": "own-desk", "channel": "phone", **asked("O-1", urgency="urgent")}
    by_phone = EnterReferral.model_validate(said, context=OUTSIDE)
    await desk.command("", by_phone)
    lead = desk.state(desk.request_of("R-1"))
    assert (lead.urgency, len(lead.joined)) == ("urgent", 1)


@pytest.mark.parametrize(
    "second",
    [
        {"service": "psychiatry"},
        {"number": {**MEDICAID, "value": "M-2"}},
        {"sensitivity": "part2"},
        {"requested_at": "2026-01-20T08:00:00Z"},
    ],
)
async def test_another_need_is_worked_by_itself(desk: Desk, second: dict[str, Any]) -> None:
    lead, separate = await both(desk, **second)
    assert desk.state(separate).is_open and desk.state(lead).joined == ()


async def test_what_is_more_urgent_than_a_person_decided_is_not_hidden_in_it(desk: Desk) -> None:
    await desk.send("requested", asked("R-1"))
    await placed(desk, desk.request_of("R-1"))
    await desk.send("requested", asked("S-1", urgency="emergency"), partner="northgate")
    assert desk.state(desk.request_of("S-1")).is_open


async def test_the_same_sender_asks_twice_for_two_things(desk: Desk) -> None:
    for reference in ("R-1", "R-2"):
        await desk.send("requested", asked(reference))
    assert all(desk.state(desk.request_of(reference)).is_open for reference in ("R-1", "R-2"))


async def test_one_that_loses_its_lead_is_worked_by_itself_and_its_clock_still_counts_from_its_own_request(desk: Desk) -> None:
    lead, joined = await both(desk)
    await desk.send("withdrawn", {"reference": "R-1", "reason": "found-elsewhere"})
    await settles(desk)
    state: Request = desk.state(joined)
    assert (state.status, state.into, state.interval) == ("acknowledged", None, 2) and state.requested_at.hour == 8
    assert desk.state(lead).joined == () and told(desk, "northgate")[-1] == "in-progress"


async def test_one_that_was_served_as_another_is_told_so(desk: Desk) -> None:
    lead, joined = await both(desk)
    await placed(desk, lead)
    await desk.hear(other(lead, "placement"), 1, PlacementAccepted(program="program/oak", by="staff/31", released=()))
    await desk.hear(other(lead, "care"), 1, CareStarted(**VISITED.model_dump(exclude={"type"})))
    await settles(desk)
    desk.clock.advance(timedelta(minutes=1))
    await desk.command(lead, CloseRequest(how="verified", reason="services-obtained"))
    await settles(desk)
    assert told(desk, "northgate")[-1] == "completed" and desk.state(joined).into == lead


async def test_its_sender_may_take_it_back_and_hears_no_more(desk: Desk) -> None:
    lead, joined = await both(desk)
    assert await desk.send("withdrawn", {"reference": "S-1", "reason": "found-elsewhere"}, partner="northgate") == ["event"]
    await settles(desk)
    await placed(desk, lead)
    assert desk.state(joined).status == "withdrawn" and desk.state(lead).joined == () and desk.state(lead).is_open
    assert told(desk, "northgate")[-1] == "event", "nothing after the receipt of its withdrawal"


@pytest.mark.parametrize("change", [{"service": "psychiatry"}, {"urgency": "emergency"}])
async def test_its_sender_needs_something_else_or_sooner(desk: Desk, change: dict[str, Any]) -> None:
    lead, joined = await both(desk)
    assert await desk.send("amended", {"reference": "S-1", **change}, partner="northgate") == ["event"]
    await settles(desk)
    state: Request = desk.state(joined)
    assert state.is_open and change.items() <= state.model_dump().items() and desk.state(lead).joined == ()


async def test_more_about_the_person_is_taken_and_changes_nothing_else(desk: Desk) -> None:
    lead, joined = await both(desk)
    assert await desk.send("amended", {"reference": "S-1", "person": {"phone": "555-0101"}}, partner="northgate") == ["event"]
    assert desk.state(joined).into == lead


async def test_a_person_finds_that_it_is_something_else(desk: Desk) -> None:
    lead, joined = await both(desk)
    desk.later(30)
    assert (await desk.command(joined, ReopenRequest(reason="not-the-same"))).kind == "event"
    await settles(desk)
    assert desk.state(joined).is_open and desk.state(lead).joined == ()


async def test_records_that_are_unlinked_have_needs_of_their_own(desk: Desk) -> None:
    requests = await both(desk)
    desk.clock.advance(timedelta(hours=1))
    assert (await desk.command(desk.state(requests[1]).record, UnlinkRecord())).kind == "event"
    await settles(desk)
    assert [desk.state(one).is_open for one in requests] == [True, True] and desk.state(requests[0]).joined == ()
    await desk.send("requested", asked("S-2"), partner="northgate")
    assert desk.state(desk.request_of("S-2")).is_open, "a number that misled once links nothing more"
