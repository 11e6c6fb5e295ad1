"""Somebody outside a person's care opens them in an emergency: seen for an hour, done nothing by it, written down, reviewed."""

import re
from datetime import timedelta

import httpx2
import pytest

from contracts.emergency_access import AccessOpened, AccessReviewed
from contracts.kernel import Next, Personal
from infra.identity import Principal
from infra.sealing import seal
from services.worklist import opening
from services.worklist.relay import Answered
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at

PAT = Principal("staff/72", frozenset({"mobile-team"}))
OTHER = Principal("staff/73", frozenset({"mobile-team"}))
SUPERVISOR = Principal("staff/21", frozenset({"supervisor"}))
AUDITOR = Principal("staff/90", frozenset({"auditor"}))
PARTNER = Principal("staff/91", frozenset({"partner"}), frozenset({"riverbend"}))
ITEM, RECORD, NOW = "referral/3", "record/3", 300


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def shown(scene: Scene, principal: Principal, path: str = f"/items/{ITEM}", **form: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {scene.token(principal)}", "accept": "text/html"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(scene.app), base_url="http://board.example", headers=headers) as who:
        return await (who.post(path, data=form) if form else who.get(path))


async def opened(
    scene: Scene, by: Principal = PAT, protected: bool = True, log: Log | None = None, words: str = "found at Oak Street",
    record: str = RECORD, minutes: float = NOW,
) -> None:  # fmt: skip
    """As intake says it."""
    key = (await scene.vault.keys([record], create=True))[record]
    said = AccessOpened(
        record=record, by=by.id, ground="medical-emergency" if protected else "danger-to-life", words=Personal(words),
        protected=protected, opened_at=at(minutes), until=at(minutes + 60),
        next=Next(owner="role/supervisor", action="review-access", due=at(NOW + 1440), rule="review-access@1", allowed=("review-access",)),
    )  # fmt: skip
    heard = (log or Log()).say(f"access/{record[7:]}", seal(said, record, key), minutes, "intake-events")
    await scene.hear(Log(heard=[heard]))


async def reviewed(scene: Scene, log: Log, minutes: float, finding: str = "justified", record: str = RECORD) -> None:
    """By a supervisor, as intake says it."""
    said = AccessReviewed(record=record, by=SUPERVISOR.id, finding=finding, next=Next(owner="role/supervisor", action="none"))
    await scene.hear(Log(heard=[log.say(f"access/{record[7:]}", said, minutes, "intake-events")]))


async def test_whoever_is_outside_is_refused_and_led_to_where_they_say_why(scene):
    for path in (f"/items/{ITEM}", "/items/referral/none"):
        refused = await shown(scene, PAT, path)
        assert refused.status_code == 403 and f"/emergency/{path[7:]}" in refused.text
    assert "/emergency/" not in (await shown(scene, PARTNER)).text
    asked = await shown(scene, PAT, f"/emergency/{ITEM}")
    assert asked.status_code == 200 and "Medical emergency" in asked.text and "Élodie" not in asked.text


async def test_what_is_said_goes_to_intake_of_the_persons_record(scene):
    scene.worklist_owners_answer(Answered(True))
    form = {"ground": "medical-emergency", "words": "found at Oak Street", "key": "k" * 20}
    sent = await shown(scene, PAT, f"/emergency/{ITEM}", **form)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/items/{ITEM}")
    assert (await shown(scene, PAT, "/emergency/referral/none", **form)).status_code == 404
    service, path, body, _ = scene.given[-1]
    assert (service, path) == ("intake", "/v1/records/3/open-in-emergency") and body == {"ground": form["ground"], "words": form["words"]}


async def test_it_is_seen_for_an_hour_loudly_by_that_person_alone_and_nothing_is_done_by_it(scene):
    await opened(scene)
    page = await shown(scene, PAT)
    assert page.status_code == 200 and "Élodie Sampleford" in page.text and "Opened in an emergency, until" in page.text
    assert "/do/" not in page.text and 0 < int(page.headers["refresh"]) <= 3601
    assert (await shown(scene, PAT, f"/people/{RECORD}")).status_code == 200
    assert (await shown(scene, PAT, f"/do/log-contact/{ITEM}")).status_code == 403
    for principal, path in ((OTHER, f"/items/{ITEM}"), (PAT, "/items/referral/2")):
        assert (await shown(scene, principal, path)).status_code == 403
    scene.clock.advance(timedelta(minutes=61))
    assert (await shown(scene, PAT)).status_code == 403


async def test_what_part_2_protects_opens_to_a_medical_emergency_alone(scene):
    scene.board.stored[ITEM]["sensitivity"] = "part2"
    log = Log()
    await opened(scene, protected=False, log=log)
    assert (await shown(scene, PAT)).status_code == 403
    await opened(scene, OTHER, log=log)
    assert (await shown(scene, OTHER)).status_code == 200


async def test_it_is_written_down_as_an_emergency_and_waits_for_a_supervisor(scene):
    await opened(scene)
    await shown(scene, PAT)
    said = [one for one in scene.book.said if one["reader"] == PAT.id][-1]
    assert (said["purpose"], said["records"], said["whole"]) == ("emergency", [RECORD], True)
    listed = await shown(scene, SUPERVISOR, "/emergencies")
    assert listed.status_code == 200 and "/items/access/3" in listed.text
    case = await shown(scene, SUPERVISOR, "/items/access/3")
    assert "/do/review-access/access/3" in case.text and "outside the care" in case.text
    assert "found at Oak Street" in case.text and "Medical emergency · with Part 2" in case.text
    auditor = await shown(scene, AUDITOR, "/items/access/3")
    assert auditor.status_code == 200 and "found at Oak Street" not in auditor.text


async def test_why_somebody_opened_a_person_is_for_whoever_reviews_it_alone(scene):
    log = Log()
    await opened(scene, log=log)
    await opened(scene, OTHER, log=log, words="shouts in the yard")
    for who, path in ((PAT, "/items/access/3"), (OTHER, "/items/access/3"), (PAT, "/v1/items/access/3/timeline")):
        assert (await shown(scene, who, path)).status_code == 403, "what others opened is no part of the person's care"
    assert "access/3" not in (await shown(scene, PAT, f"/people/{RECORD}")).text
    coordinator = await shown(scene, Principal("staff/12", frozenset({"coordinator"})), "/items/access/3")
    assert coordinator.status_code == 200 and "Who opened it" not in coordinator.text
    for words in ("found at Oak Street", "shouts in the yard"):
        assert words not in coordinator.text and words in (await shown(scene, SUPERVISOR, "/items/access/3")).text


async def test_what_was_reviewed_is_listed_with_who_opened_it_who_reviewed_it_and_what_they_found(scene):
    log = Log()
    await opened(scene, log=log, minutes=100)
    assert "Nothing was reviewed yet." in (await shown(scene, SUPERVISOR, "/emergencies?tab=reviewed")).text
    await reviewed(scene, log, 130, "not-justified")
    assert "Nothing waits to be reviewed." in (await shown(scene, SUPERVISOR, "/emergencies")).text
    page = (await shown(scene, SUPERVISOR, "/emergencies?tab=reviewed")).text.split('id="list-name"')[1]
    assert "É. S." in page and "Staff 72" in page and "Medical emergency · with Part 2" in page and "13:40" in page
    assert "Staff 21" in page and "14:10" in page and "Not justified" in page and "Oak Street" not in page
    await opened(scene, OTHER, log=log, minutes=140)
    page = (await shown(scene, SUPERVISOR, "/emergencies?tab=reviewed")).text.split('id="list-name"')[1]
    assert "opened again since" in page and "Staff 73" not in page
    await reviewed(scene, log, 150)
    auditor = (await shown(scene, AUDITOR, "/emergencies?tab=reviewed")).text.split('id="list-name"')[1]
    assert "Staff 73" in auditor and "Staff 72" not in auditor and "Justified" in auditor and "É. S." not in auditor


async def test_what_was_reviewed_last_comes_first_a_page_at_a_time(scene, monkeypatch):
    monkeypatch.setattr(opening, "PAGE_ROWS", 2)
    log = Log()
    for n in (1, 2, 3):
        await opened(scene, log=log, record=f"record/{n}", minutes=10 * n)
        await reviewed(scene, log, 100 + n, record=f"record/{n}")
    first = (await shown(scene, SUPERVISOR, "/emergencies?tab=reviewed")).text
    assert re.findall(r'<tr id="row-access-(\d)"', first) == ["3", "2"] and ">3</span>" in first
    (further,) = re.findall(r'href="(/emergencies[^"]+)" rel="next"', first)
    second = (await shown(scene, SUPERVISOR, further.replace("&amp;", "&"))).text
    assert re.findall(r'<tr id="row-access-(\d)"', second) == ["1"] and 'rel="next"' not in second and "To the beginning" in second
