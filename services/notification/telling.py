"""One person and what they are told: now, later together with other things, or somebody else in their place."""

from collections.abc import Sequence
from datetime import datetime

from contracts.alerts import AlertHeld, AlertPassedOn
from contracts.kernel import Decision, Fact, derived
from contracts.notices import Entry, NoticeQueued
from contracts.recipients import RecipientHandedOn, RecipientHeld, RecipientTold
from services.notification import rules
from services.notification.alerts import GRAVEST, Alerts, alerts_on
from services.notification.notices import Notice
from services.notification.recipients import Recipient, recipient

BUNDLE_MAX = 50
"""Entries of one message; what is left follows in the next."""


def notice_of(alert: str, person: str) -> str:
    """One message an alert and a person, whoever decides it and however often."""
    return f"notice/{derived('notice', alert, person)}"


def bundle_of(person: str, first: str, at: datetime) -> str:
    """The message of what was held for a person until then, named by the first alert in it."""
    return f"notice/{derived('bundle', person, first, at.isoformat())}"


def told(alerts: Alerts | None, alert: str, person: str, who: Recipient | None, notice: Notice | None, now: datetime) -> Decision:
    """Somebody on the present level of a ladder is told. What was queued or held for them already is not told again.

    That it was held stands on the alert, too: what was held is told in a message that bears no single alert's name, and a restored
    service, which forgot which of its deadlines had passed, would tell it once more. Of two who are away and stand in for each other
    the second is told all the same: else nobody were.
    """
    ladder = alerts.ladder(alert) if alerts else None
    known = who or Recipient()
    if ladder is None or ladder.alert != alert or notice or any(one.entry.alert == alert for one in known.held):
        return ()
    if known.is_away(now) and known.backup and known.backup not in ladder.left:
        return [Fact(alerts_on(ladder.item), AlertPassedOn(alert=alert, item=ladder.item, left=person, to=known.backup))]
    if hold := known.hold(ladder.severity, ladder.to_duty, ladder.purpose == "reminder", now):
        later = RecipientHeld(entry=ladder.entry, until=hold[0], why=hold[1])
        return [Fact(recipient(person), later), Fact(alerts_on(ladder.item), AlertHeld(alert=alert, item=ladder.item, person=person))]
    return _queued(notice_of(alert, person), person, known, "alert", (ladder.entry,), now)


def released(person: str, known: Recipient, first: str, at: datetime, now: datetime) -> Decision:
    """The time has come for what was held: one message of all of it."""
    ripe = [one for one in known.held if one.until <= now][:BUNDLE_MAX]
    if not ripe:
        return ()
    entries = tuple(one.entry for one in ripe)
    kind = "digest" if any(one.why == "routine" for one in ripe) else "summary" if len(ripe) > 1 else "alert"
    return _queued(bundle_of(person, first, at), person, known, kind, entries, now)


def handed_on(person: str, known: Recipient | None, alert: str, alerts: Alerts | None, now: datetime) -> Decision:
    """Whoever is away hears of nothing: what was held for them is told to their backup, unless the alert is over, or has climbed to
    somebody else, or the backup is away as well and passed it on to them."""
    if known is None or not known.is_away(now) or not known.backup or not any(one.entry.alert == alert for one in known.held):
        return ()
    ladder = alerts.ladder(alert) if alerts else None
    if ladder and known.backup in ladder.left:
        return ()
    rid = Fact(recipient(person), RecipientHandedOn(alerts=(alert,), to=known.backup))
    if ladder is None or ladder.alert != alert:
        return [rid]
    return [rid, Fact(alerts_on(ladder.item), AlertPassedOn(alert=alert, item=ladder.item, left=person, to=known.backup))]


def _queued(notice: str, person: str, who: Recipient, kind: str, entries: Sequence[Entry], now: datetime) -> list[Fact]:
    severity = min((entry.severity for entry in entries), key=GRAVEST.index)
    queued = NoticeQueued(
        to=person, kind=kind, entries=tuple(entries), severity=severity, channels=who.channels, domains=who.domains,
        locale=who.locale, zone=who.where, queued_at=now, give_up_at=rules.channel(severity, now),
    )  # fmt: skip
    said = RecipientTold(notice=notice, told_at=now, alerts=tuple(entry.alert for entry in entries))
    return [Fact(notice, queued), Fact(recipient(person), said)]
