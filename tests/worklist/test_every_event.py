"""Whatever the services say, the worklist can tell it: every saved example of every event it hears, alone and beside the others."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import samples
from contracts.kernel import kind_of
from services.worklist.app import HEARS
from services.worklist.follow import Reader
from services.worklist.items import applied, document
from services.worklist.projections import Heard, changes
from tests.worklist.stories import TOPIC_OF

READER = Reader(HEARS)
EXAMPLES = [path for kind in sorted(HEARS) for path in samples.saved(kind)]


def heard(path: Path, sequence: int = 1, suffix: str = "1") -> Heard:
    """An example as its service would say it of an aggregate."""
    said = json.loads(path.read_text("utf-8"))
    data, readable = READER.data(said["type"], json.dumps(said["data"]).encode())
    assert readable and data is not None
    moment = datetime.fromisoformat(said["time"])
    subject = f"{kind_of(said['subject'])}/{suffix}"
    return Heard(TOPIC_OF[said["type"]], 0, sequence, said["type"], subject, sequence, f"{subject}/{sequence}", moment, moment, data=data)


def test_every_event_that_is_heard_has_an_example():
    assert {path.parent.name for path in EXAMPLES} == set(HEARS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_example_can_be_told(path):
    for change in changes(heard(path)):
        sections, fresh, _ = applied({}, [change])
        item = document(change.item, sections, 1)
        assert item["sections"] and fresh[change.id]["what"]


BY_ITEM = defaultdict(list)
for example in EXAMPLES:
    BY_ITEM[changes(heard(example))[0].item].append(example)


@pytest.mark.parametrize("item", sorted(BY_ITEM))
@settings(max_examples=60)
@given(dice=st.randoms(use_true_random=False))
def test_events_of_one_item_can_be_told_in_any_order(item, dice):
    """No order that a service means; but none may stop who only listens."""
    told = dice.sample(BY_ITEM[item], len(BY_ITEM[item]))
    sections = {}
    for sequence, path in enumerate(told, 1):
        for change in changes(heard(path, sequence)):
            if change.item == item:
                sections, _, _ = applied(sections, [change])
                assert document(item, sections, sequence)["kind"] == kind_of(item)
