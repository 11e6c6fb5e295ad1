"""What a service's code hears and says is what the catalogue says of it."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from contracts import assignment, catalogue, intake, upkeep
from contracts.catalogue import Topic

ROOT = Path(__file__).parents[2]
WRITTEN = [service for service in catalogue.SERVICES if (ROOT / "services" / service / "app.py").exists()]
DECIDING = [service for service in WRITTEN if service != "worklist"]
"""The worklist only listens."""


def deaf(service: str, hears: Mapping[str, Any]) -> list[str]:
    """Where the code and the catalogue disagree about what a service hears."""
    topics, known = catalogue.heard_by(service), catalogue.event_types()
    reachable = {event.type for topic in topics for event in topic.events}
    strange = [f"{service} hears {heard}, which is on no topic it listens to" for heard in hears if heard not in reachable]
    other = [
        f"{service} hears {heard} as another class than the catalogue's" for heard, as_ in hears.items() if known.get(heard, as_) is not as_
    ]
    silent = [topic.name for topic in topics if (said := own_words(topic)) and said.isdisjoint(hears)]
    return strange + other + [f"{service} listens to {name} and handles nothing of it" for name in silent]


def without_door(service: str, outside: str, door: object) -> list[str]:
    """Where a service that partners write to does not open, or another one does."""
    if service in catalogue.partner_in("any").listeners:
        return [] if outside == catalogue.PARTNER_IN and door else [f"{service} has no door for {catalogue.PARTNER_IN}*"]
    return [f"{service} opens to {outside}*, which is not its to hear"] if outside else []


def own_words(topic: Topic) -> set[str]:
    """What a topic says beyond what every topic says."""
    return {event.type for event in topic.events if event not in upkeep.EVENTS}


@pytest.mark.parametrize("service", WRITTEN)
def test_every_topic_a_service_listens_to_has_a_handler(service):
    app = import_module(f"services.{service}.app")
    assert deaf(service, app.SERVICE.hears if service in DECIDING else app.HEARS) == []


@pytest.mark.parametrize("service", DECIDING)
def test_partners_are_heard_at_the_front_door_alone(service):
    spoken = import_module(f"services.{service}.app").SERVICE
    assert without_door(service, spoken.outside, spoken.door) == []


@pytest.mark.parametrize("service", DECIDING)
def test_a_service_says_what_is_on_its_topic(service):
    spoken = import_module(f"services.{service}.app").SERVICE
    own = {event.type for topic in catalogue.TOPICS if topic.owner == service for event in topic.events}
    assert spoken.topic == catalogue.topic_of(service)
    assert {said for said in spoken.says if said not in own} == set()


def test_disagreements_are_found():
    withdrawn, accepted = intake.RequestWithdrawn, assignment.PlacementAccepted
    heard = import_module("services.intake.app").SERVICE.hears
    assert deaf("intake", heard) == []
    assert deaf("intake", {**heard, withdrawn.type: withdrawn}) == ["intake hears request.withdrawn.v1, which is on no topic it listens to"]
    assert deaf("intake", {**heard, accepted.type: withdrawn}) == [
        "intake hears placement.accepted.v1 as another class than the catalogue's"
    ]
    assert "intake listens to assignment-events and handles nothing of it" in deaf("intake", {})


def test_a_door_in_the_wrong_place_is_found():
    assert without_door("intake", catalogue.PARTNER_IN, without_door) == []
    assert without_door("intake", "", None) == ["intake has no door for partner-in-*"]
    assert without_door("worklist", catalogue.PARTNER_IN, None) == ["worklist opens to partner-in-*, which is not its to hear"]
