"""Nobody took it in time, and that is said: by whose rule, who owned it, how late; once, and taken back when it never was so."""

from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.kernel import DeadlinePassed, Message
from contracts.upkeep import Origin
from infra.service import Item
from services.intake import domain, explain
from services.intake.commands import AcknowledgeRequest, AskInformation, GoOnWithout, TriageRequest, WithdrawRequest
from tests.intake.desk import Desk, request


async def passes(desk: Desk, minutes: int) -> list[str]:
    """Time goes by; what is due is decided at its instant. What was said of the request."""
    until, before = desk.clock.now().timestamp() + minutes * 60, len(desk.log.rows)
    while due := [one for one in domain.deadlines(desk.one("request")[1]) if one.at.timestamp() <= until]:
        first = min(due, key=lambda one: one.at)
        desk.clock.advance(max(first.at - desk.clock.now(), first.at - first.at))
        subject, _ = desk.one("request")
        message = Message(f"{subject}/{first.id}", DeadlinePassed(name=first.name, about=first.about, at=first.at), subject)
        outcomes = await desk.settler.settle([Item("deadline", message, Origin(topic="due"))])
        assert [outcome.kind for outcome in outcomes] == ["event"]
    desk.clock.advance(datetime.fromtimestamp(until, UTC) - desk.clock.now())
    return [row.attributes["type"] for row in desk.log.rows[before:]]


def said(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == kind]


async def test_the_desk_is_warned_twice_and_then_it_is_late_once(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-03-02T09:00:00Z"))
    assert await passes(desk, 60 * 24 * 30) == ["request.warned.v1", "request.warned.v1", "request.overdue.v1"]
    (late,) = said(desk, "request.overdue.v1")
    assert late == late | {
        "action": "acknowledge-request", "rule": "acknowledge@1", "citation": "our default", "citation_status": "default",
        "due": "2026-03-02T13:00:00Z", "owner": "role/intake-desk", "late_minutes": 0,
    }  # fmt: skip
    assert late["next"]["due"] == late["due"] and late["next"]["allowed"] == [
        "acknowledge-request",
        "close-request",
        "withdraw-request",
        "report-death",
    ]
    assert [warned["due"] for warned in said(desk, "request.warned.v1")] == ["2026-03-02T13:00:00Z"] * 2


async def test_lateness_closes_nothing_and_hides_nothing_that_may_be_done(desk: Desk) -> None:
    await desk.send("requested", request())
    await passes(desk, 60 * 24)
    subject, late = desk.one("request")
    assert (late.status, late.owed.late) == ("received", True)
    assert (await desk.command(subject, AcknowledgeRequest())).kind == "event"
    assert not desk.one("request")[1].owed.late


async def test_what_arrives_late_is_late_on_arrival_and_nobody_is_warned_of_it(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-02-26T08:00:00Z"))
    (late,) = said(desk, "request.overdue.v1")
    assert late["late_minutes"] == 4 * 24 * 60 - 3 * 60 and await passes(desk, 0) == []
    assert not said(desk, "request.warned.v1")


async def test_each_step_has_a_time_of_its_own_and_none_is_left_after_triage(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    await desk.command(subject, AcknowledgeRequest())
    assert await passes(desk, 60 * 24) == ["request.warned.v1", "request.warned.v1", "request.overdue.v1"]
    (late,) = said(desk, "request.overdue.v1")
    assert (late["action"], late["owner"], late["rule"]) == ("triage-request", "staff/7", "triage@1")
    await desk.command(subject, TriageRequest(urgency="urgent", service="outpatient-therapy"))
    assert await passes(desk, 60 * 24 * 30) == []


async def test_what_is_withdrawn_is_never_late(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.command(desk.one("request")[0], WithdrawRequest(reason="not-needed"))
    assert await passes(desk, 60 * 24 * 30) == []


async def test_a_step_that_is_not_due_yet_as_we_know_now_takes_its_lateness_back(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-03-02T09:00:00Z", urgency="emergency"))
    assert (await passes(desk, 40))[-1] == "request.overdue.v1"
    await desk.send("amended", {"reference": "R-1", "urgency": "routine"})
    (back,) = said(desk, "request.overdue-retracted.v1")
    assert (back["due"], back["next"]["due"]) == ("2026-03-02T09:30:00Z", "2026-03-02T13:00:00Z")
    assert (await passes(desk, 60 * 24))[-1] == "request.overdue.v1", "and it is late again when its time is over"


async def test_what_is_late_by_its_new_time_too_stays_late_without_a_word(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-03-02T09:00:00Z", urgency="emergency"))
    await passes(desk, 60 * 24)
    await desk.send("amended", {"reference": "R-1", "urgency": "routine"})
    assert said(desk, "request.overdue-retracted.v1") == [] and await passes(desk, 60 * 24) == []


async def test_who_has_used_up_part_of_the_time_on_arrival_is_warned_at_once_and_once(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-02-27T15:00:00Z"))  # two of its four business hours were on a Friday
    desk.later(55)
    assert await passes(desk, 0) == ["request.warned.v1"]


async def test_an_edit_that_leaves_it_late_takes_nothing_back_and_tells_nobody_again(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-02-26T08:00:00Z"))
    await passes(desk, 0)
    await desk.send("amended", {"reference": "R-1", "reason": "more words"})
    assert desk.one("request")[1].owed.late and said(desk, "request.overdue-retracted.v1") == []
    assert await passes(desk, 60 * 24) == []
    await desk.send("amended", {"reference": "R-1", "urgency": "emergency"})
    assert said(desk, "request.overdue-retracted.v1") == [] and await passes(desk, 60 * 24) == []


async def test_each_clock_is_made_again_and_comes_to_the_instant_that_was_recorded(desk: Desk) -> None:
    await desk.send("requested", request(requested_at="2026-02-28T08:00:00Z"))
    subject, taken = desk.one("request")
    await desk.command(subject, AcknowledgeRequest())
    for state in (taken, desk.one("request")[1]):
        ((action, due, clock, *_),) = explain.running(state, {})
        assert (action, due) == (state.owed.action, state.owed.due) and clock.due_at == due
    await desk.command(subject, TriageRequest(urgency="urgent", service="outpatient-therapy"))
    assert list(explain.running(desk.one("request")[1], {})) == []


async def test_a_step_that_is_owed_again_by_the_same_instant_is_not_told_late_again(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    await desk.command(subject, AcknowledgeRequest())
    await passes(desk, 60 * 24)
    await desk.command(subject, AskInformation(items=("consent",)))
    await desk.command(subject, GoOnWithout(reason="not-needed"))
    assert desk.one("request")[1].owed.late
    assert await passes(desk, 60 * 24) == []
    assert [late["action"] for late in said(desk, "request.overdue.v1")] == ["triage-request"]


async def test_another_question_has_a_time_of_its_own_and_is_told_late_too(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    await desk.command(subject, AcknowledgeRequest())
    await desk.command(subject, AskInformation(items=("consent",)))
    await passes(desk, 60 * 24 * 7)
    await desk.command(subject, AskInformation(items=("consent",), of="client"), key="the client instead")
    assert not desk.one("request")[1].owed.late
    await passes(desk, 60 * 24 * 14)
    late = [one["waiting_on"] for one in said(desk, "request.overdue.v1")]
    assert late == ["partner/riverbend", "client"]
