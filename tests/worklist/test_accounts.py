"""The accounts of reading: who was shown what is written down before it is shown, by reference alone, once a view."""

import asyncio
from datetime import timedelta

import pytest

from contracts.kernel import Personal
from contracts.partners import PersonDetails
from infra.audit import findings
from infra.due import DueLoop
from infra.identity import Principal
from infra.replay import Replayer
from infra.sealing import seal
from infra.store import Unavailable
from services.worklist import accounts
from services.worklist.readings import Readings
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, opened, received
from tests.worklist.test_console import AUDITOR, ELSEWHERE, ROBIN, browser

NETWORK_LEAD = Principal("staff/50", frozenset({"network-lead"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def test_a_list_a_case_and_a_person_are_each_written_down_with_who_and_what_and_no_value(scene):
    async with browser(scene) as robin:
        await robin.get("/pending?urgency=urgent&tab=all")
        await robin.get("/items/referral/8?purpose=treatment")
        await robin.get((await robin.post("/search", data={"q": "Ottilie"})).headers["location"])
    pending, case, _, search = scene.book.said
    assert pending["type"] == "reading.recorded.v1" and pending["page"] == "/pending" and pending["filters"] == ["tab", "urgency"]
    assert (pending["reader"], pending["roles"], pending["purpose"], pending["whole"]) == (ROBIN.id, ["coordinator"], "coordination", False)
    assert pending["records"] == ["record/1", "record/3", "record/8"] and "item" not in pending
    assert (case["page"], case["item"], case["purpose"], case["whole"]) == ("/items/{id:path}", "referral/8", "treatment", True)
    assert case["records"] == ["record/8"] and search["filters"] == ["name", "number"]
    assert all(b"Ottilie" not in row.data and b"Mira" not in row.data and b"urgent" not in row.data for row in scene.book.rows)


async def test_an_export_is_written_down_with_the_number_of_its_rows(scene):
    async with browser(scene) as robin:
        await robin.get("/pending/export")
        await robin.post("/pending/export?tab=all")
    asked, taken = scene.book.said
    assert asked["type"] == "reading.recorded.v1" and asked["records"] == []
    assert (taken["type"], taken["rows"], taken["page"]) == ("reading.exported.v1", 6, "/pending/export") and len(taken["records"]) == 5


async def test_a_refusal_is_written_down_and_what_names_nothing_is_not_repeated(scene):
    async with browser(scene, ELSEWHERE) as other:
        for path in ("/items/referral/1", "/items/referral/Ottilie", "/v1/gaps"):
            assert (await other.get(path)).status_code == 403
    said = scene.book.said
    assert [(one["type"], one["reader"], one["action"], one.get("item")) for one in said] == [
        ("reading.refused.v1", ELSEWHERE.id, "see-item", "referral/1"),
        ("reading.refused.v1", ELSEWHERE.id, "see-item", None),
        ("reading.refused.v1", ELSEWHERE.id, "see-gaps", None),
    ]


async def test_a_page_that_refreshes_itself_is_one_reading_until_it_shows_somebody_new(scene):
    async with browser(scene) as robin:
        await robin.get("/pending")
        refresh = {"hx-request": "true"}
        for _ in range(3):
            await robin.get("/pending", headers=refresh)
        assert len(scene.book.said) == 1
        log = Log()
        key = (await scene.vault.keys(["record/77"], create=True))["record/77"]
        log.say("record/77", opened("record/77", seal(PersonDetails(given_name=Personal("Zoe")), "record/77", key)))
        log.say("request/77", received(77), 1)
        await scene.hear(log)
        await robin.get("/pending", headers=refresh)
        await robin.get("/pending", headers=refresh)
        assert len(scene.book.said) == 2 and "record/77" in scene.book.said[1]["records"]
        await robin.get("/pending")
        assert len(scene.book.said) == 3


async def test_a_view_that_is_forgotten_for_want_of_room_is_written_down_again(scene, monkeypatch):
    monkeypatch.setattr(accounts, "VIEWS_MAX", 2)
    async with browser(scene) as robin:
        for path in ("/pending", "/overdue", "/pending", "/next-steps", "/pending", "/overdue"):
            await robin.get(path, headers={"hx-request": "true"})
    assert [one["page"] for one in scene.book.said] == ["/pending", "/overdue", "/next-steps", "/pending", "/overdue"]


async def test_who_cannot_be_written_down_is_shown_nothing_and_is_written_down_once_when_it_can_be(scene, monkeypatch):
    monkeypatch.setattr(accounts, "WAIT_AT_MOST_S", 0.1)
    monkeypatch.setattr(accounts, "AGAIN_S", 0.01)
    real, away = scene.book.settler.store.commit, asyncio.Event()

    async def commit(changes):
        if not away.is_set():
            raise Unavailable
        await real(changes)

    monkeypatch.setattr(scene.book.settler.store, "commit", commit)
    async with browser(scene) as robin:
        answer = await robin.get("/items/referral/8")
        assert answer.status_code == 503 and "Mira" not in answer.text and scene.book.said == []
        away.set()
        monkeypatch.setattr(accounts, "WAIT_AT_MOST_S", 60)
        await robin.get("/overdue")
    assert [one["page"] for one in scene.book.said] == ["/items/{id:path}", "/overdue"]


async def test_the_book_is_the_fold_of_its_facts_without_a_gap_and_reaches_the_topic_without_its_reader(scene):
    async with browser(scene) as robin:
        await asyncio.gather(*(robin.get(path) for path in ("/pending", "/overdue", "/crisis", "/items/referral/8", "/")))
    (row,) = scene.book.tables.aggregates.values()
    assert findings(accounts.SERVICE, row, scene.book.rows) == [] and row.seq == {accounts.TOPIC: 5}
    assert scene.book.topic.rows == []

    async def owned():
        return {row.part}

    settler = scene.book.settler
    scene.clock.advance(timedelta(seconds=1))
    await DueLoop(settler, Replayer(accounts.SERVICE, settler.store, settler.vault), scene.clock, owned).sweep()
    assert [one.sequence for one in scene.book.topic.rows] == [1, 2, 3, 4, 5]


async def test_an_auditor_finds_who_read_what_by_account_by_item_and_by_person(scene):
    async with browser(scene) as robin, browser(scene, ELSEWHERE) as other:
        await robin.get("/items/referral/8")
        scene.clock.advance(timedelta(minutes=1))
        await other.get("/items/referral/8")
    readings = Readings(scene.board)
    for _ in range(2):  # the topic may bring them again
        await readings.take(scene.book.records)
    async with browser(scene, AUDITOR) as auditor:
        for asked, found in (("", 2), ("?reader=staff/12", 1), ("?item=referral/8", 2), ("?record=record/8", 1), ("?record=record/1", 0)):
            answer = (await auditor.get(f"/v1/readings{asked}")).json()
            assert len(answer["readings"]) == found, asked
        newest = (await auditor.get("/v1/readings")).json()["readings"][0]
        assert (newest["what"], newest["reader"], newest["action"]) == ("refused", ELSEWHERE.id, "see-item")
        assert len((await auditor.get(f"/v1/readings?before={at(300).isoformat().replace('+', '%2B')}")).json()["readings"]) == 0
        page = (await auditor.get("/readings?item=referral/8")).text
        assert "Who read what" in page and "refused" in page and "Mira" not in page
    async with browser(scene, NETWORK_LEAD) as lead:
        assert (await lead.get("/readings")).status_code == 403
