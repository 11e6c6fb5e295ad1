"""What notification says: who was told of what, when, on which channel, and what they did.

Three things are kept apart everywhere: a *reminder* (something will be late), a *call* for help (something is), and a *transfer*
(somebody is asked to take something over). Nothing here is about a person in care but references; a channel's address is sealed.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Change, Code, Model, Personal, Sealable
from contracts.partners import Text

Severity = Literal["crisis", "urgent", "routine"]
Purpose = Literal["reminder", "call", "transfer"]
Channel = Code
"""`email`, `inbox` (the fact itself, as the worklist shows it), or what an installation adds."""
DayTime = str
"""`HH:MM`, in the recipient's zone."""


class Entry(Model):
    """One alert as a notice names it. `alert` is the id made of what it means; `item` the aggregate it is about."""

    alert: str
    item: str
    rule: str
    milestone: str
    """What is said of it, without the instant: `overdue`, `unanswered`, …"""
    severity: Severity
    purpose: Purpose
    cause: str
    """Wire type of the fact that said so."""
    action: str | None = None
    due: AwareDatetime | None = None
    level: int = 0
    record: str | None = None
    """The record of the person it is about, where the fact named it: a reported death stops everything about them."""


class Subscription(Model):
    """Somebody wants to be told as well. A field that is absent narrows nothing; `severity` is the least grave they want."""

    subscriber: Code
    """A role (`role/…`), a desk or a person."""
    rule: Code | None = None
    program: Code | None = None
    organisation: Code | None = None
    owner: Code | None = None
    severity: Severity = "routine"


class Shift(Model):
    """Who has the duty of a role from then to then: while a role's shifts are listed, they alone say who is told for it."""

    role: Code
    person: Code
    starts_at: AwareDatetime
    ends_at: AwareDatetime


# — alerts: one aggregate an item (`alert/placement/1`)


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


class AlertPassedOn(Change):
    """`left` is away; `to` is told in their place."""

    type: ClassVar = "alert.passed-on.v1"
    alert: str
    item: str
    left: str
    to: str


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


# — notices: one aggregate a message to one person (`notice/<id>`)


class NoticeQueued(Change):
    """A message to one person, of one alert or of several (`digest`, `summary` after quiet hours or too many), waits for its channel.

    On the channel `inbox` this fact is the message. `channels` are tried in order, each until `give_up_at` at most.
    """

    type: ClassVar = "notice.queued.v1"
    to: str
    kind: Literal["alert", "digest", "summary"]
    entries: tuple[Entry, ...]
    severity: Severity
    channels: tuple[Channel, ...]
    domains: dict[Channel, Code] = {}
    """Of the addresses: what shares a mail server may wait for each other."""
    locale: Code = "en"
    zone: Code = "UTC"
    queued_at: AwareDatetime
    give_up_at: AwareDatetime


class NoticeAttempted(Change):
    """A process began to hand it to its channel; only the one that holds this `claim` does.

    Unless it says how that ended before `until`, nobody knows whether it was handed over, and it is handed over again under the
    same name.
    """

    type: ClassVar = "notice.attempted.v1"
    channel: Channel
    number: int
    claim: str
    until: AwareDatetime
    entries: tuple[str, ...]
    """Alerts in it: those that still stand."""


class NoticeSent(Change):
    """The channel took it. Whether it arrives is not known, whether anybody reads it is something else."""

    type: ClassVar = "notice.sent.v1"
    to: str
    channel: Channel
    code: Code | None = None


class NoticeDelivered(Change):
    """It is where its reader looks. Nobody has acknowledged it yet."""

    type: ClassVar = "notice.delivered.v1"
    to: str
    channel: Channel


class NoticeDeferred(Change):
    """Not now (`reason`: the server's reply code, `refused`, `timeout`, `dropped`, `unknown` after a crash); again at `again_at`."""

    type: ClassVar = "notice.deferred.v1"
    channel: Channel
    reason: Code
    again_at: AwareDatetime


class NoticeFailed(Change):
    """This channel will not carry it (a permanent reply, a bounce, or too late); `next_channel` is tried, None if there is none."""

    type: ClassVar = "notice.failed.v1"
    to: str
    channel: Channel
    reason: Code
    next_channel: Channel | None = None
    again_at: AwareDatetime | None = None
    give_up_at: AwareDatetime | None = None


class NoticeWithdrawn(Change):
    """Nothing in it stands any more (`acted`, `stopped`), so it is not handed over (again)."""

    type: ClassVar = "notice.withdrawn.v1"
    to: str
    reason: Code


# — recipients (`recipient/staff/7`), the roster (`roster/network`), people reported dead (`silence/<record>`)


class ContactPoint(Model):
    """Where somebody can be told. The address is theirs alone to see; its domain names the server that it shares with others."""

    channel: Channel
    address: Personal[Text]
    domain: Code
    mark: Code | None = None
    """Blind digest of channel and address: the same list again is no fact."""


class RecipientListed(Sealable):
    """Where this person can be told, in the order in which it is tried. It replaces what was listed before."""

    type: ClassVar = "recipient.listed.v1"
    contacts: tuple[ContactPoint, ...]
    home: Code = "UTC"
    """The zone they are in, unless they prefer another."""


class RecipientPreferred(Change):
    """How this person wants to be told. Crisis alerts, and urgent ones to whoever has the duty, pass the quiet hours."""

    type: ClassVar = "recipient.preferred.v1"
    locale: Code
    zone: Code | None = None
    quiet_from: DayTime | None = None
    quiet_until: DayTime | None = None
    digest_at: DayTime
    """When what is routine is told, all at once."""
    hourly_max: int
    """More than these within an hour are told as one summary; crisis alerts always pass."""


class RecipientAway(Change):
    """This person is away until then; `backup` is told in their place. `until` in the past: they are back."""

    type: ClassVar = "recipient.away.v1"
    until: AwareDatetime
    backup: str | None = None


class RecipientHeld(Change):
    """They will be told of this at `until`, together with what else is held: it is quiet, routine, or too much within an hour."""

    type: ClassVar = "recipient.held.v1"
    entry: Entry
    until: AwareDatetime
    why: Literal["quiet", "routine", "rate"]


class RecipientTold(Change):
    """A message to them was queued; what was held and is in it is held no longer."""

    type: ClassVar = "recipient.told.v1"
    notice: str
    told_at: AwareDatetime
    alerts: tuple[str, ...]


class RecipientBounced(Change):
    """An address does not take messages: the channel is passed over until it is listed anew. `notice` showed it."""

    type: ClassVar = "recipient.bounced.v1"
    channel: Channel
    notice: str


class RosterListed(Change):
    """Who is on duty behind which role or desk, as assignment's directory says; the first one is when this service began to tell."""

    type: ClassVar = "roster.listed.v1"
    staff: dict[str, tuple[str, ...]]
    began_at: AwareDatetime


class RosterSubscribed(Change):
    """Who wants to be told of what beside the owner. It replaces the list before it."""

    type: ClassVar = "roster.subscribed.v1"
    subscriptions: tuple[Subscription, ...]


class RosterShifted(Change):
    """Who has which duty when. It replaces the list before it."""

    type: ClassVar = "roster.shifted.v1"
    shifts: tuple[Shift, ...]


class SilenceBegun(Change):
    """The person of this record was reported dead (`by`, a kind of fact): nobody is told anything about them but that."""

    type: ClassVar = "silence.begun.v1"
    by: str
    item: str


class SilenceEnded(Change):
    """A person looked and the report was wrong: `by` whom."""

    type: ClassVar = "silence.ended.v1"
    by: str


EVENTS = (
    AlertRaised, AlertPassedOn, AlertAcknowledged, AlertActed, AlertAbandoned, AlertStopped,
    NoticeQueued, NoticeAttempted, NoticeSent, NoticeDelivered, NoticeDeferred, NoticeFailed, NoticeWithdrawn,
    RecipientListed, RecipientPreferred, RecipientAway, RecipientHeld, RecipientTold, RecipientBounced,
    RosterListed, RosterSubscribed, RosterShifted, SilenceBegun, SilenceEnded,
)  # fmt: skip
