"""Where an item stands among those of its kind, what endangers it, and whom it concerns: what lists are cut by. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from contracts.catalogue import TOPICS

Kinds = Mapping[str, Mapping[str, Any]]
"""Sections of an item by the kind of their aggregate."""
RISK, ASKED = "risk_", "asked_"
QUIET = ("watch", "stale", "lapsing", "review")
DANGERS = ("imminent", "high")
MACHINERY, PLATFORM = ("input", "parked", "feed"), "role/platform"
"""Kinds that are about the machinery and about nobody, and the role that they concern beside whoever looks at them."""
KEEPERS = {topic.name: topic.owner for topic in TOPICS}


def risk_key(risk: str, visit: str | None = None) -> str:
    """Each risk of each visit has a field of its own: one that is cleared leaves the others."""
    return f"{RISK}{risk}" + (f"_{crc32(visit.encode()):08x}" if visit else "")


def risks(kinds: Kinds) -> list[str]:
    """What endangers the person or the care, as codes: a danger that somebody judged, a reviewed risk, and what stops the care."""
    found = [code for section in kinds.values() for code in _uncleared(section)]
    found += [f"danger-{section['danger']}" for section in kinds.values() if section.get("danger") in DANGERS]
    found += [f"flag-{section['flag']}" for section in kinds.values() if section.get("flag")]
    found += ["at-risk" for section in kinds.values() if section.get("at_risk")]
    return sorted(set(found))


def _uncleared(section: Mapping[str, Any]) -> list[str]:
    """Risks that were not cleared: what is cleared leaves its field empty."""
    return [code for name, code in section.items() if name.startswith(RISK) and code]


def stage(kind: str, kinds: Kinds, block: Mapping[str, Any], sections: Mapping[str, Kinds]) -> str | None:
    """Under which tab of its kind's list an open item lies, and what is kept, under the service that keeps it. Another kind has none."""
    section = kinds.get(kind, {})
    match kind:
        case "authorization":
            return _authorization(kinds, section, block)
        case "transition":
            return "home" if section.get("discharged_at") else "admitted"
        case "plan":
            return _plan(section)
        case "input" | "parked":
            return _keeper(sections)
    return None


def _keeper(sections: Mapping[str, Kinds]) -> str:
    """The service whose topic says what is left to do."""
    return next((KEEPERS.get(topic, "") for topic, said in sorted(sections.items()) if any(one.get("next") for one in said.values())), "")


def _authorization(kinds: Kinds, section: Mapping[str, Any], block: Mapping[str, Any]) -> str:
    if _uncleared(section):
        return "blocking"
    if section.get("status") in ("denied", "upheld"):
        return "denied"
    if block.get("action") in ("renew", "renew-or-end", "use-authorization"):
        return "ending" if block.get("action") != "use-authorization" else "active"
    return "with-payer" if block.get("waiting_on") else "ours"


def _plan(section: Mapping[str, Any]) -> str:
    if section.get("not_shown"):
        return "not-shown"
    if section.get("status") == "unknown":
        return "unknown"
    return "quiet" if section.get("signals") or section.get("status") in QUIET else "active"


def last_contact(kinds: Kinds) -> datetime | None:
    """The last two-way exchange or attended visit that any part of it knows of. An attempt is not a contact."""
    stated = [section["last_contact"] for section in kinds.values() if section.get("last_contact")]
    return max(stated, default=None)


def waited_on(block: Mapping[str, Any]) -> list[str]:
    """Everybody whom a step waits on: `desk/oak,desk/elm` are two, and it is in the lists of both."""
    return (block.get("waiting_on") or "").split(",") if block.get("waiting_on") else []


def asks(programs: Iterable[str], counts: bool) -> dict[str, Any]:
    """Programs whose yes counts, or does no more. Each has a field of its own: one that is asked leaves the others."""
    return {f"{ASKED}{crc32(program.encode()):08x}": program if counts else None for program in programs}


def asked(kinds: Kinds) -> list[str]:
    """Programs that may still say yes, in time or late."""
    return sorted(value for name, value in kinds.get("placement", {}).items() if name.startswith(ASKED))


def asks_of(item: Mapping[str, Any], kinds: Kinds) -> dict[str, list[str]]:
    """Of whom an answer is awaited, or would still count: to an offer, and to a hand-over."""
    handed = [section["handed_to"] for section in kinds.values() if section.get("handed_to")]
    return {"offer": [*item.get("waiting_on", ()), *item.get("asked", ())], "hand-over": handed}


def concerned(kind: str, *ids: str | None) -> list[str]:
    """Partner, owner, role, program and whoever is waited on: whose list it belongs to. Of the machinery, who keeps it running."""
    return sorted({id for id in (*ids, PLATFORM if kind in MACHINERY else None) if id})
