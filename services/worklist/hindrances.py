"""What stands in the way of a person's care, and risks that are flagged, as their own facts say it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from contracts.barriers import BarrierNoted, BarrierResolved
from contracts.kernel import Event
from contracts.risk_flags import RiskFlagged, RiskFlagLifted, RiskFlagReviewed
from services.worklist.local import Dated

RISKS = {
    "flag-suicide": "Risk of suicide",
    "flag-overdose": "Risk of overdose",
    "flag-violence-to-others": "Risk to others",
    "flag-violence-by-others": "Risk from others",
    "flag-self-neglect": "Self-neglect",
    "flag-other": "A risk is flagged",
}
"""As a row shows them, whoever's item it is."""
BARRIERS = {
    "transport": "no way to get there",
    "childcare": "nobody to look after the children",
    "language": "no common language",
    "cost": "the cost",
    "phone": "no telephone",
    "other": "something else",
}


def _noted(e: BarrierNoted) -> dict[str, Any]:
    return {"status": "stands", "record": e.record, "barrier": e.barrier, **_words(e)}


def _flagged(e: RiskFlagged) -> dict[str, Any]:
    return {"status": "flagged", "record": e.record, "flag": e.risk, "source": e.source, "at": e.raised_at, **_words(e)}


def _words(e: BarrierNoted | RiskFlagged) -> dict[str, Any]:
    return {"words": e.words.sealed} if e.words else {}


PROJECTED: Mapping[type[Event], Callable[[Any], dict[str, Any]]] = {
    BarrierNoted: _noted,
    BarrierResolved: lambda e: {"status": e.how},
    RiskFlagged: _flagged,
    RiskFlagReviewed: lambda e: {"status": "reviewed", "at": e.reviewed_at},
    RiskFlagLifted: lambda e: {"status": "lifted", "flag": None},
}


def barrier(section: Mapping[str, Any], item: Mapping[str, Any], now: datetime, names: Mapping[str, str]) -> Iterator[str | Dated]:
    yield f"In the way: {BARRIERS.get(section.get('barrier', ''), 'something else')}"


def flag(section: Mapping[str, Any], item: Mapping[str, Any], now: datetime, names: Mapping[str, str]) -> Iterator[str | Dated]:
    if section.get("at"):
        yield Dated("looked at", section["at"])
