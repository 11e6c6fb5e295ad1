"""From what was decided to facts: each with the steps that are open after it, followed by what it leads to by itself.

Of itself a fact leads to this: a referral is put at risk, or is so no more; a lateness that was told turns out to be none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.authorization import AuthorizationChange, AuthorizationOverdueRetracted, ReceiptConfirmed, ReferralPutAtRisk, RiskCleared
from contracts.authorization_lines import (
    AppealFiled,
    AppealWaived,
    ContinuationAsked,
    DecisionExtended,
    InformationSent,
    LineAnswered,
    LineFact,
    LinePended,
    PayerContactAsked,
)
from contracts.kernel import Actor, Fact, Message, Reason, Refused
from services.authorization.authorization import Authorization, Overdue, evolve, hazards
from services.authorization.lines import Line
from services.authorization.steps import allowed, next_of, steps_of

NO_LINE = Reason("TL-5304", "/line", "name a line of this authorization")
DECIDING = ("await-decision", "await-appeal", "contact-payer", "chase-decision")
DOES: dict[type[AuthorizationChange], tuple[str, ...]] = {
    InformationSent: ("send-information",),
    AppealFiled: ("decide-on-appeal",),
    AppealWaived: ("decide-on-appeal",),
    ContinuationAsked: ("ask-continuation",),
    DecisionExtended: ("await-decision",),
}
"""Which step a fact shows to be done, beside every decision, which shows that the payer decided."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one decision sees: an authorization and its id, what else was looked up, who acts, and when."""

    subject: str
    state: Authorization
    message: Message
    now: datetime
    reference: str = ""
    """Our number for what is put to the payer by this message."""
    claim: str = ""

    @property
    def actor(self) -> Actor:
        return self.message.actor

    def refused(self, reason: Reason) -> Refused:
        """Not so; here is what may be asked instead."""
        return Refused((reason,), allowed(self.state))

    def line(self, number: int | None) -> Line | None:
        return self.state.line(number)


Changes = Sequence[AuthorizationChange] | Refused


def told(subject: str, before: Authorization | None, changes: Sequence[AuthorizationChange], now: datetime) -> list[Fact]:
    """These changes as facts, in order, with what follows from them."""
    facts: list[Fact] = []
    state = before
    for change in changes:
        state = _say(facts, subject, state, change, now)
        for retracted in [*_retracted(state, change, now)]:
            state = _say(facts, subject, state, retracted, now)
    for follows in [*_risks(state, now)] if state else ():
        state = _say(facts, subject, state, follows, now)
    return facts


def _say(facts: list[Fact], subject: str, before: Authorization | None, change: AuthorizationChange, now: datetime) -> Authorization:
    dated = change if change.happened_at else change.model_copy(update={"happened_at": now})
    state = evolve(before, dated.model_copy(update={"steps": before.steps if before else ()}))
    assert state is not None
    state = state.model_copy(update={"steps": steps_of(state, now)})
    known = {name: getattr(state, name) for name in ("request", "program", "urgency", "status", "steps")}
    block = known | {"next": next_of(state)}
    facts.append(
        Fact(subject, dated.model_copy(update=block), at=dated.happened_at, sensitivity=state.sensitivity, consent=state.consent or "")
    )
    return state


def _risks(state: Authorization, now: datetime) -> Iterator[AuthorizationChange]:
    found = {hazard.key: hazard for hazard in hazards(state)}
    for key, hazard in found.items():
        if key not in state.risks:
            yield ReferralPutAtRisk(risk=hazard.risk, line=hazard.line, visit=hazard.visit or None, happened_at=now)
    for key in state.risks.keys() - found.keys():
        risk, line, visit = key.split("/", 2)
        yield RiskCleared(risk=risk, line=int(line), visit=visit or None, happened_at=now)


def _retracted(state: Authorization, change: AuthorizationChange, now: datetime) -> Iterator[AuthorizationOverdueRetracted]:
    """What was told to be late, and was not: its clock starts later than was thought, or it was done in time."""
    for one in state.overdue:
        if _moved(state, one, now) or _was_done(state, one, change):
            yield AuthorizationOverdueRetracted(action=one.action, line=one.line, rule=one.rule, due=one.due, happened_at=now)


def _moved(state: Authorization, one: Overdue, now: datetime) -> bool:
    return any((step.action, step.line) == (one.action, one.line) and step.due > max(one.due, now) for step in state.steps)


def _was_done(state: Authorization, one: Overdue, change: AuthorizationChange) -> bool:
    """Done at an instant that is known, and before it was due."""
    if isinstance(change, ReceiptConfirmed) or not isinstance(change, LineFact) or change.line != one.line or change.happened_at is None:
        return False
    decided = isinstance(change, LineAnswered) and not isinstance(change, LinePended | PayerContactAsked)
    does = DECIDING if decided else DOES.get(type(change), ())
    return one.action in does and change.happened_at <= one.due
