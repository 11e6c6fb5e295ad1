"""The walks hold on the running product, and what they tell can be read aloud: no identifier in it, and no code."""

from collections.abc import Iterator

import pytest

from contracts.catalogue import event_types
from deploy.clocks import books
from services.worklist.forms import FORMS
from tests.walks.story import codes_in
from tests.walks.telling import PAGE, WALKS
from tests.walks.world import World, world

SPOKEN_ALIKE = {"no-show"}
OURS = {rule.rule for _, book in books(None) for rule in book.rules} | {form.command for forms in FORMS.values() for form in forms}
CODES = sorted(code for code in (OURS | event_types().keys()) - SPOKEN_ALIKE if "-" in code or "." in code)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("walks")) as found:
        yield found


@pytest.mark.engines
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WALKS)
def test_it_can_be_walked_and_read_aloud(here: World, name: str) -> None:
    story = WALKS[name](here)
    assert list(codes_in(story.text, CODES)) == []
    assert f"## {story.title}\n\n{story.about}\n" in PAGE.read_text("utf-8"), "run: make walks"


def test_the_page_can_be_read_aloud() -> None:
    stories = PAGE.read_text("utf-8").partition("\n## ")[2]
    assert stories.count("\n## ") + 1 == len(WALKS)
    assert list(codes_in(stories, CODES)) == []


@pytest.mark.parametrize(
    "told",
    [
        "Next: 01J9ZQ3V8WXY7M2K4T6R5P0QAB must act", "See request/nSeqz8s45", "It was refused with TL-5103", "request.received.v1 came",
        "Next: wait_for_information", "Overdue: reach-after-discharge", "It was answered 409", "0190f6ae-7c1d-7e70 is late",
        "a visit 2026-04-13T14:00:00+00:00",
    ],
)  # fmt: skip
def test_what_nobody_reads_aloud_is_found(told: str) -> None:
    assert list(codes_in(f"- **Monday 2 March, 08:30.** {told}, in 20 h.", CODES))


def test_what_can_be_read_aloud_is_let_be() -> None:
    told = "- **Monday 2 March, 08:30.** Lakeside Primary Care is told: a machine has it. Next: Robin must reach the follow-up, in 20 h."
    assert list(codes_in(told, CODES)) == []
