"""What people read: a sentence for every fact, no identifier in it."""

import re
from datetime import timedelta

import pytest

from contracts import catalogue
from contracts.samples import saved
from services.worklist import sentences, words
from tests.worklist.stories import NOON

SPOKEN = sorted({event for topic in catalogue.TOPICS for event in topic.events}, key=lambda event: event.type)


@pytest.mark.parametrize("event", SPOKEN, ids=lambda event: event.type)
def test_every_fact_has_a_sentence_without_an_identifier(event):
    import json

    assert event in sentences.SENTENCES
    for path in saved(event.type):
        told = sentences.sentence(event.type, event.model_validate(json.loads(path.read_text())["data"]))
        assert not re.search(r"[0-9a-f]{8}-|/|sealed|TL-", told), told
        assert told[0].isupper() and not told.endswith(".")


def test_a_fact_of_a_newer_build_is_told_by_its_own_name():
    assert sentences.sentence("placement.looked-at-again.v2", None) == "Placement looked at again"


@pytest.mark.parametrize(
    ("minutes", "told"), [(-1, "late by 1 min"), (-150, "late by 2 h"), (45, "in 45 min"), (60 * 72, "in 3 days"), (None, "no deadline")]
)
def test_a_deadline_is_told_in_words(minutes, told):
    assert words.due(None if minutes is None else NOON + timedelta(minutes=minutes), NOON) == told


def test_owners_are_told_by_role_or_listed_name():
    assert words.who("role/intake-desk") == "Intake desk"
    assert words.who("desk/4", {"desk/4": "Example House"}) == "Example House"
    assert words.who("staff/7") == "Staff 7"


def test_whoever_something_waits_on_is_told_by_name_one_or_many():
    names = {"desk/oak": "Oak House", "desk/elm": "Elm House", "desk/ash": "Ash House"}
    assert words.whom((), names) == "" and words.whom(("desk/oak",), names) == "Oak House"
    assert words.whom(("desk/oak", "desk/elm", "desk/ash"), names) == "Oak House, Elm House and Ash House"
    assert words.whom(("payer/county-works",)) == "County works"
