"""How fast the network answers: who took how long from being asked to the first answer, and what that is like over many. Pure.

Lengths are absolute time, as whoever waits has it: nights and holidays count.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any
from zlib import crc32

from contracts import assignment as placing
from contracts import endings, intake
from contracts.kernel import Event
from services.worklist import words

OFFERED, ANSWERED, ACCEPTED = "offered_", "answered_", "accepted_"
"""What begins the fields of when a program was asked, when it said no or that one must wait, and when it said yes."""
ACKNOWLEDGE, INFORMATION, ANSWER = "acknowledge", "information", "answer"
Section = Mapping[str, Any]
Told = dict[str, Any]


def offered(e: placing.PlacementOffered, at: datetime) -> Told:
    """Each program has fields of its own; one that is asked again answers anew."""
    programs = [one.program for one in e.offers]
    fresh = {f"{begins}{_mark(one)}": None for one in programs for begins in (ANSWERED, ACCEPTED)}
    return {**{f"{OFFERED}{_mark(one)}": at for one in programs}, **fresh}


def _mark(program: str) -> str:
    return f"{crc32(program.encode()):08x}"


def _answered(begins: str) -> Callable[[Any, datetime], Told]:
    return lambda e, at: {f"{begins}{_mark(e.program)}": {"program": e.program, "at": at}}


def responses(kinds: Mapping[str, Section]) -> list[list[Any]]:
    """Of a referral: what was answered by whom, and in how many seconds. What was answered before it was asked tells nothing."""
    request = kinds.get("request", {})
    partner = f"partner/{request['partner']}" if request.get("partner") else ""
    found = [
        (ACKNOWLEDGE, partner, request.get("requested_at"), request.get("acknowledged_at")),
        (INFORMATION, partner, request.get("information_asked_at"), request.get("information_came_at")),
        *_answers(kinds.get("placement", {})),
    ]
    return [[what, who, int((at - asked).total_seconds())] for what, who, asked, at in found if who and asked and at and at >= asked]


def _answers(placement: Section) -> Iterator[tuple[str, str, datetime | None, datetime]]:
    """The first answer of each program: a yes that follows a place in the waiting list is not how long it took to answer."""
    for name, asked in sorted(placement.items()):
        if name.startswith(OFFERED):
            mark = name.removeprefix(OFFERED)
            said = [one for begins in (ANSWERED, ACCEPTED) if (one := placement.get(begins + mark))]
            if said:
                first = min(said, key=lambda one: one["at"])
                yield ANSWER, first["program"], asked, first["at"]


def responded_at(kinds: Mapping[str, Section]) -> datetime | None:
    """When the last answer came."""
    request, placement = kinds.get("request", {}), kinds.get("placement", {})
    known = [request.get("acknowledged_at"), request.get("information_came_at"), *(at for _, _, _, at in _answers(placement))]
    return max((at for at in known if at), default=None)


@dataclass(frozen=True, slots=True)
class Took:
    """Half of `of` answers came within `half`, nine in ten within `most`, in words."""

    half: str
    most: str
    of: int


def times(items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Took]:
    """By what was asked and of whom, of all these items."""
    found: dict[tuple[str, str], list[int]] = {}
    for item in items:
        for what, who, seconds in item.get("responses", ()):
            found.setdefault((what, who), []).append(seconds)
    return {key: _took(sorted(each)) for key, each in found.items()}


def _took(seconds: Sequence[int]) -> Took:
    half, most = median(seconds), seconds[ceil(0.9 * len(seconds)) - 1]
    return Took(words.length(timedelta(seconds=half)), words.length(timedelta(seconds=most)), len(seconds))


def _asked(e: intake.RequestInformationAsked, at: datetime) -> Told:
    """The sender's answer is timed; a client's is not a partner's."""
    return {"information_asked_at": at if e.of == "sender" else None, "information_came_at": None}


def _came(e: intake.RequestInformationSupplied, at: datetime) -> Told:
    return {"information_came_at": at}


TIMED: Mapping[type[Event], Callable[[Any, datetime], Told]] = {
    intake.RequestAcknowledged: lambda e, at: {"acknowledged_at": at},
    endings.RequestReopened: lambda e, at: {"acknowledged_at": None},
    intake.RequestInformationAsked: _asked,
    intake.RequestInformationSupplied: _came,
    placing.PlacementOffered: offered,
    **dict.fromkeys((placing.PlacementDeclined, placing.PlacementWaitlisted), _answered(ANSWERED)),
    placing.PlacementAccepted: _answered(ACCEPTED),
}
"""What is noted of each fact beside what it says: when it was."""
