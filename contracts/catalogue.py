"""Who speaks and who listens: every topic with its owner, listeners, key, partitions, retention and events.

Topics, access rules, AsyncAPI, JSON Schemas and the README's map are generated from here; tests compare code to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from contracts import (
    absences,
    agreements,
    alerts,
    answers,
    appointments,
    assignment,
    authorization,
    authorization_lines,
    barriers,
    care_team,
    consents,
    crisis_intake,
    crisis_routing,
    emergency_access,
    endings,
    feeds,
    follow_up,
    intake,
    kernel,
    members,
    needs,
    notices,
    partners,
    payers,
    plans,
    readings,
    recipients,
    risk_flags,
    rosters,
    shift_ends,
    stays,
    transitions,
    upkeep,
    views,
    visits,
)

SERVICES = ("intake", "assignment", "authorization", "crisis_routing", "follow_up", "notification", "worklist")
PARTITIONS = 24
"""Of every `*-events` topic, for ever and everywhere: keys must keep their partition."""
CRISIS_INTAKE = "crisis-intake-events"
"""People in crisis: what intake says of them has a topic of its own, which has a stream of its own wherever it is heard."""
DAY_MS = 86_400_000
FOR_EVER = -1
SIX_YEARS_MS = 2_192 * DAY_MS
"""As long as 45 CFR 164.316(b)(2)(i) has documentation kept: accounts of reading, and nothing of what happened to people."""


@dataclass(frozen=True)
class Topic:
    """One topic. `key` says in words what its records are keyed by; `config` is Kafka's own topic configuration."""

    name: str
    owner: str
    listeners: tuple[str, ...]
    key: str
    events: tuple[type[kernel.Event], ...] = ()
    partitions: int = PARTITIONS
    retention_ms: int = FOR_EVER
    config: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def topic_of(service: str) -> str:
    """A service's own topic: `crisis_routing` speaks on `crisis-routing-events`."""
    return f"{service.replace('_', '-')}-events"


def _own(service: str, *listeners: str, name: str = "", events: tuple[type[kernel.Event], ...] = ()) -> Topic:
    return Topic(name or topic_of(service), service, listeners, "aggregate id", (*events, *upkeep.EVENTS))


PLACING = (*assignment.EVENTS, *care_team.EVENTS, *absences.EVENTS, *shift_ends.EVENTS)
TELLING = (*alerts.EVENTS, *notices.EVENTS, *recipients.EVENTS, *rosters.EVENTS)
FRONT_DOOR = (
    *intake.EVENTS, *agreements.EVENTS, *needs.EVENTS, *endings.EVENTS, *consents.EVENTS, *emergency_access.EVENTS, *stays.EVENTS,
    *visits.EVENTS, *views.EVENTS, *feeds.OF_PARTNERS, *barriers.EVENTS, *risk_flags.EVENTS,
)  # fmt: skip
CARE = (
    *members.EVENTS, *follow_up.EVENTS, *plans.EVENTS, *transitions.EVENTS, *appointments.EVENTS, *feeds.OF_PROGRAMS,
)  # fmt: skip
TOPICS = (
    _own("intake", "assignment", "authorization", "crisis_routing", "follow_up", "notification", "worklist", events=FRONT_DOOR),
    _own("intake", "crisis_routing", "notification", "worklist", name=CRISIS_INTAKE, events=crisis_intake.EVENTS),
    _own("assignment", "intake", "authorization", "crisis_routing", "follow_up", "notification", "worklist", events=PLACING),
    _own(
        "authorization",
        "intake",
        "follow_up",
        "notification",
        "worklist",
        events=(*members.EVENTS, *payers.EVENTS, *authorization.EVENTS, *authorization_lines.EVENTS),
    ),
    _own("crisis_routing", "follow_up", "notification", "worklist", events=(*shift_ends.EVENTS, *crisis_routing.EVENTS)),
    _own("follow_up", "intake", "assignment", "authorization", "crisis_routing", "notification", "worklist", events=CARE),
    _own("notification", "assignment", "crisis_routing", "worklist", events=TELLING),
    Topic("audit-events", "*", ("worklist",), "the account that was kept", readings.EVENTS, retention_ms=SIX_YEARS_MS),
)
"""`audit-events` has no single owner: every service may write it."""

INBOUND_CONFIG = MappingProxyType(
    {"max.message.bytes": str(256 << 10), "compression.type": "uncompressed", "message.timestamp.type": "LogAppendTime"}
)
"""Small, so that one record cannot fill a consumer; uncompressed, so that the broker refuses a bomb; our time, not the sender's."""

PARTNER_IN, PARTNER_OUT = "partner-in-", "partner-out-"


def partner_in(partner: str) -> Topic:
    """Where a partner publishes. Its name is its identity: nothing inside a record can claim another."""
    return Topic(
        PARTNER_IN + partner, f"partner-{partner}", ("intake",), "the partner's choice", partners.INBOUND, 1, 14 * DAY_MS, INBOUND_CONFIG
    )


def partner_out(partner: str) -> Topic:
    """What a partner is told; intake alone writes it."""
    return Topic(PARTNER_OUT + partner, "intake", (f"partner-{partner}",), "the partner's own reference", answers.OUTBOUND, 1, 30 * DAY_MS)


def heard_by(service: str) -> tuple[Topic, ...]:
    return tuple(topic for topic in TOPICS if service in topic.listeners)


def event_types() -> dict[str, type[kernel.Event]]:
    """Every event we know, by wire type."""
    every: list[type[kernel.Event]] = [event for topic in TOPICS for event in topic.events]
    every += [*partners.INBOUND, *answers.OUTBOUND]
    return {event.type: event for event in every}


def partitions_of(topic: str) -> int:
    """How many partitions a topic has, for ever."""
    return 1 if topic.startswith((PARTNER_IN, PARTNER_OUT)) else PARTITIONS
