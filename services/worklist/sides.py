"""What each side says of where a referral stands: its sender, whoever has it, we. Kept apart here as they are at the front door. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from contracts import views
from contracts.kernel import Event
from services.worklist.local import Dated

SIDE = "side_"
"""What begins the field of what one side says."""
NAMES = {"ours": "We say", "sender": "Its sender says", "receiver": "Whoever has it says"}
WHOSE = {"ours": "our word", "sender": "its sender’s word", "receiver": "the word of whoever has it"}
ACTIONS = {"settle-views": "Find out whose word stands"}
KINDS = {"view": "Views of a referral"}
STATUSES = {
    "views-differ": "They say different things",
    "views-agree": "They agree",
    "views-settled": "Somebody found out whose word stands",
}
BUSINESS = {
    "5.1.1": "a visit is booked", "5.1.2": "a visit was missed", "5.1.3": "a visit was called off", "5.1.4": "a visit took place",
}  # fmt: skip
"""Of BSeR's business statuses those that say more than the status they come with."""
Said = Mapping[str, Any]


def _reported(e: views.ViewReported) -> dict[str, Any]:
    """Each side has a field of its own; what counts no more is taken away."""
    said = {"status": e.task_status, "business": e.business_status, "reason": e.reason, "at": e.at.astimezone(UTC)}
    return {"record": e.record, SIDE + e.side: said if e.means else None}


PROJECTED: Mapping[type[Event], Callable[[Any], dict[str, Any]]] = {
    views.ViewReported: _reported,
    views.ViewsDiffered: lambda e: {"status": "views-differ", "differs": list(e.sides), "record": e.record},
    views.ViewsAgreed: lambda _: {"status": "views-agree", "differs": None},
    views.ViewsSettled: lambda e: {"status": "views-settled", "differs": None},
}


def _told(e: views.ViewReported) -> str:
    if not e.means:
        return f"{NAMES[e.side]} nothing of it since"
    return f"{NAMES[e.side]}: {_words(e.task_status, e.business_status, e.reason).lower()}"


SENTENCES: Mapping[type[Event], Callable[[Any], str] | str] = {
    views.RequestAccepted: "The front door knows which program has it",
    views.ViewReported: _told,
    views.ViewsDiffered: "What the sides say cannot all be so; somebody finds out whose word stands",
    views.ViewsAgreed: "What the sides say fits again",
    views.ViewsSettled: lambda e: f"Somebody found out that {WHOSE[e.stands]} stands: {e.finding.replace('-', ' ')}",
}


def _words(status: str | None, business: str | None, reason: str | None) -> str:
    """`Rejected, no capacity`."""
    parts = ((status or "").replace("-", " "), BUSINESS.get(business or "", ""), (reason or "").replace("-", " "))
    told = ", ".join(part for part in parts if part)
    return told[:1].upper() + told[1:]


def lines(section: Said, sides: tuple[str, ...] = tuple(NAMES)) -> Iterator[tuple[str, Dated]]:
    """Who says what, and since when."""
    for side in sides:
        if said := section.get(SIDE + side):
            yield NAMES[side], Dated(f"{_words(said['status'], said['business'], said['reason'])}, since", said["at"])


def about(section: Said, item: Said, now: datetime, names: Mapping[str, str]) -> Iterator[Dated]:
    """Our word, and those that differ from it."""
    for who, said in lines(section, ("ours", *section.get("differs", ()))):
        yield Dated(f"{who}: {said.words.lower()}", said.at)
