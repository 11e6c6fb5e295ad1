"""What notification says of notices, one aggregate a message to one person (`notice/<id>`): which channel, when, and whether it went."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.alerts import Purpose, Severity
from contracts.kernel import Change, Code, Model

Channel = Code
"""`email`, `inbox` (the fact itself, as the worklist shows it), or what an installation adds."""


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


EVENTS = (NoticeQueued, NoticeAttempted, NoticeSent, NoticeDelivered, NoticeDeferred, NoticeFailed, NoticeWithdrawn)
