"""How long a level of a ladder waits, who is on its rungs, how long a channel may try: rules as data (`rules.yaml`)."""

from datetime import datetime, timedelta

from contracts.alerts import Purpose, Severity
from infra.rules import Clock, book_of

RULES = book_of(__package__ or "services.notification")
ROUNDS_MAX = 3
"""How often a ladder is climbed from its lowest rung before it has no end left."""
LOOK_AGAIN_MAX = timedelta(hours=1)
"""How long at most nobody looks whether somebody has come on duty."""


def ladder(severity: Severity, purpose: Purpose, now: datetime) -> Clock:
    """One level of a ladder from now on; its rule names the rungs of what no other rule has a ladder for."""
    return RULES.clock(purpose, now, now=now, severity=severity)


def nobody(severity: Severity, now: datetime) -> datetime:
    """When to look again whether somebody is on duty."""
    return RULES.clock("nobody-on-duty", now, now=now, severity=severity).due_at


def channel(severity: Severity, now: datetime) -> datetime:
    """Until when a channel may try before the next one is."""
    return RULES.clock("channel", now, now=now, severity=severity).due_at
