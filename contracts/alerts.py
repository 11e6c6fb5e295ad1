"""What notification says of alerts, one aggregate an item (`alert/placement/1`): what is late, who was called, what they did.

Three things are kept apart everywhere: a *reminder* (something will be late), a *call* for help (something is), and a *transfer*
(somebody is asked to take something over). Nothing here is about a person in care but references.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Change, Code

Severity = Literal["crisis", "urgent", "routine"]
Purpose = Literal["reminder", "call", "transfer"]


class AlertRaised(Change):
    """These people are to be told that something of this item is late, at risk or asked of them: one level of one ladder.

    `alert` derives from (item, rule, milestone, level): whoever notices it, and however often, it is this one. `told` may be empty:
    nobody is on duty behind any rung, and it is tried again at `climbs_at`, when also the next level follows if nobody acts.
    """

    type: ClassVar = "alert.raised.v1"
    alert: str
    item: str
    rule: str
    milestone: str
    level: int
    rung: str
    rungs: tuple[str, ...]
    severity: Severity
    purpose: Purpose
    cause: str
    owner: str | None = None
    waiting_on: str | None = None
    action: str | None = None
    step: str | None = None
    """The next step of the item that another one must take the place of; None where only what ends or takes it back counts."""
    due: AwareDatetime | None = None
    told: tuple[str, ...] = ()
    to_duty: bool = False
    """Whether they are told because they have the duty of a role: then an urgent alert passes their quiet hours."""
    raised_at: AwareDatetime
    climbs_at: AwareDatetime
    ladder: str | None = None
    """The rule (`name@version`) that gives each level its time."""
    record: str | None = None
    program: str | None = None
    organisation: str | None = None


class AlertPostponed(Change):
    """Still nobody is on duty behind any rung: it is looked for somebody again at `climbs_at`. No level is used up by waiting."""

    type: ClassVar = "alert.postponed.v1"
    alert: str
    item: str
    climbs_at: AwareDatetime


class AlertPassedOn(Change):
    """`left` is away; `to` is told in their place."""

    type: ClassVar = "alert.passed-on.v1"
    alert: str
    item: str
    left: str
    to: str


class AlertHeld(Change):
    """`person` is told of it later, together with other things; what they are told then is theirs (`recipient.held.v1`)."""

    type: ClassVar = "alert.held.v1"
    alert: str
    item: str
    person: str


class AlertAcknowledged(Change):
    """A person said that they have seen it. Nothing was done yet: the ladder waits for them once more, until `climbs_at`."""

    type: ClassVar = "alert.acknowledged.v1"
    alert: str
    item: str
    by: str
    climbs_at: AwareDatetime


class AlertActed(Change):
    """The item went on: whatever these alerts called for was done. `by` is the kind of fact that showed it, `actor` who acted."""

    type: ClassVar = "alert.acted.v1"
    alerts: tuple[str, ...]
    item: str
    by: str
    actor: str | None = None


class AlertAbandoned(Change):
    """Nobody acted at this level, or nobody could be told at it. The ladder goes on at `next_level`; None: it has no end left to climb."""

    type: ClassVar = "alert.abandoned.v1"
    alert: str
    item: str
    level: int
    reason: Code
    """`unanswered`, or `nobody-on-duty`."""
    next_level: int | None = None


class AlertStopped(Change):
    """A death was reported: nobody is reminded of this any more. Somebody is asked to verify the report, by an alert of its own."""

    type: ClassVar = "alert.stopped.v1"
    alerts: tuple[str, ...]
    item: str
    by: str


EVENTS = (AlertRaised, AlertPostponed, AlertPassedOn, AlertHeld, AlertAcknowledged, AlertActed, AlertAbandoned, AlertStopped)
