"""All alerts on one item, in one aggregate: whatever notices a lateness finds the alert that stands, and acting on the item ends them.

Each lateness (rule, milestone) has a ladder; each level of it is one alert, whose id says what it means. An alert is open until the
item goes on. It climbs when its time is over, however many have acknowledged it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from contracts.alerts import (
    AlertAbandoned,
    AlertAcknowledged,
    AlertActed,
    AlertHeld,
    AlertPassedOn,
    AlertPostponed,
    AlertRaised,
    AlertStopped,
    Purpose,
    Severity,
)
from contracts.kernel import Change, Deadline, State, derived
from contracts.notices import Entry
from services.notification.rules import ROUNDS_MAX

TELL, CLIMB = "tell", "climb"
GRAVEST: tuple[Severity, ...] = ("crisis", "urgent", "routine")
AHEAD: dict[Severity, timedelta] = {"crisis": timedelta(days=2), "urgent": timedelta(days=1), "routine": timedelta(0)}
"""The due loop takes the earliest first: a flood of what can wait keeps nobody from being told what cannot."""


def alerts_on(item: str) -> str:
    """The aggregate that holds an item's alerts."""
    return f"alert/{item}"


def alert_id(item: str, rule: str, milestone: str, level: int) -> str:
    """The same lateness at the same level is the same alert, whoever notices it and however often."""
    return derived("alert", item, rule, milestone, str(level))


class Ladder(State):
    """One lateness and how far it has climbed. `ids` are its alerts so far, the last one at `level`."""

    item: str
    rule: str
    milestone: str
    severity: Severity
    purpose: Purpose
    cause: str
    rungs: tuple[str, ...]
    rung: str
    level: int
    ids: tuple[str, ...]
    told: tuple[str, ...] = ()
    held_for: tuple[str, ...] = ()
    """Those of `told` who hear of it later, with other things."""
    left: tuple[str, ...] = ()
    """Those of `told` who were away: somebody is told in their place."""
    called: tuple[str, ...] = ()
    """Everybody who was told at this level or below it."""
    rounds: int = 0
    """How often it was begun from its lowest rungs with somebody to tell."""
    to_duty: bool = False
    raised_at: AwareDatetime
    climbs_at: AwareDatetime | None = None
    owner: str | None = None
    waiting_on: str | None = None
    action: str | None = None
    step: str | None = None
    due: AwareDatetime | None = None
    record: str | None = None
    program: str | None = None
    organisation: str | None = None
    status: Literal["open", "acknowledged"] = "open"

    @property
    def alert(self) -> str:
        return self.ids[-1]

    @property
    def next_round(self) -> int:
        """The level at which it begins from its lowest rung again."""
        return (self.level // len(self.rungs) + 1) * len(self.rungs)

    def begins(self, level: int) -> bool:
        """Whether a level lies in another round than the one before it."""
        return level // len(self.rungs) > self.level // len(self.rungs)

    def is_last(self, level: int) -> bool:
        """Whether no such level follows: it would begin a round too many."""
        return self.begins(level) and self.rounds >= ROUNDS_MAX

    @property
    def kind(self) -> str:
        """What is said of it, without the instant: `overdue`, `unanswered`, …"""
        return self.milestone.partition("/")[0]

    @property
    def unseen_until(self) -> datetime | None:
        """When the next level follows unless somebody says that they have seen it; None where they have, or no level follows."""
        return self.climbs_at if self.status == "open" else None

    @property
    def entry(self) -> Entry:
        """How a notice names it."""
        return Entry(
            alert=self.alert, item=self.item, rule=self.rule, milestone=self.kind, severity=self.severity,
            purpose=self.purpose, cause=self.cause,
            action=self.action, due=self.due, level=self.level, record=self.record,
        )  # fmt: skip


class Alerts(State):
    """`ladders` stand; of those that do not, `over` remembers the first alert's id, so that nothing is raised twice."""

    item: str
    ladders: tuple[Ladder, ...] = ()
    over: tuple[str, ...] = ()

    def knows(self, rule: str, milestone: str) -> bool:
        """Whether this lateness was ever raised."""
        first = alert_id(self.item, rule, milestone, 0)
        return first in self.over or any((ladder.rule, ladder.milestone) == (rule, milestone) for ladder in self.ladders)

    def ladder(self, alert: str) -> Ladder | None:
        """The ladder that stands with this alert on it, at whatever level it is by now."""
        return next((ladder for ladder in self.ladders if alert in ladder.ids), None)


def evolve(state: Alerts | None, fact: Change) -> Alerts | None:
    if isinstance(fact, AlertRaised):
        return _raised(state or Alerts(item=fact.item), fact)
    if state is None:
        return None
    match fact:
        case AlertPassedOn():
            told, called = _joined("told", fact.to), _joined("called", fact.to)
            return _with(state, fact.alert, told=told, called=called, left=_joined("left", fact.left))
        case AlertHeld():
            return _with(state, fact.alert, held_for=lambda one: (*one.held_for, fact.person))
        case AlertAcknowledged():
            return _with(state, fact.alert, status=lambda _: "acknowledged", climbs_at=lambda _: fact.climbs_at)
        case AlertPostponed():
            return _with(state, fact.alert, climbs_at=lambda _: fact.climbs_at)
        case AlertAbandoned():
            return _with(state, fact.alert, climbs_at=lambda _: None)
        case AlertActed() | AlertStopped():
            return _over(state, fact.alerts)
    return state


def _raised(state: Alerts, fact: AlertRaised) -> Alerts:
    before = next((one for one in state.ladders if (one.rule, one.milestone) == (fact.rule, fact.milestone)), None)
    said = {name: getattr(fact, name) for name in Ladder.model_fields if name in AlertRaised.model_fields}
    ids, called, rounds = (before.ids, before.called, before.rounds) if before else ((), (), 0)
    begins = bool(fact.told) and (before is None or not before.called or before.begins(fact.level))
    ladder = Ladder(**said, ids=(*ids, fact.alert), called=tuple(dict.fromkeys((*called, *fact.told))), rounds=rounds + begins)
    others = tuple(one for one in state.ladders if one is not before)
    return state.model_copy(update={"ladders": (*others, ladder)})


def _with(state: Alerts, alert: str, **changes: object) -> Alerts:
    """The ladder whose present alert this is, changed."""
    ladders = tuple(
        one.model_copy(update={name: change(one) for name, change in changes.items()}) if one.alert == alert else one  # type: ignore[operator]
        for one in state.ladders
    )
    return state.model_copy(update={"ladders": ladders})


def _joined(people: str, person: str) -> Callable[[Ladder], tuple[str, ...]]:
    """These people of a ladder, and one who may be among them already."""
    return lambda ladder: tuple(dict.fromkeys((*getattr(ladder, people), person)))


def _over(state: Alerts, alerts: tuple[str, ...]) -> Alerts:
    ended = [one for one in state.ladders if one.alert in alerts]
    over = (*state.over, *(alert_id(one.item, one.rule, one.milestone, 0) for one in ended))
    return state.model_copy(update={"ladders": tuple(one for one in state.ladders if one not in ended), "over": over})


def deadlines(state: Alerts) -> Iterable[Deadline]:
    """Whom to tell, at once; when to climb. What nobody acts on is never closed by time: a ladder without an end left stands."""
    for ladder in state.ladders:
        for person in (one for one in ladder.told if one not in (*ladder.held_for, *ladder.left)):
            yield Deadline(TELL, about(ladder.alert, person), ladder.raised_at - AHEAD[ladder.severity])
        if ladder.climbs_at:
            yield Deadline(CLIMB, ladder.alert, ladder.climbs_at)


def about(alert: str, person: str) -> str:
    """What a deadline to tell somebody is about."""
    return f"{alert} {person}"
