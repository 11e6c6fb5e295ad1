"""A person who is told: where, in which language and zone, when it is quiet, how much is too much, who stands in for them."""

from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from contracts.alerts import Severity
from contracts.kernel import Blind, Change, Deadline, Decision, Fact, Message, Reason, Refused, State
from contracts.notices import Entry
from contracts.recipients import (
    ContactPoint,
    RecipientAway,
    RecipientBounced,
    RecipientHandedOn,
    RecipientHeld,
    RecipientListed,
    RecipientPreferred,
    RecipientTold,
)
from services.notification.commands import ListContacts, SetAway, SetPreferences
from services.notification.zones import is_zone

INBOX = "inbox"
RELEASE, HAND_ON = "release", "hand-on"
HOUR = timedelta(hours=1)
Why = Literal["quiet", "routine", "rate"]
NOT_A_ZONE = Reason("TL-5603", "/zone", "write a zone of the IANA list, such as America/New_York")
HALF_QUIET = Reason("TL-5604", "/quiet_until", "quiet hours need both ends, or none")
NO_ADDRESS = Reason("TL-5605", "/contacts", "an e-mail address is one name, an @ and a domain")
NOT_YOURS = Reason("TL-5609", "", "a person says this of themselves; of who is away, also a lead on duty")
NOBODY = Reason("TL-5606", "/backup", "name somebody else, whom the directory or a shift lists")
SHOWN_MAX = 100
BOUNCES = ("550", "551", "553", "bounced")
"""Why a channel fails that say that the address itself takes nothing."""


def recipient(person: str) -> str:
    return f"recipient/{person}"


class Held(State):
    """What this person will be told of later."""

    entry: Entry
    until: AwareDatetime
    why: Why


class Recipient(State):
    """Somebody of whom nothing was ever listed is told in the inbox alone, day and night."""

    contacts: tuple[ContactPoint, ...] = ()
    bounced: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()
    """The last notices that showed that an address takes nothing, of whatever was listed then."""
    locale: str = "en"
    home: str = "UTC"
    zone: str | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    digest_at: str = "08:00"
    hourly_max: int = 20
    away_since: AwareDatetime | None = None
    away_until: AwareDatetime | None = None
    backup: str | None = None
    recent: tuple[AwareDatetime, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def where(self) -> str:
        """The zone of their clock."""
        return self.zone or self.home

    @property
    def channels(self) -> tuple[str, ...]:
        """In the order in which they are tried; the inbox takes everything, so it comes last and always."""
        usable = [one.channel for one in self.contacts if one.channel not in (*self.bounced, INBOX)]
        return (*dict.fromkeys(usable), INBOX)

    @property
    def domains(self) -> dict[str, str]:
        return {one.channel: one.domain for one in reversed(self.contacts)}

    def is_away(self, now: datetime) -> bool:
        return self.away_until is not None and now < self.away_until

    def quiet_ends(self, now: datetime) -> datetime | None:
        """When their quiet hours end, if it is quiet now."""
        if not self.quiet_from or not self.quiet_until:
            return None
        local = now.astimezone(ZoneInfo(self.where)).time()
        begins, ends = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)
        quiet = begins <= local < ends if begins <= ends else local >= begins or local < ends
        return self.next_time(self.quiet_until, now) if quiet else None

    def next_time(self, at: str, now: datetime) -> datetime:
        """The next instant at which it is that time where they are."""
        zone, hour = ZoneInfo(self.where), time.fromisoformat(at)
        today = datetime.combine(now.astimezone(zone).date(), hour, zone)
        return today if today > now else datetime.combine(today.date() + timedelta(days=1), hour, zone)

    def hold(self, severity: Severity, to_duty: bool, reminder: bool, now: datetime) -> tuple[datetime, Why] | None:
        """Until when this must wait, and why; None: tell them now. A crisis waits for nothing."""
        if severity == "crisis":
            return None
        quiet = self.quiet_ends(now)
        if quiet and not (severity == "urgent" and to_duty and not reminder):
            return quiet, "quiet"
        if severity == "routine" or reminder:
            digest = self.next_time(self.digest_at, now)
            return self.quiet_ends(digest) or digest, "routine"
        fresh = [at for at in self.recent if at > now - HOUR]
        return (fresh[0] + HOUR, "rate") if len(fresh) >= self.hourly_max else None


def person_of(subject: str) -> str:
    """`recipient/staff/7` is `staff/7`."""
    return subject.partition("/")[2]


def listed(subject: str, state: Recipient | None, message: Message, blind: Blind) -> Decision:
    """Where they can be told. The domain of an address is kept beside it; the address itself is sealed, and known again by its mark."""
    asked: ListContacts = message.data
    if not is_zone(asked.home):
        return Refused((NOT_A_ZONE,))
    contacts = []
    for one in asked.contacts:
        name, at, domain = (one.address.plain or "").rpartition("@")
        whole = one.channel != "email" or (name and at and domain)
        if not whole or set(one.address.plain or "") & set("\r\n <>,;"):
            return Refused((NO_ADDRESS,))
        mark = blind("contact", subject, one.channel, one.address.plain or "")
        contacts.append(ContactPoint(channel=one.channel, address=one.address, domain=domain.lower() or one.channel, mark=mark))
    if state and not state.bounced and state.home == asked.home and [one.mark for one in state.contacts] == [one.mark for one in contacts]:
        return ()
    return [Fact(subject, RecipientListed(record=subject, contacts=tuple(contacts), home=asked.home))]


def preferred(subject: str, state: Recipient | None, message: Message) -> Decision:
    asked: SetPreferences = message.data
    if message.actor.id != person_of(subject):
        return Refused((NOT_YOURS,))
    if asked.zone and not is_zone(asked.zone):
        return Refused((NOT_A_ZONE,))
    if (asked.quiet_from is None) != (asked.quiet_until is None):
        return Refused((HALF_QUIET,))
    said = RecipientPreferred(**asked.model_dump())
    known = state or Recipient()
    same = all(getattr(known, name) == getattr(said, name) for name in SetPreferences.model_fields)
    return () if state and same else [Fact(subject, said)]


def away(subject: str, message: Message, leads: Collection[str], everybody: Collection[str], now: datetime) -> Decision:
    """Said by themselves, or by a lead for somebody who cannot. Whoever is told in their place must be somebody: a role reads nothing."""
    asked: SetAway = message.data
    if message.actor.id not in (person_of(subject), *leads):
        return Refused((NOT_YOURS,))
    if asked.backup and asked.backup not in {*everybody} - {person_of(subject)}:
        return Refused((NOBODY,))
    return [Fact(subject, RecipientAway(until=asked.until, backup=asked.backup, since=now))]


def evolve(state: Recipient | None, fact: Change) -> Recipient | None:
    known = state or Recipient()
    match fact:
        case RecipientListed():
            return known.model_copy(update={"contacts": fact.contacts, "home": fact.home, "bounced": ()})
        case RecipientPreferred():
            return known.model_copy(update={name: getattr(fact, name) for name in SetPreferences.model_fields})
        case RecipientAway():
            return known.model_copy(update={"away_since": fact.since, "away_until": fact.until, "backup": fact.backup})
        case RecipientHeld():
            fresh = Held(entry=fact.entry, until=fact.until, why=fact.why)
            return known.model_copy(update={"held": (*known.held, fresh)})
        case RecipientTold():
            recent = tuple(at for at in (*known.recent, fact.told_at) if at > fact.told_at - HOUR)
            held = tuple(one for one in known.held if one.entry.alert not in fact.alerts)
            return known.model_copy(update={"recent": recent[-known.hourly_max :], "held": held})
        case RecipientHandedOn():
            return known.model_copy(update={"held": tuple(one for one in known.held if one.entry.alert not in fact.alerts)})
        case RecipientBounced():
            shown_by = (*known.shown_by, fact.notice)[-SHOWN_MAX:]
            return known.model_copy(update={"bounced": (*known.bounced, fact.channel), "shown_by": shown_by})
    return state


def deadlines(state: Recipient) -> Iterable[Deadline]:
    """When what is held is told; at once, to whoever stands in for them, when they go away before that."""
    since, until = state.away_since, state.away_until
    if since and until and since < until and state.backup:
        yield from (Deadline(HAND_ON, f"{one.entry.alert} {one.entry.item}", since) for one in state.held)
    if state.held:
        first = min(state.held, key=lambda one: one.until)
        yield Deadline(RELEASE, first.entry.alert, first.until)
