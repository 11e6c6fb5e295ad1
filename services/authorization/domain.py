"""What authorization decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts import consents, members
from contracts.assignment import PlacementAccepted, PlacementEnded
from contracts.directory import DirectoryListed
from contracts.intake import PayerResponseReceived
from contracts.kernel import (
    Blind,
    Change,
    Deadline,
    DeadlinePassed,
    Decision,
    Early,
    Fact,
    Message,
    Reason,
    Refused,
    Route,
    State,
    World,
    derived,
)
from services.authorization import (
    answers,
    appeals,
    authorization,
    care,
    coverage,
    determining,
    information,
    lateness,
    requirements,
    steps,
    submitting,
)
from services.authorization import commands as c
from services.authorization.authorization import Authorization
from services.authorization.coverage import Coverage, coverage_of
from services.authorization.requirements import REQUIREMENTS, Requirements
from services.authorization.telling import Case, Changes, told

UNKNOWN = Reason("TL-5305", "", "there is no such authorization")
UNMATCHED = Reason("TL-5306", "/reference", "no authorization here has this submission: enter the decision by hand, on the one it is about")
NOT_NOW = Reason("TL-5307", "", "this authorization has ended; only a payer's answer is still taken")
HEARS = (DirectoryListed, PlacementAccepted, PlacementEnded, PayerResponseReceived, *care.VISITS, *consents.CHANGES)
STATES: dict[str, type[State]] = {
    "authorization": Authorization, "coverage": Coverage, "requirements": Requirements, "members": members.Members,
}  # fmt: skip
AFTER_THE_END = (*care.VISITS, *consents.CHANGES, PlacementEnded, PayerResponseReceived, DeadlinePassed, c.EnterDecision, c.ConfirmReceipt)


def authorization_of(subject: str) -> str:
    """What a program accepted as `placement/0190…`, and follows as `plan/0190…`, is authorized as `authorization/0190…`."""
    kind, _, rest = subject.partition("/")
    return f"authorization/{rest}" if kind in ("placement", "plan", "consent") else subject


def route(message: Message, blind: Blind) -> Route:
    """The authorization; tables and coverage are read beside it, each changed by its own command alone."""
    data = message.data
    match data:
        case DirectoryListed():
            return Route((members.MEMBERS,))
        case c.ListRequirements():
            return Route((REQUIREMENTS,))
        case c.RecordCoverage():
            return Route((message.subject,))
        case PlacementAccepted():
            known = (coverage_of(data.record),) if data.record else ()
            return Route((authorization_of(message.subject),), references=(REQUIREMENTS, *known))
        case PayerResponseReceived():
            return Route((data.authorization,))
        case c.Determine() | c.SubmitAuthorization():
            return Route((message.subject,), references=(REQUIREMENTS,))
    return Route((authorization_of(message.subject),))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    match message.data:
        case DirectoryListed():
            return members.listed(world[members.MEMBERS], message.data.belonging())
        case c.ListRequirements():
            return requirements.listed(world[REQUIREMENTS], message.data)
        case c.RecordCoverage():
            return coverage.recorded(message)
    subject = message.data.authorization if isinstance(message.data, PayerResponseReceived) else authorization_of(message.subject)
    state: Authorization | None = world[subject]
    if isinstance(message.data, PlacementAccepted):
        return () if state else _opened(subject, message, world, now)
    if state is None and isinstance(message.data, care.VISITS):
        return Early(subject)
    if state is None:
        return () if isinstance(message.data, PlacementEnded | consents.PermitChanged) else Refused((_unknown(message),))
    if state.ended and not isinstance(message.data, AFTER_THE_END):
        return Refused((NOT_NOW,), steps.allowed(state))
    case = Case(subject, state, message, now, reference=derived("submission", subject, message.id))
    changes = _changes(case, world)
    return changes if isinstance(changes, Refused) else _made_up(case, told(subject, state, changes, now))


def _made_up(case: Case, facts: list[Fact]) -> list[Fact]:
    """These facts, and units used by visits that were told before what covers them."""
    state = case.state
    for fact in facts:
        state = authorization.evolve(state, fact.data)  # type: ignore[arg-type, assignment]
    used = care.made_up(replace(case, state=state)) if facts and state.took_place else ()
    return (
        facts
        if isinstance(used, Refused) or not used
        else [*facts, *_made_up(replace(case, state=state), told(case.subject, state, used, case.now))]
    )


def _unknown(message: Message) -> Reason:
    return UNMATCHED if isinstance(message.data, PayerResponseReceived) else UNKNOWN


def _opened(subject: str, message: Message, world: World, now: datetime) -> list[Fact]:
    """Opened; and determined in the same breath where table and coverage are known."""
    opened = determining.opening(message, message.data, authorization_of(message.subject).replace("authorization/", "request/", 1))
    facts = told(subject, None, (opened,), now)
    state = authorization.evolve(None, facts[0].data)  # type: ignore[arg-type]
    known = world[coverage_of(opened.record)] if opened.record else None
    assert state
    found = tuple(determining.by_table(state, known, world[REQUIREMENTS] or Requirements()))
    return [*facts, *told(subject, state, found, now)] if found else facts


def _changes(case: Case, world: World) -> Changes:
    data = case.message.data
    match data:
        case c.Determine():
            return determining.determine(case, data, world[REQUIREMENTS] or Requirements())
        case c.SubmitAuthorization():
            return submitting.submit(case, data, world[REQUIREMENTS] or Requirements())
    return DECISIONS[type(data)](case, data)


DECISIONS: dict[type[Any], Callable[[Case, Any], Changes]] = {
    PlacementEnded: determining.placement_ended,
    PayerResponseReceived: answers.received,
    DeadlinePassed: lateness.passed,
    c.AddLines: determining.add,
    c.CancelLine: determining.cancel,
    c.EndAuthorization: determining.end,
    c.ConfirmReceipt: submitting.confirm_receipt,
    c.InquireDecision: submitting.inquire,
    c.EnterDecision: answers.entered,
    c.EnterExtension: answers.extended,
    c.EnterInformationRequest: information.enter,
    c.SendInformation: information.send,
    c.ConfirmInformation: information.confirm,
    c.FileAppeal: appeals.file,
    c.WaiveAppeal: appeals.waive,
    c.AskContinuation: appeals.ask_continuation,
    c.SettleDataIssue: appeals.settle,
    **dict.fromkeys(care.VISITS, care.followed),
    **dict.fromkeys(consents.CHANGES, determining.permitted),
    c.NoteVisit: care.note,
    c.UseUnits: care.use,
}


EVOLVES: dict[str, Callable[[Any, Change], State | None]] = {
    "requirements": requirements.evolve, "coverage": coverage.evolve, "members": members.evolve,
}  # fmt: skip


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return EVOLVES.get(fact.type.partition(".")[0], authorization.evolve)(state, fact)  # the lines of one speak in their own name


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks of an authorization; tables and coverages have none."""
    return steps.deadlines(state) if isinstance(state, Authorization) else ()
