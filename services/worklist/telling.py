"""Who was told of an item, and what they did about it: seen is not done. Pure.

Each alert has fields of its own in its item, so that whatever comes first, and however often, they say the same.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from contracts import alerts
from contracts.kernel import Event
from services.worklist import words
from services.worklist.standing import Kinds

RAISED, PASSED, SEEN, OVER = "told_", "passed_", "seen_", "over_"
NEW, READ, DONE = "new", "seen", "done"
PURPOSES = {"reminder": "will be late", "call": "is late", "transfer": "asks you to take it over"}


def _of(part: str, alert: str) -> str:
    return f"{part}{crc32(alert.encode()):08x}"


def _raised(e: alerts.AlertRaised) -> dict[str, Any]:
    said = {"alert": e.alert, "subject": e.item, "told": list(e.told), "purpose": e.purpose, "severity": e.severity, "level": e.level,
            "action": e.action, "due": e.due, "at": e.raised_at, "climbs": e.climbs_at}  # fmt: skip
    return {_of(RAISED, e.alert): {name: value for name, value in said.items() if value is not None}}


PROJECTED: Mapping[type[Event], Callable[[Any], dict[str, Any]]] = {
    alerts.AlertRaised: _raised,
    alerts.AlertPassedOn: lambda e: {_of(PASSED, e.alert): e.to},
    alerts.AlertAcknowledged: lambda e: {_of(SEEN, e.alert): e.by},
    alerts.AlertActed: lambda e: {_of(OVER, alert): e.actor or "somebody" for alert in e.alerts},
    alerts.AlertStopped: lambda e: {_of(OVER, alert): "stopped" for alert in e.alerts},
}


def told(kinds: Kinds) -> list[dict[str, Any]]:
    """Every alert of an item: what was said, to whom, who has seen it, who acted."""
    section = kinds.get("alert", {})
    found = [(name.removeprefix(RAISED), value) for name, value in section.items() if name.startswith(RAISED)]
    return [
        {**said, "told": list(dict.fromkeys([*said["told"], *([to] if (to := section.get(PASSED + mark)) else [])])),
         "seen": section.get(SEEN + mark), "over": section.get(OVER + mark)}
        for mark, said in found
    ]  # fmt: skip


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


def of_person(kinds: Kinds, person: str, now: datetime) -> list[dict[str, Any]]:
    """What somebody was told of an item, the newest first, in words."""
    mine = sorted((one for one in told(kinds) if person in one["told"]), key=lambda one: one["at"], reverse=True)
    return [
        {"alert": one["alert"], "subject": one["subject"], "at": one["at"], "since": words.since(one["at"], now),
         "what": f"{words.action(one['action']) if one.get('action') else 'The next step'} {PURPOSES[one['purpose']]}",
         "severity": one["severity"], "level": one["level"] + 1, "seen": words.who(one["seen"]) if one["seen"] else "",
         "over": "stopped" if one["over"] == "stopped" else f"{words.who(one['over']) if '/' in one['over'] else 'Somebody'} acted"
         if one["over"] else "", "climbs": words.due(one.get("climbs"), now)}
        for one in mine
    ]  # fmt: skip
