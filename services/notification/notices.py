"""A message to one person, from its queue to its reader: claimed, handed to a channel, and what came of it.

Handing over and recording it cannot be one step. A claim that runs out leaves it unknown whether the message went; it is handed over
again under the same name (its Message-ID), by which the reader's mail system knows it. Before every attempt what it is about is read
again: when all of it was acted on, nobody is told any more. What a first attempt said stays in it as long as anything else in it
stands, for it may have arrived: under one name there is one message. Of whom a death was reported nothing stays.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from contracts.alerts import Severity
from contracts.kernel import Change, Deadline, Decision, Errand, Fact, Reason, Refused, State
from contracts.notices import (
    Entry,
    NoticeAttempted,
    NoticeDeferred,
    NoticeDelivered,
    NoticeFailed,
    NoticeQueued,
    NoticeSent,
    NoticeWithdrawn,
)
from contracts.recipients import RecipientBounced
from services.notification import rules
from services.notification.alerts import Alerts
from services.notification.commands import BeginNotice, EndNotice, RecordBounce
from services.notification.recipients import BOUNCES, Recipient, recipient
from services.notification.sources import DEATH

LOST, LATE, FLAG = "lost", "late", "flag"
UNKNOWN = Reason("TL-5607", "", "there is no such notice, or it was not sent on this channel")
BACK_OFF_S: Mapping[Severity, tuple[int, ...]] = {
    "crisis": (2, 5, 10, 20, 30),
    "urgent": (15, 60, 120, 300),
    "routine": (60, 300, 900, 1800),
}
"""How long to wait after the first, second, … attempt that did not go."""


class Notice(State):
    """`claim` is of whoever hands it over just now; `number` counts attempts on all channels, `tries` those on this one."""

    to: str
    kind: str
    entries: tuple[Entry, ...]
    severity: Severity
    channels: tuple[str, ...]
    channel: str
    domains: dict[str, str] = {}
    locale: str = "en"
    zone: str = "UTC"
    queued_at: AwareDatetime
    give_up_at: AwareDatetime
    again_at: AwareDatetime
    status: Literal["queued", "attempting", "sent", "delivered", "failed", "withdrawn"] = "queued"
    number: int = 0
    tries: int = 0
    claim: str | None = None
    until: AwareDatetime | None = None
    standing: tuple[str, ...] = ()
    bounced: str | None = None

    @property
    def next_channel(self) -> str | None:
        after = self.channels.index(self.channel) + 1
        return self.channels[after] if after < len(self.channels) else None

    @property
    def records(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.record for entry in self.entries if entry.record))


def errand(state: Notice) -> Errand | None:
    """Crisis has a pool of its own; within a pool, whatever shares a mail server may wait for each other and for nothing else."""
    if state.status != "queued":
        return None
    pool = "crisis" if state.severity == "crisis" else "other"
    return Errand(f"{pool} {state.channel} {state.domains.get(state.channel, '-')}", state.again_at)


def deadlines(state: Notice) -> Iterable[Deadline]:
    """A claim that runs out, a channel that takes too long, an address that takes nothing."""
    if state.status == "attempting" and state.until:
        yield Deadline(LOST, str(state.claim), state.until)
    if state.status == "queued" and state.next_channel:
        yield Deadline(LATE, state.channel, state.give_up_at)
    if state.bounced:
        yield Deadline(FLAG, f"{state.bounced} {state.to}", state.queued_at)


def begun(
    subject: str, state: Notice | None, asked: BeginNotice, alerts: Mapping[str, Alerts | None], silent: Collection[str], now: datetime
) -> Decision:
    """Hand it over now, if anything in it still stands; one claim at a time. `silent` are items and records that nobody is told of."""
    if state is None or state.status != "queued" or state.again_at > now:
        return ()
    told = [entry for entry in state.entries if entry.milestone == DEATH.milestone or not {entry.item, entry.record} & set(silent)]
    if not any(_stands(entry, alerts.get(entry.item)) for entry in told):
        return [Fact(subject, NoticeWithdrawn(to=state.to, reason="acted" if len(told) == len(state.entries) else "stopped"))]
    standing = tuple(entry.alert for entry in told if entry.alert in state.standing or _stands(entry, alerts.get(entry.item)))
    said = NoticeAttempted(channel=state.channel, number=state.number + 1, claim=asked.claim, until=asked.until, entries=standing)
    return [Fact(subject, said)]


def _stands(entry: Entry, alerts: Alerts | None) -> bool:
    return alerts is not None and alerts.ladder(entry.alert) is not None


def ended(subject: str, state: Notice | None, said: EndNotice, now: datetime) -> Decision:
    """What came of an attempt. One that went is told whenever it is known; of others only the one whose claim stands."""
    if state is None or state.status not in ("attempting", "queued"):
        return ()
    if said.outcome in ("sent", "delivered"):
        kind = NoticeSent(to=state.to, channel=said.channel, code=said.code) if said.outcome == "sent" else None
        return [Fact(subject, kind or NoticeDelivered(to=state.to, channel=said.channel))]
    if state.status != "attempting" or state.claim != said.claim:
        return ()
    if said.outcome == "failed":
        return [Fact(subject, _failed(state, said.code or "failed", now))]
    return [Fact(subject, _deferred(state, said.code or "unknown", now))]


def lost(subject: str, state: Notice | None, claim: str, now: datetime) -> Decision:
    """Whoever had the claim never said how it ended. It may have gone."""
    if state is None or state.status != "attempting" or state.claim != claim:
        return ()
    return [Fact(subject, _deferred(state, "unknown", now))]


def late(subject: str, state: Notice | None, channel: str, now: datetime) -> Decision:
    """The channel did not take it in its time."""
    if state is None or state.status != "queued" or state.channel != channel or state.next_channel is None:
        return ()
    return [Fact(subject, _failed(state, "late", now))]


def bounced(subject: str, state: Notice | None, asked: RecordBounce, now: datetime) -> Decision:
    """It came back after it was sent."""
    if state is None or state.status != "sent" or state.channel != asked.channel:
        return Refused((UNKNOWN,))
    return [Fact(subject, _failed(state, asked.reason, now))]


def flagged(subject: str, state: Notice | None, about: str, who: Recipient | None) -> Decision:
    """The recipient learns that an address of theirs takes nothing; once, although a restored service asks again."""
    channel, _, person = about.partition(" ")
    if state is None or state.bounced != channel or (who and subject in who.shown_by):
        return ()
    return [Fact(recipient(person), RecipientBounced(channel=channel, notice=subject))]


def _deferred(state: Notice, reason: str, now: datetime) -> Change:
    """Again, after a while; on the next channel when this one's time would be over by then."""
    waits = BACK_OFF_S[state.severity]
    again = now + timedelta(seconds=0 if reason == "unknown" else waits[min(state.tries, len(waits)) - 1])
    if again >= state.give_up_at and state.next_channel:
        return _failed(state, reason, now)
    return NoticeDeferred(channel=state.channel, reason=reason, again_at=again)


def _failed(state: Notice, reason: str, now: datetime) -> NoticeFailed:
    onto = state.next_channel
    until = rules.channel(state.severity, now) if onto else None
    again = now if onto else None
    return NoticeFailed(to=state.to, channel=state.channel, reason=reason, next_channel=onto, again_at=again, give_up_at=until)


def evolve(state: Notice | None, fact: Change) -> Notice | None:
    if isinstance(fact, NoticeQueued):
        known = {name: getattr(fact, name) for name in Notice.model_fields if name in NoticeQueued.model_fields}
        return Notice(**known, channel=fact.channels[0], again_at=fact.queued_at)
    if state is None:
        return None
    match fact:
        case NoticeAttempted():
            return state.model_copy(update={
                "status": "attempting", "number": fact.number, "tries": state.tries + 1, "claim": fact.claim, "until": fact.until,
                "standing": fact.entries,
            })  # fmt: skip
        case NoticeSent():
            return state.model_copy(update={"status": "sent", "claim": None, "until": None})
        case NoticeDelivered():
            return state.model_copy(update={"status": "delivered", "claim": None, "until": None})
        case NoticeDeferred():
            return state.model_copy(update={"status": "queued", "claim": None, "until": None, "again_at": fact.again_at})
        case NoticeFailed():
            return _on_next(state, fact)
        case NoticeWithdrawn():
            return state.model_copy(update={"status": "withdrawn", "claim": None, "until": None})
    return state


def _on_next(state: Notice, fact: NoticeFailed) -> Notice:
    flag = {"bounced": fact.channel} if fact.reason in BOUNCES else {}
    if fact.next_channel is None:
        return state.model_copy(update={"status": "failed", "claim": None, "until": None, **flag})
    fresh = {
        "channel": fact.next_channel,
        "status": "queued",
        "tries": 0,
        "again_at": fact.again_at,
        "give_up_at": fact.give_up_at,
        "claim": None,
        "until": None,
    }
    return state.model_copy(update={**fresh, **flag})
