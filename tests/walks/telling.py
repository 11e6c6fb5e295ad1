"""The walks in the order in which they are told, and the page that they are told on."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.walks import friday_discharge, misdirected, one_crisis, one_referral, quiet_dropout, residential_authorization
from tests.walks.story import Story
from tests.walks.world import World

WALKS: Mapping[str, Callable[[World], Story]] = {
    one.__name__.rpartition(".")[2]: one.walk
    for one in (one_referral, misdirected, one_crisis, friday_discharge, residential_authorization, quiet_dropout)
}
PAGE = Path(__file__).parents[2] / "docs" / "walks.md"
HEAD = """# Walks

Lives of invented people through the running product, as the product itself tells them: `make walks` walks them on a real broker, a real
database and every service, and writes this page. Partners act through their own topics, people through the commands that the console
sends. What happened, who was told, and who owes what by when are the board's own answers; the walks check each of them.
"""


def page(stories: list[Story]) -> str:
    return "\n".join((HEAD, *(story.text for story in stories)))
