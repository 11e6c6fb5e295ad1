"""The questions on a real database: right, complete page by page, and from an index."""

from datetime import timedelta

import pytest

from contracts import assignment
from infra.problems import Problem
from services.worklist import questions
from services.worklist.questions import ask
from tests.board.looking import plan_of, stages
from tests.worklist.shelf import Shelf
from tests.worklist.stories import COORDINATOR, NOON, Log, at, received, record_of, step, whole

pytestmark = pytest.mark.engines


@pytest.fixture
async def busy(board, follower):
    """Twelve ordinary requests, a placed one, one that nobody owns, one without a clock, one that is over."""
    log = Log()
    for n in range(12):
        log.say(f"request/{n:02d}", received(f"{n:02d}", urgency="urgent" if n % 2 else "routine", minutes=n * 10), n * 10)
    whole(log, "placed", 200)
    log.say("request/unowned", received("unowned", minutes=300, next=step("", "acknowledge-request", at(500))), 300)
    log.say("request/unclocked", received("unclocked", minutes=310, next=step("role/intake-desk", "acknowledge-request")), 310)
    log.say("request/over", received("over", minutes=320, next=step("role/intake-desk", "none")), 320)
    await follower.take([record_of(heard) for heard in log.heard])
    return board


async def ids(board, question, **how) -> list[str]:
    return [item["_id"].removeprefix("referral/") for item in (await ask(board, question, **how)).items]


async def every_page(board, question, limit) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = await ask(board, question, cursor, limit)
        found += [item["_id"] for item in page.items]
        if not (cursor := page.cursor):
            return found


async def test_pending_referrals_come_in_the_order_in_which_they_were_asked(busy):
    assert await ids(busy, questions.pending_referrals()) == [*(f"{n:02d}" for n in range(12)), "placed", "unowned", "unclocked"]
    assert await ids(busy, questions.pending_referrals({"urgency": "routine"})) == [f"{n:02d}" for n in range(0, 12, 2)]


async def test_next_steps_show_first_what_nobody_answers_for(busy):
    found = await ids(busy, questions.next_steps())
    assert found[0] == "unowned" and found[1] == "unclocked" and found[-1] == "placed"


async def test_mine_and_my_teams_are_by_owner_and_by_role(busy):
    assert await ids(busy, questions.my_next_steps("staff/31")) == ["placed"]
    assert await ids(busy, questions.team_next_steps({"role/example-house"})) == ["placed"]
    assert "00" in await ids(busy, questions.team_next_steps({"role/intake-desk", COORDINATOR}))


async def test_unowned_and_unclocked_are_lists_of_their_own(busy):
    assert await ids(busy, questions.unowned()) == ["unowned"]
    assert await ids(busy, questions.unclocked()) == ["unclocked"]


async def test_overdue_has_one_definition_and_something_without_a_clock_is_not_in_it(busy):
    assert await ids(busy, questions.overdue(at(265))) == ["00", "01", "02"]
    assert await ids(busy, questions.overdue(at(240))) == []
    assert "unclocked" not in await ids(busy, questions.overdue(NOON + timedelta(days=400)))


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize(
    "question", [questions.pending_referrals(), questions.next_steps(), questions.overdue(at(9999))], ids=lambda q: q.name
)
async def test_pages_put_together_are_the_whole_answer(busy, question, limit):
    whole_answer = [item["_id"] for item in (await ask(busy, question, limit=200)).items]
    assert await every_page(busy, question, limit) == whole_answer


async def test_counts_are_capped_and_right(busy, monkeypatch):
    assert await questions.counts(busy, at(265)) == {"pending": 15, "unowned": 1, "unclocked": 1, "overdue": 3}
    monkeypatch.setattr(questions, "COUNTED_MAX", 5)
    assert (await questions.counts(busy, at(265)))["pending"] == 5


async def test_a_cursor_that_is_not_ours_is_refused(busy):
    for wrong in ("x", "W10", "WzEsMiwzXQ", "é"):
        with pytest.raises(Problem):
            await ask(busy, questions.pending_referrals(), wrong)


EVERY = (
    questions.pending_referrals(), questions.next_steps(), questions.my_next_steps("staff/7"), questions.team_next_steps({"role/x"}),
    questions.unowned(), questions.unclocked(), questions.overdue(NOON), questions.gaps(NOON),
    questions.begun({"role/intake-desk"}, NOON), questions.become_late({"role/intake-desk"}, NOON, at(400)),
    questions.resolved({"role/intake-desk"}, NOON), questions.over("referral", NOON), questions.mine_since("staff/7", NOON),
    questions.responded(NOON),
    questions.reviewed(NOON), questions.told("staff/7", "new"), questions.unseen(),
    *(questions.Question(name, {name: "one"}, ("_id",)) for name in ("marks", "tells", "group")),
    questions.Question("reference", {"reference": {"$gte": "R", "$lt": "S"}}, ("reference",)),
    questions.Question("record", {"record": {"$in": ["one", "two"]}}, ("record", "due", "_id")),
    questions.Question("unmarked", {"unmarked": True}, ("unmarked",)), questions.Question("listed", {"listed": True}, ("listed",)),
)  # fmt: skip


@pytest.mark.parametrize("question", EVERY, ids=lambda q: q.name)
async def test_every_question_is_answered_by_its_index_in_its_order(busy, question):
    found = set(stages(await plan_of(busy, 1, question)))
    assert "IXSCAN" in found and not found & {"SORT", "COLLSCAN", "IXSCAN _id_"}, found


async def test_the_board_in_memory_answers_as_the_real_one_does(busy):
    shelf = Shelf()
    shelf.stored = {one["_id"]: one for one in await busy.items(1, {}, [("_id", 1)], 0)}
    for question in (*EVERY, *(one.within({COORDINATOR}) for one in EVERY)):
        assert await ids(shelf, question) == await ids(busy, question), question.name
        assert await questions.count(shelf, question) == await questions.count(busy, question), question.name
    for by in ("owner", "concerns"):
        tallied = await busy.tally(1, {"open": True}, by)
        assert tallied == await shelf.tally(1, {"open": True}, by) and sum(tallied.values()) > 10


async def test_the_timeline_tells_every_event_by_its_place_in_the_log(busy):
    told = await questions.timeline(busy, "referral/placed")
    assert told[0]["what"].startswith("Urgent request for outpatient therapy")
    assert {(e["topic"], type(e["partition"]), type(e["offset"])) for e in told} == {
        ("intake-events", int, int),
        ("assignment-events", int, int),
    }
    assert told == sorted(told, key=lambda entry: entry["recorded"])


async def test_what_the_next_steps_of_a_person_are_follows_a_hand_off(busy, follower):
    log = whole(Log(), "placed", 200)
    done = log.say(
        "placement/placed",
        assignment.HandedOff(owner="staff/19", left="staff/31", next=step("staff/19", "schedule-first-visit", at(900))),
        260,
    )
    await follower.take([record_of(done)])
    assert await ids(busy, questions.my_next_steps("staff/19")) == ["placed"]
    assert await ids(busy, questions.my_next_steps("staff/31")) == []
