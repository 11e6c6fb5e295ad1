"""What each side says of a referral stands apart on its page, and what differs is listed with who answers for it and since when."""

import httpx2
import pytest

from contracts.kernel import Next
from contracts.views import ViewReported, ViewsAgreed, ViewsDiffered, ViewsSettled
from infra.identity import Principal
from services.worklist.projections import patch
from services.worklist.sentences import sentence
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at
from tests.worklist.test_opening import shown

COORDINATOR = Principal("staff/31", frozenset({"coordinator"}))
CLINICIAN = Principal("staff/41", frozenset({"triage-clinician"}))
ITEM, VIEW, RECORD, NOW, LIST = "referral/3", "view/3", "record/3", 300, "/next-steps?tab=views-differ"
STEP = Next(owner="role/coordinator", action="settle-views", due=at(NOW + 2880), rule="settle-views@1", allowed=("settle-views",))
OURS = ViewReported(record=RECORD, side="ours", task_status="accepted", business_status="3.0", means=("accepted",), at=at(0))
THEIRS = ViewReported(
    record=RECORD, side="receiver", partner="lakeside", task_status="rejected", means=("over",), reason="no-capacity", at=at(60)
)
DIFFERED = ViewsDiffered(record=RECORD, sides=("receiver",), since=at(60), next=STEP)
DONE = Next(owner="role/coordinator", action="none")


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


@pytest.fixture
def log() -> Log:
    return Log()


async def said(scene: Scene, log: Log, *facts: object) -> None:
    """As intake says it."""
    await scene.hear(Log(heard=[log.say(VIEW, fact, NOW, "intake-events") for fact in facts]))  # type: ignore[arg-type]


async def page(scene: Scene, path: str, principal: Principal = COORDINATOR) -> httpx2.Response:
    found = await shown(scene, principal, path)
    assert found.status_code == 200
    return found


async def test_the_page_of_a_referral_shows_each_sides_word_in_words(scene, log):
    assert "Whoever has it says" not in (await page(scene, f"/items/{ITEM}")).text
    await said(scene, log, OURS, THEIRS)
    told = (await page(scene, f"/items/{ITEM}")).text
    assert "We say" in told and "Accepted, since" in told
    assert "Whoever has it says" in told and "Rejected, no capacity, since" in told and "Its sender says" not in told


async def test_what_differs_is_listed_with_its_owner_and_since_when_and_can_be_settled(scene, log):
    await said(scene, log, OURS, THEIRS)
    assert VIEW not in (await page(scene, LIST)).text, "they may come together yet"
    await said(scene, log, DIFFERED)
    listed = (await page(scene, LIST)).text
    assert f"/items/{VIEW}" in listed and "Coordinator" in listed and "Find out whose word stands" in listed
    assert "Whoever has it says: rejected, no capacity" in listed
    assert f"/do/settle-views/{VIEW}" in (await page(scene, f"/items/{VIEW}")).text
    assert "/do/settle-views" not in (await page(scene, f"/items/{VIEW}", CLINICIAN)).text


@pytest.mark.parametrize("fact", [
    ViewsAgreed(agreed_at=at(NOW), next=DONE),
    ViewsSettled(by="staff/31", stands="ours", finding="they-had-not-heard", settled_at=at(NOW), next=DONE),
])  # fmt: skip
async def test_it_is_off_the_list_once_they_agree_or_somebody_settled_it(scene, log, fact):
    await said(scene, log, OURS, THEIRS, DIFFERED, fact)
    assert VIEW not in (await page(scene, LIST)).text
    assert "Rejected, no capacity, since" in (await page(scene, f"/items/{ITEM}")).text, "each word stands as it was"


async def test_what_counts_no_more_is_not_shown(scene, log):
    await said(scene, log, OURS, THEIRS, ViewReported(record=RECORD, side="receiver", at=at(90)))
    assert "Whoever has it says" not in (await page(scene, f"/items/{ITEM}")).text


def test_no_code_is_told_where_a_word_can_stand(log):
    coded = THEIRS.model_copy(update={"task_status": "in-progress", "business_status": "5.1.2", "reason": None})
    assert sentence(coded.type, coded) == "Whoever has it says: in progress, a visit was missed"
    assert (
        patch(log.say(VIEW, ViewsSettled(by="a", stands="ours", finding="other", settled_at=at(0), next=DONE), 0, "intake-events"))["next"]
        is None
    )
