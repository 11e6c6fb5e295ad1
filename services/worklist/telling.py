"""Who was told of an item, when and how, and what they did about it: seen is not done. Pure.

Each alert has fields of its own in its item, and each message in its own, so that whatever comes first, and however often, they say
the same. A message names the items it tells of: that is how an item finds its messages. Whoever is told is an item, too.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from contracts import alerts, notices, recipients
from contracts.kernel import Event
from services.worklist import words
from services.worklist.standing import Kinds

RAISED, PASSED, LATER, SEEN, OVER, LEFT, WAY = "told_", "passed_", "later_", "seen_", "over_", "left_", "way_"
HELD, BOUNCED = "held_", "bounced_"
PREFERRED = ("locale", "zone", "quiet_from", "quiet_until", "digest_at", "hourly_max")
NEW, READ, DONE = "new", "seen", "done"
PURPOSES = {"reminder": "will be late", "call": "is late", "transfer": "asks you to take it over"}
WAYS = {
    "queued": "on its way", "attempting": "on its way", "sent": "handed over", "delivered": "delivered", "deferred": "not taken yet",
    "failed": "failed", "withdrawn": "not needed any more",
}  # fmt: skip
Patch = dict[str, Any]
Told = dict[str, Any]


def _of(part: str, *names: str) -> str:
    return part + "_".join(f"{crc32(name.encode()):08x}" for name in names)


def _raised(e: alerts.AlertRaised, _: datetime) -> Patch:
    said = {"alert": e.alert, "subject": e.item, "ladder": f"{e.rule} {e.milestone}", "told": list(e.told), "purpose": e.purpose,
            "severity": e.severity, "level": e.level, "action": e.action, "due": e.due, "at": e.raised_at,
            "climbs": e.climbs_at}  # fmt: skip
    return {_of(RAISED, e.alert): {name: value for name, value in said.items() if value is not None}}


def _ended(by: Callable[[Any], str]) -> Callable[[Any, datetime], Patch]:
    return lambda e, at: {_of(OVER, alert): {"by": by(e), "at": at} for alert in e.alerts}


def _went(status: str) -> Callable[[Any, datetime], Patch]:
    """What became of it on one way; a message that nobody needs any more went none."""
    return lambda e, at: {"status": status, **({f"{WAY}{e.channel}": {"how": status, "at": at}} if hasattr(e, "channel") else {})}


def _queued(e: notices.NoticeQueued, at: datetime) -> Patch:
    told = [entry.alert for entry in e.entries]
    return {"status": "queued", "to": e.to, "alerts": told, "about": sorted({entry.item for entry in e.entries}), "at": e.queued_at}


def _listed(e: recipients.RecipientListed, _: datetime) -> Patch:
    """The ways, never an address. Listed anew, a way is good again."""
    return {"ways": [one.channel for one in e.contacts], "home": e.home, **{BOUNCED + one.channel: None for one in e.contacts}}


PROJECTED: Mapping[type[Event], Callable[[Any, datetime], Patch]] = {
    alerts.AlertRaised: _raised,
    alerts.AlertPostponed: lambda e, at: {},
    alerts.AlertPassedOn: lambda e, at: {_of(PASSED, e.alert, e.left): [e.left, e.to]},
    alerts.AlertHeld: lambda e, at: {_of(LATER, e.alert, e.person): e.person},
    alerts.AlertAcknowledged: lambda e, at: {_of(SEEN, e.alert): {"by": e.by, "at": at}},
    alerts.AlertAbandoned: lambda e, at: {_of(LEFT, e.alert): {"why": e.reason, "at": at}},
    alerts.AlertActed: _ended(lambda e: e.actor or "somebody"),
    alerts.AlertStopped: _ended(lambda e: "stopped"),
    notices.NoticeQueued: _queued,
    notices.NoticeAttempted: _went("attempting"),
    notices.NoticeSent: _went("sent"),
    notices.NoticeDelivered: _went("delivered"),
    notices.NoticeDeferred: _went("deferred"),
    notices.NoticeFailed: _went("failed"),
    notices.NoticeWithdrawn: _went("withdrawn"),
    recipients.RecipientListed: _listed,
    recipients.RecipientPreferred: lambda e, at: {"prefers": {name: getattr(e, name) for name in PREFERRED}},
    recipients.RecipientAway: lambda e, at: {"away_until": e.until, "backup": e.backup},
    recipients.RecipientHeld: lambda e, at: {HELD + e.entry.alert: {"until": e.until, "why": e.why, "action": e.entry.action}},
    recipients.RecipientTold: lambda e, at: {HELD + alert: None for alert in e.alerts},
    recipients.RecipientHandedOn: lambda e, at: {HELD + alert: None for alert in e.alerts},
    recipients.RecipientBounced: lambda e, at: {BOUNCED + e.channel: at},
}


def told(kinds: Kinds) -> list[Told]:
    """Every alert of an item: what was said, to whom, who has seen it, who acted."""
    section = kinds.get("alert", {})
    found = [(name.removeprefix(RAISED), value) for name, value in section.items() if name.startswith(RAISED)]
    return _answered({mark: {**said, **_since(section, mark, said["told"])} for mark, said in found})


def _answered(alerts: Mapping[str, Told]) -> list[Told]:
    """A call that climbed is answered by its level: whoever has seen, or acted on, the one above it did so for those below, of which
    nothing more is ever said. (What an earlier build kept names no ladder, until the board is rebuilt.)"""
    above: dict[str, Told] = {}
    answered: dict[str, Told] = {}
    for mark, one in sorted(alerts.items(), key=lambda pair: pair[1].get("level", 0), reverse=True):
        ladder = f"{one['subject']} {one['ladder']}" if "ladder" in one else mark
        known = above.get(ladder, {})
        above[ladder] = answered[mark] = {**one, **{name: one[name] or known.get(name) for name in ("seen", "over")}}
    return [answered[mark] for mark in alerts]


def _since(section: Mapping[str, Any], mark: str, at_first: list[str]) -> Told:
    """What came of an alert after it was raised: for whom somebody else was told, who is told later, who has seen it, what ended it."""
    passed, later = _all(section, PASSED, mark), _all(section, LATER, mark)
    people = list(dict.fromkeys([*at_first, *(to for _, to in passed)]))
    ended = {name: _dated(section.get(part + mark)) for name, part in (("seen", SEEN), ("over", OVER), ("left", LEFT))}
    return {"told": people, "away": [left for left, _ in passed], "later": later, **ended}


def _dated(ended: Any) -> Any:
    """What an earlier build kept says only by whom: when is not known of it until the board is rebuilt."""
    return {"by": ended, "at": None} if isinstance(ended, str) else ended


def _all(section: Mapping[str, Any], part: str, mark: str) -> list[Any]:
    return sorted(value for name, value in section.items() if name.startswith(f"{part}{mark}_"))


def inbox(kinds: Kinds) -> list[str]:
    """Whose inbox it lies in, and how: `new/staff/7`. Of several alerts to one person, the one that is least done."""
    found: dict[str, int] = {}
    for one in told(kinds):
        stands = 2 if one["over"] else 1 if one["seen"] else 0
        for person in one["told"]:
            found[person] = min(stands, found.get(person, 2))
    return sorted(f"{(NEW, READ, DONE)[stands]}/{person}" for person, stands in found.items())


def escalated(kinds: Kinds) -> bool:
    """Whether somebody above its owner was called and nobody has acted yet."""
    return any(one["level"] > 0 and not one["over"] for one in told(kinds))


def of_person(kinds: Kinds, person: str, now: datetime, names: Mapping[str, str] = {}) -> list[dict[str, Any]]:
    """What somebody was told of an item, the newest first, in words."""
    mine = sorted((one for one in told(kinds) if person in one["told"]), key=lambda one: one["at"], reverse=True)
    return [
        {"alert": one["alert"], "subject": one["subject"], "at": one["at"], "since": words.since(one["at"], now), "what": _what(one),
         "severity": one["severity"], "level": one["level"] + 1, "seen": words.who(one["seen"]["by"], names) if one["seen"] else "",
         "over": _over(one, names), "climbs": words.due(one.get("climbs"), now)}
        for one in mine
    ]  # fmt: skip


def of_item(kinds: Kinds, messages: Iterable[Kinds]) -> list[dict[str, Any]]:
    """Everybody who was told of an item, the newest first: when, of what, on which ways, whether they have seen it, what came of it."""
    sent = {(alert, one["to"]): one for kind in messages if "to" in (one := kind.get("notice", {})) for alert in one["alerts"]}
    return [
        {"who": person, "at": one["at"], "what": _what(one), "severity": one["severity"], "level": one["level"] + 1,
         "ways": _ways(sent.get((one["alert"], person), {}), _instead(one, person)), "seen": one["seen"], "over": _over(one),
         "over_at": one["over"]["at"] if one["over"] else None, "left": one["left"]}
        for one in sorted(told(kinds), key=lambda one: one["at"], reverse=True) for person in one["told"] or ("",)
    ]  # fmt: skip


def _what(one: Told) -> str:
    return f"{words.action(one['action']) if one.get('action') else 'The next step'} {PURPOSES[one['purpose']]}"


def _over(one: Told, names: Mapping[str, str] = {}) -> str:
    if not one["over"]:
        return ""
    by = one["over"]["by"]
    return "stopped" if by == "stopped" else f"{words.who(by, names) if '/' in by else 'Somebody'} acted"


def _instead(one: Told, person: str) -> str:
    """What is so of somebody to whom no message went."""
    return "away, somebody else is told" if person in one["away"] else "later, with other things" if person in one["later"] else ""


def _ways(message: Mapping[str, Any], instead: str) -> list[tuple[str, datetime | None]]:
    """Each way that a message went, in the order in which they were tried; one that waits for its way, or was not needed, says so."""
    if not message:
        return [(instead, None)] if instead else []
    tried = sorted((value["at"], name.removeprefix(WAY), value["how"]) for name, value in message.items() if name.startswith(WAY))
    waits = [(WAYS[message["status"]], None)] if message["status"] == "withdrawn" or not tried else []
    return [*((f"{WAYS[how]} {words.way(way)}", at) for at, way, how in tried), *waits]
