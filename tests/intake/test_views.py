"""Each side's view of a referral is kept apart from the others'; a disagreement that lasts has an owner and a clock (law 12)."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.assignment import PlacementAccepted
from contracts.follow_up import CareStarted, CareStartRetracted, OutcomeReported
from contracts.kernel import Actor
from contracts.partners import ReferralStatusReported, ReferralWithdrawn
from services.intake import answers, explain, stages
from services.intake.commands import AcknowledgeRequest, CloseRequest, ReopenRequest, ReportDeath, SettleViews, TriageRequest
from services.intake.views import SIDES, Views
from tests.intake.desk import NOW, Desk
from tests.intake.fhir_messages import BSER, TASK, but
from tests.intake.lives import NINE, Life, requested, subject
from tests.intake.test_endings import VERIFIED, VISITED, last, other, placed, settles
from tests.intake.test_needs import both

KIND = "referral.status-reported.v1"
HAS_IT = "lakeside"
SETTLED = SettleViews(stands="ours", finding="they-had-not-heard")


async def accepted(desk: Desk) -> str:
    """A referral that a program of Lakeside has."""
    request = await placed(desk)
    await desk.hear(other(request, "placement"), 1, taken(), time=NOW.isoformat())
    return request


def taken(partner: str | None = HAS_IT, program: str = "program/lakeside") -> PlacementAccepted:
    return PlacementAccepted(program=program, partner=partner, by="staff/31", released=())


def word(request: str, status: str, minutes: int = 0, **more: Any) -> dict[str, Any]:
    return {"reference": request, "task_status": status, "at": (NOW + timedelta(minutes=minutes)).isoformat(), **more}


async def says(desk: Desk, request: str, status: str, minutes: int = 0, partner: str = HAS_IT, **more: Any) -> list[str]:
    """Whoever has it names it by our number, its sender by its own."""
    number = request if partner == HAS_IT else "R-1"
    return await desk.report(KIND, word(number, status, minutes, **more), partner)


def views(desk: Desk, request: str) -> Views:
    found = desk.state(other(request, "view"))
    assert isinstance(found, Views)
    return found


def refusals(desk: Desk, partner: str) -> list[str]:
    return [issue["code"] for answer in desk.answers(partner) for issue in answer.get("issues", ())]


async def test_each_sides_last_word_is_kept_apart_and_changes_nothing_of_the_referral(desk: Desk) -> None:
    request = await accepted(desk)
    before = desk.state(request)
    assert await says(desk, request, "rejected", reason="no-capacity") == ["event"]
    assert await says(desk, request, "accepted", partner="riverbend") == ["event"]
    kept = views(desk, request)
    assert (kept.ours and kept.ours.means, kept.sender and kept.sender.means) == (("accepted",), ("accepted", "under-way"))
    assert kept.receiver and (kept.receiver.task_status, kept.receiver.reason, kept.receiver.means) == (
        "rejected",
        "no-capacity",
        ("over",),
    )
    assert desk.state(request) == before
    assert [side for side, _ in kept.apart] == ["receiver"]


async def test_an_older_word_and_the_same_again_say_nothing_new(desk: Desk) -> None:
    request = await accepted(desk)
    desk.later(60)
    await says(desk, request, "in-progress", 50)
    said = len(desk.said("view."))
    for minutes, status in ((10, "rejected"), (50, "in-progress")):
        await says(desk, request, status, minutes)
        assert desk.answers(HAS_IT)[-1]["outcome"] == "duplicate"
    assert len(desk.said("view.")) == said
    assert await says(desk, request, "completed", 55) == ["event"] and desk.answers(HAS_IT)[-1]["outcome"] == "event"


@pytest.mark.parametrize("partner, number", [("stranger", "ours"), ("stranger", "R-1"), (HAS_IT, "R-1"), ("riverbend", "ours")])
async def test_nobody_else_may_say_it_and_whoever_asks_learns_nothing(desk: Desk, partner: str, number: str) -> None:
    request = await accepted(desk)
    body = word(request.partition("/")[2] if number == "ours" else number, "completed")
    assert await desk.report(KIND, body, partner) == ["refused"]
    assert refusals(desk, partner) == ["TL-5181"] and not desk.said("view.")


@pytest.mark.parametrize("more, code", [
    ({"business_status": "7.0"}, "TL-5182"), ({"at": (NOW + timedelta(minutes=1)).isoformat()}, "TL-5183"),
    ({"at": "yesterday"}, "TL-3105"), ({"task_status": "draft"}, "TL-3104"), ({"business_status": "9"}, "TL-3104"),
])  # fmt: skip
async def test_what_cannot_be_so_is_returned_with_the_reason(desk: Desk, more: dict[str, Any], code: str) -> None:
    request = await accepted(desk)
    await desk.report(KIND, word(request, "accepted") | more, HAS_IT)
    assert refusals(desk, HAS_IT) == [code] and not desk.said("view.")


async def test_a_fhir_task_says_it_with_the_codes_of_bser(desk: Desk) -> None:
    request = await accepted(desk)
    focus = {"reference": f"ServiceRequest/{request.partition('/')[2]}"}
    coded = {"coding": [{"system": BSER, "code": "4.0"}]}
    task = but(TASK, status="rejected", focus=focus, businessStatus=coded, lastModified=NOW.isoformat())
    assert await desk.publish(orjson.dumps(task), HAS_IT) == ["event"]
    theirs = views(desk, request).receiver
    assert theirs and (theirs.task_status, theirs.business_status) == ("rejected", "4.0")


async def test_whoever_has_it_takes_nothing_back_by_a_cancelled_task_but_says_that_it_is_over(desk: Desk) -> None:
    request = await accepted(desk)
    focus = {"reference": f"ServiceRequest/{request.partition('/')[2]}"}
    assert await desk.publish(orjson.dumps(but(TASK, status="cancelled", focus=focus)), HAS_IT) == ["event"]
    assert desk.state(request).status == "triaged" and [side for side, _ in views(desk, request).apart] == ["receiver"]


async def apart(desk: Desk) -> str:
    """Whoever has it says that it does not, for longer than anybody waits."""
    request = await accepted(desk)
    await says(desk, request, "rejected")
    desk.later(24 * 60)
    await settles(desk)
    return request


async def test_a_disagreement_is_told_after_its_grace_with_an_owner_and_a_clock(desk: Desk) -> None:
    request = await accepted(desk)
    await says(desk, request, "rejected")
    desk.later(24 * 60 - 1)
    await settles(desk)
    assert not desk.said("view.differed")
    desk.later(1)
    await settles(desk)
    said = last(desk, "view.differed.v1")
    assert (said["sides"], said["since"]) == (["receiver"], "2026-03-02T09:00:00Z")
    block = {"owner": "role/coordinator", "action": "settle-views", "due": "2026-03-05T09:00:00Z", "allowed": ["settle-views"]}
    assert said["next"] == said["next"] | block and said["next"]["rule"].startswith("settle-views")


async def test_both_clocks_are_made_again_and_come_to_the_instants_that_were_recorded(desk: Desk) -> None:
    request = await accepted(desk)
    await says(desk, request, "rejected")
    ((_, due, *_),) = explain.running(views(desk, request), {})
    assert due == NOW + timedelta(days=1)
    desk.later(24 * 60)
    await settles(desk)
    ((action, due, clock, *_),) = explain.running(views(desk, request), {})
    assert (action, due) == ("settle-views", clock.due_at) and due == NOW + timedelta(days=3)


async def test_a_word_that_comes_late_is_told_at_once_and_whoever_settles_it_has_their_whole_time(desk: Desk) -> None:
    request = await accepted(desk)
    desk.later(7 * 24 * 60)
    await says(desk, request, "rejected")
    await settles(desk)
    said = last(desk, "view.differed.v1")
    assert (said["since"], said["next"]["due"]) == ("2026-03-02T09:00:00Z", "2026-03-11T09:00:00Z")


async def test_at_the_front_door_the_desk_answers_for_it(desk: Desk) -> None:
    await desk.send("requested", {"reference": "R-1", "requested_at": NOW.isoformat(), "service": "therapy", "person": {"given_name": "A"}})
    request = desk.request_of("R-1")
    await says(desk, request, "completed", partner="riverbend")
    desk.later(24 * 60)
    await settles(desk)
    assert last(desk, "view.differed.v1")["next"]["owner"] == "role/intake-desk"


async def test_it_is_taken_back_when_they_agree_again_by_their_word(desk: Desk) -> None:
    request = await apart(desk)
    await says(desk, request, "accepted", 1440)
    assert last(desk, "view.agreed.v1")["next"]["action"] == "none" and not views(desk, request).differed
    desk.later(30 * 24 * 60)
    await settles(desk)
    assert "view.overdue.v1" not in desk.said("view.")


async def test_or_by_ours(desk: Desk) -> None:
    request = await apart(desk)
    await desk.command(request, CloseRequest(how="unmet", reason="client-decision"))
    assert last(desk, "view.agreed.v1")["next"]["action"] == "none"


async def test_what_is_behind_and_older_than_what_we_know_is_no_disagreement(desk: Desk) -> None:
    request = await accepted(desk)
    await says(desk, request, "accepted")
    desk.later(60)
    await desk.hear(other(request, "care"), 1, OutcomeReported(outcome="completed", verified=True, by="staff/31"))
    assert views(desk, request).ours and not views(desk, request).apart
    await says(desk, request, "in-progress", 60)
    assert [side for side, _ in views(desk, request).apart] == ["receiver"], "said once we knew better, it is"


async def test_the_sender_who_takes_it_back_has_said_so(desk: Desk) -> None:
    request = await accepted(desk)
    await says(desk, request, "in-progress", partner="riverbend")
    desk.later(1)
    await desk.send("withdrawn", {"reference": "R-1", "reason": "not-needed"})
    assert not views(desk, request).apart
    await says(desk, request, "in-progress", 1)
    assert [side for side, _ in views(desk, request).apart] == ["receiver"]


async def test_who_settles_it_says_whose_word_stands_and_the_next_word_is_compared_anew(desk: Desk) -> None:
    request = await apart(desk)
    assert (await desk.command(other(request, "view"), SETTLED)).kind == "event"
    said = last(desk, "view.settled.v1")
    assert (said["by"], said["stands"], said["next"]["action"]) == ("staff/7", "ours", "none")
    refused = await desk.command(other(request, "view"), SETTLED, key="again")
    assert [one.code for one in refused.reasons] == ["TL-5184"]
    desk.later(5 * 24 * 60)
    await settles(desk)
    assert desk.said("view.differed") == ["view.differed.v1"]
    await says(desk, request, "completed", 6 * 24 * 60)
    desk.later(5 * 24 * 60)
    await settles(desk)
    assert len(desk.said("view.differed")) == 2


@pytest.mark.parametrize("stands, told", [("ours", [("accepted", "3.0")]), ("sender", [])])
async def test_a_sender_who_had_not_heard_is_told_again(desk: Desk, stands: Any, told: list[tuple[str, str]]) -> None:
    request = await accepted(desk)
    await says(desk, request, "completed", partner="riverbend")
    desk.later(24 * 60)
    await settles(desk)
    before = len(desk.answers())
    await desk.command(other(request, "view"), SettleViews(stands=stands, finding="they-had-not-heard"))
    assert [(answer["task_status"], answer["business_status"]) for answer in desk.answers()[before:]] == told


async def test_what_nobody_settles_is_told_overdue(desk: Desk) -> None:
    request = await apart(desk)
    desk.later(3 * 24 * 60)
    await settles(desk)
    said = last(desk, "view.overdue.v1")
    assert (said["owner"], said["action"], said["citation_status"]) == ("role/coordinator", "settle-views", "default")
    assert views(desk, request).owed and not desk.said("view.agreed")


async def test_nothing_is_compared_of_somebody_who_is_said_to_have_died(desk: Desk) -> None:
    request = await apart(desk)
    await desk.command(request, ReportDeath())
    assert last(desk, "view.agreed.v1")["next"]["action"] == "none" and not views(desk, request).apart


async def test_another_who_has_it_and_another_interval_begin_with_nothing_said(desk: Desk) -> None:
    request = await apart(desk)
    await desk.hear(other(request, "placement"), 2, taken("oakfield", "program/oak"), time=NOW.isoformat())
    assert not views(desk, request).apart and desk.said("view.agreed")
    assert await says(desk, request, "completed", 1440) == ["refused"], "Lakeside does not have it any more"
    await says(desk, request, "completed", partner="riverbend")
    await desk.command(request, CloseRequest(how="asserted", reason="services-obtained"))
    await desk.command(request, ReopenRequest(reason="asked-again"))
    kept = views(desk, request)
    assert kept.sender and not kept.sender.means and not kept.apart


async def test_a_visit_that_we_take_back_and_they_do_not_is_one(desk: Desk) -> None:
    request = await accepted(desk)
    await desk.hear(other(request, "care"), 1, VISITED)
    await says(desk, request, "in-progress", business_status="5.1.4")
    assert not views(desk, request).apart
    await desk.hear(other(request, "care"), 2, CareStartRetracted(at=NOW), time=NOW.isoformat())
    assert [side for side, _ in views(desk, request).apart] == ["receiver"]


async def test_what_is_worked_as_anothers_is_compared_once_it_is_worked_by_itself_again(desk: Desk) -> None:
    _, joined = await both(desk)
    await desk.report(KIND, word("S-1", "completed"), "northgate")
    assert views(desk, joined).ours is None
    await desk.send("amended", {"reference": "S-1", "urgency": "urgent"}, partner="northgate")
    kept = views(desk, joined)
    assert kept.ours and kept.ours.means == ("asked",) and kept.sender and not kept.sender.means


async def test_what_is_worked_as_anothers_stands_where_its_sender_is_told_that_that_one_does(desk: Desk) -> None:
    lead, joined = await both(desk)
    await desk.report(KIND, word("S-1", "completed"), "northgate")
    await desk.hear(other(lead, "placement"), 1, taken(), time=NOW.isoformat())
    await settles(desk)
    kept = views(desk, joined)
    assert kept.ours and kept.ours.means == ("accepted",) and [side for side, _ in kept.apart] == ["sender"]
    await desk.report(KIND, word("S-1", "completed"), "northgate")
    assert views(desk, joined) == kept
    desk.later(24 * 60)
    await settles(desk)
    assert views(desk, joined).differed and last(desk, "view.differed.v1")["next"]["owner"] == "role/coordinator"


# — the tables


@pytest.mark.parametrize("said, stage", [
    ("acknowledged", "asked"), ("offered", "asked"), ("accepted", "accepted"), ("scheduled", "accepted"), ("started", "under-way"),
    ("outcome", "done"), ("closed-verified", "done"), ("closed-unmet", "over"), ("closed-redirected", "over"), ("withdrawn", "over"),
])  # fmt: skip
def test_whoever_repeats_our_own_words_agrees_with_us(said: str, stage: str):
    assert stages.ours(*answers.STATUS[said]) == stage
    assert all(stages.ours(*words) in stages.meaning(*words) for words in answers.STATUS.values())


def test_every_business_status_fits_a_status():
    for business in stages.BUSINESS:
        assert any(stages.meaning(status, business) for status in stages.TASK), business


# — in any order

HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)
OWN = (
    AcknowledgeRequest(), TriageRequest(urgency="urgent", service="outpatient-therapy"), taken("oak"),
    CareStarted(started_at=NINE + 3 * HOUR, kind="service", channel="in-person", in_time=True),
    OutcomeReported(outcome="completed", verified=True, by="staff/dora"), VERIFIED, ReopenRequest(reason="asked-again"),
)  # fmt: skip
WITHDRAWN = ReferralWithdrawn(reference="EX-1", reason="not-needed")
LIVES = st.sampled_from([OWN[:n] for n in range(3, len(OWN) + 1)] + [(*OWN[:n], WITHDRAWN) for n in (3, 4, 5)])
CODES = st.sampled_from([
    (status, business) for status in stages.TASK for business in (None, *stages.BUSINESS) if stages.meaning(status, business)
])  # fmt: skip
WORDS = st.lists(st.tuples(st.sampled_from(SIDES), CODES, st.integers(0, 8), st.integers(0, 8)), max_size=6)
"""Whose word, which codes, in which hour it was said, and how many hours later it came."""


def lived(own: Any, words: Any, delayed: bool) -> Life:
    """An hour for each step of ours; words come when they are said, or later. Nobody has it before the third step."""
    life = Life()
    life.sends(requested("EX-1"))
    for hour in range(20):
        if hour < len(own):
            _own(life, own[hour])
        life.passes(HALF)
        for side, (status, business), said, later in words:
            since = max(said, 2 if side == "receiver" else 0)
            if hour == since + (later if delayed else 0):
                _says(life, side, status, business, NINE + since * HOUR + HALF)
        life.passes(HALF)
    life.passes(timedelta(days=10))
    return life


def _own(life: Life, step: Any) -> None:
    match step:
        case ReferralWithdrawn():
            life.sends(step)
        case PlacementAccepted() | CareStarted() | OutcomeReported():
            life.hears("EX-1", "care", step)
        case _:
            life.asks("EX-1", step, "staff/ana")


def _says(life: Life, side: str, status: Any, business: Any, at: datetime) -> None:
    number, partner = ("EX-1", "example-clinic") if side == "sender" else (subject("EX-1"), "oak")
    said = ReferralStatusReported(reference=number, task_status=status, business_status=business, at=at)
    life._take(said, "", Actor("system", partner), f"partner-in-{partner}")


def standing(life: Life) -> Any:
    kept = life.states.get(subject("EX-1", "view")) or Views(record="")
    words = {side: (one.task_status, one.business_status, one.at) for side in SIDES if (one := getattr(kept, side)) and one.means}
    if words.get("sender", ("", None, NINE))[2].minute == 0:  # that of taking it back, which is known without a word
        words.pop("sender", None)
    return words, [side for side, _ in kept.apart], kept.differed


@settings(max_examples=150, deadline=None)
@whatever(LIVES, WORDS)
def test_it_makes_no_difference_in_which_order_words_and_our_own_steps_come(own: Any, words: Any) -> None:
    assert standing(lived(own, words, delayed=True)) == standing(lived(own, words, delayed=False))


@settings(max_examples=100, deadline=None)
@whatever(LIVES, WORDS)
def test_whatever_differs_for_long_has_an_owner_and_is_late_once_and_what_agrees_has_none(own: Any, words: Any) -> None:
    life = lived(own, words, delayed=True)
    kept = life.states.get(subject("EX-1", "view"))
    if kept is not None:
        assert kept.differed == bool(kept.apart) and bool(kept.owed) == kept.differed
        assert not kept.owed or (kept.owed.owner.startswith("role/") and kept.owed.late)
