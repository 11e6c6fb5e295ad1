"""What a year must show, read from the facts alone: an owner at every instant, every clock told in time and once, each one explained."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contracts.assignment import (
    NoProgramAvailable,
    OfferUnanswered,
    PlacementAccepted,
    PlacementContactLogged,
    PlacementDeclined,
    PlacementEnded,
    PlacementHalted,
    PlacementOffered,
    PlacementReopened,
    PlacementWaitlisted,
)
from contracts.kernel import Change, kind_of
from contracts.lateness import Overdue, OverdueRetracted, Warned
from deploy.clocks import explainers
from tests.explaining import stands, untold
from tests.year.board import Board
from tests.year.network import Network, Said

ONE_STEP = ("request", "placement", "care")
"""Aggregates that owe one step at a time, so that `next` says all of it."""
AROUND = ("find-place", "contact-client", "contact-again")
"""Clocks of a placement that run around its steps."""
HEARING = timedelta(hours=6)
"""No fact takes longer from one service to another here."""


@dataclass
class Step:
    action: str
    due: datetime | None
    since: datetime


@dataclass
class Ledger:
    """`faults` says what was wrong, in words; `counts` what there was."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _board: Board = field(default_factory=Board)
    _steps: dict[str, Step] = field(default_factory=dict)
    _around: dict[str, dict[str, Step]] = field(default_factory=lambda: defaultdict(dict))
    """Of a placement, beside its step: by when it must be found, the person reached, each desk have answered."""
    _late: dict[str, set[tuple[str, datetime]]] = field(default_factory=lambda: defaultdict(set))
    network: Network | None = None

    def watch(self, said: Said, before: Any) -> None:
        self.counts["facts"] += 1
        self.faults += self._board.hears(said)
        if isinstance(said.data, Overdue):
            self._overdue(said, before)
        elif isinstance(said.data, OverdueRetracted):
            self._late[said.subject].discard((said.data.action, said.data.due))
        elif not isinstance(said.data, Warned | OfferUnanswered):
            self._passed_by(said)
        self._step(said)

    def _overdue(self, said: Said, before: Any) -> None:
        """In time to the minute of its deadline, once, of a step that stood; and its arithmetic can be told."""
        late: Overdue = said.data
        self.counts["overdue"] += 1
        key = (late.action, late.due)
        if said.at < late.due:
            self.faults.append(f"{said.subject}: {late.action} told {late.due - said.at} early")
        if key in self._late[said.subject]:
            self.faults.append(f"{said.subject}: {late.action} told late twice")
        self._late[said.subject].add(key)
        step = self._steps.get(said.subject)
        if late.action not in AROUND and kind_of(said.subject) in ONE_STEP:
            if step is None or (step.action, step.due) != key:
                self.faults.append(f"{said.subject}: {late.action} told late, which was not owed")
            elif said.at > max(late.due, step.since):
                self.faults.append(f"{said.subject}: {late.action} told {said.at - late.due} after its end")
        if not (late.citation and late.owner and late.citation_status):
            self.faults.append(f"{said.subject}: {late.action} without its source or owner")
        self._explained(said, before)

    def _explained(self, said: Said, state: Any) -> None:
        """In words, as `throughline rules explain` prints them; where the need changed since, they say that what was recorded stands."""
        assert self.network
        service, module = explainers()[kind_of(said.subject)]
        known = {name: self.network.houses[service].states.get(name) for name in module.references(said.subject)}
        running, late = list(module.running(state, known)), said.data
        if fault := untold(said.subject, late.action, late.due, running):
            self.faults.append(fault)
            return
        self.counts["explained"] += 1
        self.counts["explained by what was recorded"] += not stands(late.action, late.due, running)

    def _passed_by(self, said: Said) -> None:
        """A step whose time is over when something else is said must have been told late before."""
        for step in self._standing(said.subject):
            if step.due and step.since < step.due < said.at and (step.action, step.due) not in self._late[said.subject]:
                late = said.at - step.due
                self.faults.append(f"{said.subject}: {step.action} was due {late} before {said.data.type}, and nobody said so")

    def _standing(self, subject: str) -> list[Step]:
        step = self._steps.get(subject)
        return [*([step] if step else ()), *self._around[subject].values()]

    def _step(self, said: Said) -> None:
        if kind_of(said.subject) == "placement":
            self._clocks_around(said)
        if kind_of(said.subject) not in ONE_STEP or not isinstance(said.data, Change) or said.data.next is None:
            return
        block, known = said.data.next, self._steps.get(said.subject)
        clocks = kind_of(said.subject) != "request" or block.action != "find-place"  # its clock is the placement's
        told = block.due if clocks and block.action not in ("await-answer", "call-programs", "schedule") else None
        since = known.since if known and (known.action, known.due) == (block.action, told) else said.at
        self._steps[said.subject] = Step(block.action, told, since)

    def _clocks_around(self, said: Said) -> None:
        around, fact = self._around[said.subject], said.data
        match fact:
            case PlacementOffered() | NoProgramAvailable():
                for program in getattr(fact, "released", ()):
                    around.pop(f"answer of {program}", None)
                named = {"find-place": fact.services_by, "contact-client": None if "reached" in around else fact.reach_by}
                named |= {f"answer of {one.program}": one.respond_by for one in getattr(fact, "offers", ())}
                for action, due in named.items():
                    same = action in around and around[action].due == due
                    around[action] = around[action] if same else Step(action, due, said.at)
            case PlacementDeclined() | PlacementWaitlisted():
                around.pop(f"answer of {fact.program}", None)
            case OfferUnanswered():
                step = around.pop(f"answer of {fact.program}", None)
                if step is None or step.due != fact.respond_by or said.at != max(step.since, step.due or said.at):
                    self.faults.append(f"{said.subject}: {fact.program} was told silent, at another time than it had")
            case PlacementContactLogged(outcome="reached"):
                around.pop("contact-client", None)
                around.pop("contact-again", None)
                around["reached"] = Step("reached", None, said.at)
            case PlacementContactLogged():
                around["contact-again"] = Step("contact-again", fact.next_attempt_at, said.at)
            case PlacementReopened():
                around.clear()
            case PlacementEnded():
                around.clear()
                self._steps.pop(said.subject, None)
            case PlacementAccepted() | PlacementHalted():
                self._around[said.subject] = {"reached": around["reached"]} if "reached" in around else {}

    def closes(self, now: datetime) -> None:
        """At the end: whatever stood past its time was told."""
        for subject in self._board.open | dict.fromkeys(self._steps):
            for step in self._standing(subject):
                if step.due and step.due <= now and (step.action, step.due) not in self._late[subject]:
                    self.faults.append(f"{subject}: {step.action} was due, and nobody said so")
        self.counts["open"] = sum(self._board.open.values())
        self.counts["referrals"] = len(self._board.open)
