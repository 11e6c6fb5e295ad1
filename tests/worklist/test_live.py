"""Live changes over a board in memory: to each viewer what their lists hold, and no word of anything else."""

import asyncio

import pytest
from starlette.requests import Request

from contracts import assignment
from infra.identity import Principal
from services.worklist import questions
from services.worklist.api import concerned
from services.worklist.questions import concerns
from tests.worklist.conftest import looking_at
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, received, step, whole

LEAD, PROGRAM = Principal("staff/12", frozenset({"coordinator"})), Principal("staff/31", frozenset({"program-desk", "example-house"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


@pytest.fixture
async def live(scene):
    async with looking_at(scene.worklist.live) as running:
        yield running


async def until(stream, wanted: bytes) -> bytes:
    """All that is told until this is."""
    told = b""
    while wanted not in told:
        told += await asyncio.wait_for(anext(stream), 60)
    return told


async def test_a_viewer_hears_of_what_is_theirs_and_of_what_leaves_them_and_of_nothing_else(scene, live):
    theirs, everything = await live.stream("", concerned(PROGRAM)), await live.stream("", concerned(LEAD))
    await until(theirs, b"referral/1")  # what changed before they watched
    log, elsewhere = whole(Log(), 61), step("role/other-house", "schedule-first-visit", at(600))
    log.say("request/62", received(62), 0)
    await scene.hear(log)
    assert b"referral/61" in await until(everything, b"referral/62")
    assert b"referral/62" not in await until(theirs, b"referral/61")
    log.say("placement/61", assignment.OwnerAssigned(owner="staff/44", role="role/other-house", next=elsewhere), 70)
    await scene.hear(log)
    await until(theirs, b"referral/61")  # it is not theirs any more, and has to vanish from their lists
    called = {"by": "staff/44", "channel": "telephone", "outcome": "reached", "contacted_at": at(71)}
    log.say("placement/61", assignment.PlacementContactLogged(**called, next=elsewhere), 71)
    await scene.hear(log)
    await until(everything, b"referral/61")
    await scene.hear(whole(Log(), 63))
    assert b"referral/61" not in await until(theirs, b"referral/63")
    await theirs.aclose()
    await everything.aclose()


async def test_a_page_hears_of_what_changed_between_its_making_and_its_listening(scene, live):
    since = int(scene.clock.wall().timestamp() * 1000)
    await scene.hear(whole(Log(), 64))
    route = next(route for route in scene.worklist.routes if route.path == "/v1/live")
    headers = [(b"authorization", f"Bearer {scene.token(LEAD)}".encode())]
    asked = {"type": "http", "method": "GET", "path": "/v1/live", "headers": headers, "query_string": b"since=%d" % since, "state": {}}
    frames = (await route.endpoint(Request(asked))).body_iterator
    assert b"referral/64" in await anext(frames)
    await frames.aclose()


async def test_what_is_told_live_is_what_the_lists_hold(scene):
    """One scope, asked of a document and asked of the database: for every item the same."""
    for whose in (None, concerned(PROGRAM), frozenset({"program/1"}), frozenset({"example-hospital"}), frozenset()):
        asked = questions.Question("all", {"open": True}, ("_id",)).within(whose)
        listed = {one["_id"] for one in (await questions.ask(scene.board, asked, limit=200)).items}
        every = (await questions.ask(scene.board, questions.Question("all", {"open": True}, ("_id",)), limit=200)).items
        assert listed == {one["_id"] for one in every if concerns(whose, one.get("concerns", ()))}
