"""Consents as they count for a person: words of many referrals and records, of which the newest stands. Pure, and the same in any order."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from contracts.consents import Given, Scope

KEPT = 20


def scope_of(scope: Scope) -> Literal["record", "person"]:
    """Whose number it is: a sender's counts on its own record alone, the network's wherever the person is known."""
    return "record" if scope == "record" else "person"


def merged(*words: Iterable[Given]) -> tuple[Given, ...]:
    """The newest word of each consent; at the same instant the end of it."""
    newest: dict[tuple[str, str], Given] = {}
    for word in sorted((one for each in words for one in each), key=lambda one: (one.said_at, one.ended)):
        newest[word.scope, word.consent] = word
    return tuple(sorted(newest.values(), key=lambda one: (one.said_at, one.scope, one.consent))[-KEPT:])


def of_person(words: Iterable[Given]) -> tuple[Given, ...]:
    """Those that the person's other records are told."""
    return tuple(one for one in words if one.scope == "person")


def find(words: Iterable[Given], scope: Scope, consent: str | None) -> Given | None:
    return next((one for one in words if (one.scope, one.consent) == (scope_of(scope), consent)), None)


def best(words: Iterable[Given], after: datetime | None, now: datetime) -> Given | None:
    """What opens a referral that has no consent of its own: the newest that stands and was not said before the person took one back."""
    stand = [one for one in words if not one.ended and (one.until is None or now < one.until) and (after is None or one.said_at > after)]
    return stand[-1] if stand else None
