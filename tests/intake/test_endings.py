"""How a referral ends at the front door, is opened again, and what stops when somebody is said to have died."""

from datetime import timedelta
from typing import Any, get_args

import orjson
import pytest
from pydantic import ValidationError

from contracts.assignment import PlacementEnded
from contracts.follow_up import CareStarted, CareStartRetracted, OutcomeReported
from contracts.kernel import DeadlinePassed, Message
from contracts.plans import PlanDeathReported, SuppressionEnded
from contracts.upkeep import Origin
from infra.commands import reasons_of
from infra.service import Item
from services.intake import domain
from services.intake.commands import (
    AcknowledgeRequest,
    CloseRequest,
    RefuteDeath,
    ReopenRequest,
    ReportDeath,
    TriageRequest,
    WithdrawRequest,
)
from tests.intake.desk import NOW, Desk, request

VISITED = CareStarted(started_at=NOW, kind="service", channel="in-person", in_time=True)
TRIAGED = TriageRequest(urgency="urgent", service="outpatient-therapy")
VERIFIED = CloseRequest(how="verified", reason="services-obtained")


async def settles(desk: Desk) -> None:
    """Whatever is due at once is decided, until nothing is."""
    fired: set[str] = set()
    while due := [
        (subject, one)
        for subject in list(desk.tables.aggregates)
        for one in domain.deadlines(desk.state(subject))
        if one.at <= desk.clock.now() and f"{subject}/{one.id}" not in fired
    ]:
        for subject, one in due:
            fired.add(f"{subject}/{one.id}")
            message = Message(f"{subject}/{one.id}", DeadlinePassed(name=one.name, about=one.about, at=one.at), subject)
            await desk.settler.settle([Item("deadline", message, Origin(topic="due"))])


async def placed(desk: Desk, reference: str = "R-1") -> str:
    """A referral that was triaged."""
    await desk.send("requested", request(reference))
    subject = desk.request_of(reference)
    await desk.command(subject, AcknowledgeRequest(), key=reference)
    await desk.command(subject, TRIAGED, key=reference)
    return subject


def other(subject: str, kind: str) -> str:
    return subject.replace("request/", f"{kind}/")


def last(desk: Desk, kind: str) -> dict[str, Any]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == kind][-1]


async def test_the_programs_word_hands_the_referral_back_to_be_reviewed_in_five_business_days(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.hear(other(subject, "care"), 1, VISITED)
    await desk.hear(other(subject, "care"), 2, OutcomeReported(outcome="completed", verified=True, by="staff/31"))
    said = last(desk, "request.outcome-reported.v1")
    assert said["next"] == said["next"] | {"owner": "role/coordinator", "action": "review-outcome", "due": "2026-03-09T09:00:00Z"}
    assert (said["outcome"], said["verified"]) == ("completed", True)
    assert desk.answers()[-1]["task_status"] == "completed"


async def test_a_placement_that_ended_without_a_word_is_reviewed_too_and_never_left_without_a_step(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.hear(other(subject, "placement"), 1, PlacementEnded(reason="discharged", released=()))
    said = last(desk, "request.outcome-reported.v1")
    assert (said["outcome"], said["verified"], said["next"]["action"]) == ("discharged", False, "review-outcome")
    await desk.hear(other(subject, "placement"), 2, PlacementEnded(reason="discharged", released=()))
    assert desk.said("request.outcome") == ["request.outcome-reported.v1"]


async def test_verified_needs_a_recorded_visit_and_what_was_served_is_not_unmet(desk: Desk) -> None:
    subject = await placed(desk)
    refused = await desk.command(subject, VERIFIED, key="1")
    assert (refused.kind, refused.reasons[0].code, refused.allowed[0]) == ("refused", "TL-5121", "close-request")
    await desk.hear(other(subject, "care"), 1, VISITED)
    unmet = await desk.command(subject, CloseRequest(how="unmet", reason="no-program"), key="2")
    assert (unmet.kind, unmet.reasons[0].code) == ("refused", "TL-5122")
    assert (await desk.command(subject, VERIFIED, key="3")).kind == "event"
    said = last(desk, "request.closed.v1")
    assert (said["how"], said["by"], said["next"]["action"]) == ("verified", "staff/7", "none")
    assert (desk.answers()[-1]["task_status"], desk.answers()[-1]["business_status"]) == ("completed", "7.0")


async def test_a_redirected_referral_names_who_confirmed_that_they_have_it(desk: Desk) -> None:
    subject = await placed(desk)
    refused = await desk.command(subject, CloseRequest(how="redirected", reason="out-of-area"), key="1")
    assert refused.reasons[0].code == "TL-5123"
    assert (await desk.command(subject, CloseRequest(how="redirected", reason="out-of-area", to="other-network"), key="2")).kind == "event"
    assert desk.answers()[-1]["to"] == "other-network", "its sender learns who has it now"


async def test_time_alone_closes_nothing(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.hear(other(subject, "placement"), 1, PlacementEnded(reason="discharged", released=()))
    desk.clock.advance(timedelta(days=400))
    await settles(desk)
    assert desk.state(subject).status == "outcome_reported" and desk.said("request.overdue") == ["request.overdue.v1"]


async def test_what_is_closed_is_opened_again_as_a_new_interval_whose_clocks_count_from_then(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.command(subject, CloseRequest(how="unmet", reason="no-program"))
    assert desk.state(subject).allowed == ("reopen-request",)
    desk.clock.advance(timedelta(days=9))
    assert (await desk.command(subject, ReopenRequest(reason="asked-again"), by="staff/12")).kind == "event"
    said = last(desk, "request.reopened.v1")
    assert (said["interval"], said["requested_at"], said["next"]["owner"]) == (2, "2026-03-11T09:00:00Z", "staff/12")
    assert said["next"]["action"] == "triage-request" and said["next"]["due"] == "2026-03-11T13:00:00Z"
    assert (await desk.command(subject, TRIAGED, key="again")).kind == "event"
    assert last(desk, "request.triaged.v1")["next"]["due"] == "2026-03-12T09:00:00Z"


async def test_a_sender_is_told_that_its_referral_was_closed_and_what_to_do(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.command(subject, CloseRequest(how="unmet", reason="no-program"))
    for kind, body in (("requested", request(urgency="urgent")), ("amended", {"reference": "R-1", "urgency": "urgent"})):
        assert await desk.send(kind, body) == ["refused"]
        assert desk.answers()[-1]["issues"][0]["code"] == "TL-5106"
    assert await desk.send("requested", request()) == ["event"] and desk.answers()[-1]["outcome"] == "duplicate"


async def test_a_reported_death_asks_a_person_to_verify_it_and_lets_nothing_else_be_asked(desk: Desk) -> None:
    subject = await placed(desk)
    assert (await desk.command(subject, ReportDeath())).kind == "event"
    said = last(desk, "request.death-reported.v1")
    assert said["next"] == said["next"] | {
        "owner": "role/coordinator", "action": "verify-death", "due": "2026-03-03T09:00:00Z", "allowed": ["refute-death", "close-request"],
    }  # fmt: skip
    again = await desk.command(subject, ReportDeath(), key="again")
    assert (again.kind, again.allowed) == ("refused", ("refute-death", "close-request"))
    assert "waiting_on" not in said["next"]


async def test_every_other_request_of_the_record_hears_of_it_and_of_its_being_wrong(desk: Desk) -> None:
    one, two = await placed(desk, "R-1"), await placed(desk, "R-2")
    await desk.command(one, ReportDeath())
    await settles(desk)
    assert desk.state(two).dead_since and desk.one("record")[1].death == "noted"
    desk.later(5)
    await desk.command(two, RefuteDeath())
    await settles(desk)
    assert not desk.state(one).dead_since and not desk.state(two).dead_since and desk.one("record")[1].death == "refuted"
    assert desk.said("request.death-retracted") == ["request.death-retracted.v1"] * 2


async def test_whoever_verifies_it_closes_all_that_is_open_and_the_sender_is_not_told_why(desk: Desk) -> None:
    one, two = await placed(desk, "R-1"), await placed(desk, "R-2")
    await desk.command(one, ReportDeath())
    await settles(desk)
    desk.later(5)
    await desk.command(two, CloseRequest(how="died", reason="death-verified"))
    await settles(desk)
    assert [desk.state(subject).status for subject in (one, two)] == ["closed", "closed"]
    assert {answer.get("reason") for answer in desk.answers() if answer.get("task_status") == "cancelled"} == {None}


async def test_a_new_referral_of_somebody_who_is_said_to_have_died_asks_first_whether_that_is_so(desk: Desk) -> None:
    await desk.command(await placed(desk), ReportDeath())
    await settles(desk)
    await desk.send("requested", request("R-2"))
    assert desk.state(desk.request_of("R-2")).owed.action == "verify-death"


async def test_a_plan_that_hears_of_a_death_stops_the_referrals_of_the_record(desk: Desk) -> None:
    one, two = await placed(desk, "R-1"), await placed(desk, "R-2")
    record = desk.one("record")[0]
    await desk.command(one, CloseRequest(how="asserted", reason="services-obtained"))
    await desk.hear(other(one, "plan"), 1, PlanDeathReported(record=record, at=NOW, by="staff/31"))
    await settles(desk)
    assert desk.state(two).dead_since and not desk.state(one).dead_since
    desk.later(5)
    await desk.hear(other(two, "plan"), 2, SuppressionEnded(kind="died", why="refuted", at=NOW))
    await settles(desk)
    assert not desk.state(two).dead_since


async def test_it_goes_on_where_it_stood_and_lost_time_is_lost(desk: Desk) -> None:
    await desk.send("requested", request())
    subject = desk.request_of("R-1")
    before = desk.state(subject).owed
    await desk.command(subject, ReportDeath())
    desk.later(30)
    await desk.command(subject, RefuteDeath())
    after = desk.state(subject).owed
    assert (after.action, after.due) == (before.action, before.due)
    assert (await desk.command(subject, AcknowledgeRequest())).kind == "event"


async def test_a_first_visit_that_was_none_is_no_evidence_any_more_and_its_sender_hears_so(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.hear(other(subject, "care"), 1, VISITED)
    await desk.hear(other(subject, "care"), 2, CareStartRetracted(at=NOW, started_at=NOW))
    assert desk.state(subject).served, "another visit is known"
    await desk.hear(other(subject, "care"), 3, CareStartRetracted(at=NOW))
    assert not desk.state(subject).served
    assert last(desk, "referral.status-changed.v1")["task_status"] == "accepted"
    await desk.hear(other(subject, "care"), 4, OutcomeReported(outcome="no-show", verified=False, by="staff/31"))
    assert not last(desk, "request.outcome-reported.v1")["verified"]


@pytest.mark.parametrize(
    ("command", "body"), [(CloseRequest, {"how": "unmet", "reason": "because"}), (WithdrawRequest, {"reason": "because"})]
)
def test_a_reason_is_of_its_list_and_what_is_allowed_is_told_and_published(command, body):
    with pytest.raises(ValidationError) as wrong:
        command.model_validate(body)
    listed = get_args(command.model_fields["reason"].annotation)
    (reason,) = reasons_of(wrong.value, command)
    assert reason.pointer == "/reason" and all(f"'{one}'" in reason.fix for one in listed) and "because" not in reason.fix
    assert "other" in listed and command.model_json_schema()["properties"]["reason"]["enum"] == list(listed)
