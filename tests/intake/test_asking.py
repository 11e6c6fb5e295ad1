"""What a referral lacks is asked for, item by item, and the person's own clocks run on meanwhile."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.intake import domain, explain
from services.intake.commands import AcknowledgeRequest, AskInformation, GoOnWithout, SupplyInformation, TriageRequest
from tests.intake.desk import Desk, request
from tests.intake.test_lateness import passes

ASK = AskInformation(items=("consent", "birth-date"))


@pytest.fixture
async def desk() -> Desk:
    """Nine o'clock on a Monday: a routine referral that somebody has taken."""
    made = Desk()
    await made.vault.open(create=True)
    await made.send("requested", request())
    await made.command(made.one("request")[0], AcknowledgeRequest())
    return made


async def asks(desk: Desk, command: Any, key: str = "key") -> Any:
    return await desk.command(desk.one("request")[0], command, key)


def last(desk: Desk, kind: str) -> dict[str, Any]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == kind][-1]


async def test_the_sender_is_told_what_we_lack_and_by_when_and_whoever_took_it_still_owns_it(desk: Desk) -> None:
    await asks(desk, ASK)
    told = desk.answers()[-1]
    assert told["items"] == ["consent", "birth-date"] and told["answer_before"] == "2026-03-04T09:00:00Z"
    following = last(desk, "request.information-asked.v1")["next"]
    assert (following["owner"], following["waiting_on"], following["due"]) == ("staff/7", "partner/riverbend", "2026-03-04T09:00:00Z")
    assert "triage-request" not in following["allowed"] and "go-on-without" in following["allowed"]


async def test_the_senders_amendment_is_its_answer_and_triage_goes_on_where_it_stood(desk: Desk) -> None:
    triage = desk.one("request")[1].owed
    await asks(desk, ASK)
    desk.later(120)
    await desk.send("amended", {"reference": "R-1", "person": {"birth_date": "1990-02-01"}})
    assert desk.said("request.")[-1] == "request.information-supplied.v1"
    state = desk.one("request")[1]
    assert (state.status, state.asked, state.owed.action, state.owed.due) == ("acknowledged", None, "triage-request", triage.due)
    assert [answer.get("task_status") for answer in desk.answers()][-2:] == ["received", None]
    assert (await asks(desk, TriageRequest(urgency="routine", service="outpatient-therapy"))).kind == "event"


async def test_sending_the_same_referral_again_with_more_in_it_answers_too_and_without_more_does_not(desk: Desk) -> None:
    await asks(desk, ASK)
    await desk.send("requested", request())
    await desk.send("amended", {"reference": "R-1"})
    assert desk.one("request")[1].status == "needs_info"
    await desk.send("requested", request(reason="with a consent"))
    assert desk.one("request")[1].status == "acknowledged"


async def test_the_time_for_triage_ran_on_and_is_late_when_it_is_back(desk: Desk) -> None:
    await asks(desk, ASK)
    assert await passes(desk, 60 * 7) == []
    await asks(desk, SupplyInformation(items=("consent",)))
    assert desk.one("request")[1].owed.due < desk.clock.now()
    assert [row.attributes["type"] for row in desk.log.rows][-1] == "request.overdue.v1" and await passes(desk, 0) == []


async def test_a_silent_sender_is_late_and_the_step_is_the_owners_again(desk: Desk) -> None:
    await asks(desk, ASK)
    assert (await passes(desk, 60 * 24 * 3)) == ["request.warned.v1", "request.warned.v1", "request.overdue.v1"]
    late = last(desk, "request.overdue.v1")
    assert (late["action"], late["owner"], late["waiting_on"]) == ("wait-for-information", "staff/7", "partner/riverbend")
    assert "waiting_on" not in late["next"] and late["next"]["owner"] == "staff/7"
    assert desk.one("request")[1].status == "needs_info", "time closes nothing"


async def test_the_client_may_be_asked_instead_and_then_the_sender_is_waited_for_no_more(desk: Desk) -> None:
    await asks(desk, ASK)
    before = len(desk.answers())
    await asks(desk, AskInformation(items=("consent",), of="client"), "again")
    assert last(desk, "request.information-asked.v1")["next"]["waiting_on"] == "client" and len(desk.answers()) == before
    await desk.send("amended", {"reference": "R-1", "reason": "more words"})
    assert desk.one("request")[1].status == "needs_info"


async def test_it_may_go_on_without_and_only_then(desk: Desk) -> None:
    assert (await asks(desk, GoOnWithout(reason="cannot-wait"))).kind == "refused"
    await asks(desk, ASK)
    refused = await asks(desk, TriageRequest(urgency="urgent", service="outpatient-therapy"))
    assert refused.kind == "refused" and "go-on-without" in refused.allowed
    assert (await asks(desk, GoOnWithout(reason="cannot-wait"), "now")).kind == "event"
    assert desk.one("request")[1].owed.action == "triage-request"


async def test_what_is_asked_late_gets_its_share_of_what_the_regulation_leaves() -> None:
    desk = Desk()
    await desk.vault.open(create=True)
    await desk.send("requested", request(urgency="urgent", requested_at="2026-03-02T09:00:00Z"))
    await asks(desk, AcknowledgeRequest())
    desk.later(180)
    await asks(desk, ASK)
    state = desk.one("request")[1]
    assert state.owed.due - desk.clock.now() == timedelta(hours=2)  # a third of the six business hours that are left
    ((_, due, clock, *_),) = explain.running(state, {})
    assert clock.due_at == due and len(list(domain.deadlines(state))) == 2
