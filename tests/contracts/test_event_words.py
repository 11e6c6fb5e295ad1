"""How an event is named, explained and placed."""

import inspect
import re
from collections import Counter
from typing import ClassVar

import pytest

from contracts import answers, catalogue, feeds, members, partners, shapes, shift_ends, upkeep
from contracts.attributes import WIRE_TYPE
from contracts.kernel import Event

EVENTS = [model for model in shapes.models() if issubclass(model, Event) and model.type]


def families() -> Counter[type[Event]]:
    """How often each event is in a topic family. What several services say, of keeping and of feeds, is one family."""
    keeping = (*upkeep.EVENTS, *members.EVENTS, *shift_ends.EVENTS, *feeds.TOLD)
    own = [event for topic in catalogue.TOPICS for event in topic.events if event not in keeping]
    return Counter([*own, *keeping, *partners.INBOUND, *answers.OUTBOUND])


def flaws(event: type[Event]) -> list[str]:
    """What is wrong with an event's words."""
    first = inspect.cleandoc(event.__doc__ or "").split("\n")[0]
    rules = {
        "its wire type is not <subject>.<past>.vN": re.fullmatch(WIRE_TYPE, event.type),
        "it has no sentence of its own that says what happened": re.fullmatch(r"[A-Z`].{10,}\.", first),
        "its name ends in Event": not event.__name__.endswith("Event"),
    }
    return [flaw for flaw, holds in rules.items() if not holds]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_is_named_and_explained(event):
    assert flaws(event) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_is_in_exactly_one_topic_family(event):
    assert families()[event] == 1


def test_no_two_events_share_a_wire_type_and_no_two_models_a_name():
    assert [name for name, times in Counter(event.type for event in EVENTS).items() if times > 1] == []
    assert [name for name, times in Counter(model.__name__ for model in shapes.models()).items() if times > 1] == []


def test_topics_have_kebab_names_without_version_and_known_owners_and_listeners():
    for topic in catalogue.TOPICS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*-events", topic.name)
        assert {topic.owner, *topic.listeners} <= {*catalogue.SERVICES, "*"}
        assert topic.owner not in topic.listeners


def test_the_catalogue_knows_every_event():
    assert set(EVENTS) == set(catalogue.event_types().values())


def test_flaws_are_seen():
    class RequestLostEvent(Event):
        type: ClassVar = "RequestLost"

    assert len(flaws(RequestLostEvent)) == 3
    assert families()[RequestLostEvent] == 0
