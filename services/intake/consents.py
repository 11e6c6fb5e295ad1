"""The consent of one referral: what may be disclosed under it, what was withheld for want of it, who asks the person by when.

`consent/<x>` of `request/<x>` is an item of its own beside the referral: whoever must ask the person owes that by a clock, wherever the
referral is meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime

from contracts import clocks
from contracts.clocks import Owed, Step, owed, told_late
from contracts.consents import (
    EVERYBODY,
    SHUT,
    ConsentAsked,
    ConsentAttempted,
    ConsentExpired,
    ConsentOverdue,
    ConsentRecorded,
    ConsentRevoked,
    ConsentSettled,
    ConsentWarned,
    DisclosureWithheld,
    EmergencyEnded,
    Given,
    Permit,
    PermitChanged,
    Scope,
)
from contracts.intake import UNLINKED
from contracts.kernel import Change, Deadline, DeadlinePassed, Decision, Fact, Message, Next, State, World
from services.intake.commands import LogConsentAttempt, RecordConsent, RecordEmergency, RevokeConsent, WaiveConsent
from services.intake.given import merged, scope_of
from services.intake.records import newer
from services.intake.requests import COORDINATOR, DESK, Request
from services.intake.rules import RULES

OBTAIN, EXPIRES, EMERGENCY_ENDS, EXPIRING = "obtain-consent", "consent-expires", "emergency-ends", "consent-expiring"
AHEAD = timedelta(days=14)
ENDED_KEPT = 20
INTAKE = "intake"
STANDING = (RecordConsent.type, RevokeConsent.type, RecordEmergency.type)
ALLOWED = (RecordConsent.type, LogConsentAttempt.type, RecordEmergency.type, WaiveConsent.type, RevokeConsent.type)


class Consent(State):
    """What may be disclosed of one referral, and what was not for want of it. `ended`: consents that no message brings back."""

    request: str
    record: str
    permit: Permit = SHUT
    ended: tuple[str, ...] = ()
    withheld: tuple[str, str | None] | None = None
    """What the sender would have been told last: the state of the referral, and the reason."""
    asked_ahead: bool = False
    owed: Owed | None = None
    scope: Scope = "referral"
    """How far the consent that stands counts."""
    of: str = ""
    """By which record it came from another referral of the person; empty: it was given here."""
    given_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    """When the person last took one back: nothing that was said before opens it again."""
    said: tuple[Given, ...] = ()
    """What was said here of consents that count beyond this referral, and when that last changed."""
    news_at: AwareDatetime | None = None


def consent_of(subject: str) -> str:
    """Of `request/0190…`, `placement/…`, `authorization/…` it is `consent/0190…`."""
    return f"consent/{subject.partition('/')[2]}"


def permit_of(world: World, subject: str) -> Permit:
    """As it stands before this decision; none where nothing was ever said."""
    state: Consent | None = world[consent_of(subject)]
    return state.permit if state else SHUT


def of_message(known: Consent | None, data: Any, now: datetime) -> Permit | None:
    """The permit after what a sender says; None where it says nothing of label or consent. A consent that ended stays ended."""
    if not (data.sensitivity or data.consent or data.consent_ended):
        return None
    before, ended = (known.permit, known.ended) if known else (SHUT, ())
    over = data.consent_until is not None and data.consent_until <= now
    given = data.consent if data.consent and data.consent not in (*ended, data.consent_ended) and not over else None
    if given and (given, data.consent_until) != (before.consent, before.until):
        return changed(before, consent=given, recipients=EVERYBODY, until=data.consent_until)
    if before.consent and before.consent == data.consent_ended:
        return changed(before, consent=None, recipients=(), until=None)
    return before


def changed(before: Permit, **changes: Any) -> Permit:
    return before.model_copy(update=changes | {"version": before.version + 1})


def ask(request: Request | None, now: datetime) -> Step:
    """It waits on the person, with a share of what is left of the regulatory time."""
    urgency, asked_at = (request.urgency, request.requested_at) if request else (None, now)
    whole = RULES.clock("services", asked_at, now=now, urgency=urgency or "routine")
    return _step(request, RULES.clock("consent", now, now=now, within=whole, urgency=urgency))


def ask_again(request: Request | None, now: datetime) -> Step:
    """An answer that opens nothing is looked at again."""
    return _step(request, RULES.clock("consent-again", now, now=now))


def _step(request: Request | None, clock: Any) -> Step:
    owner = DESK if request is None else COORDINATOR if request.is_placed else request.taken_by or DESK
    due = {"due": clock.due_at, "rule": clock.rule}
    return Step(Next(owner=owner, action=OBTAIN, waiting_on="client", allowed=ALLOWED, **due), clock.counts_from, clock.warns_at)


def still_or_asked(known: Consent | None, request: Request | None, now: datetime) -> Step:
    """A step that is owed keeps its clock."""
    return Step(still(known)) if known and known.owed else ask(request, now)


def still(known: Consent) -> Next | None:
    step = known.owed
    if step is None:
        return None
    waiting_on = None if step.late else step.waiting_on
    return Next(owner=step.owner, action=step.action, waiting_on=waiting_on, due=step.due, rule=step.rule, allowed=ALLOWED)


def nothing() -> Next:
    return Next(owner=DESK, action="none", allowed=STANDING)


def from_elsewhere(state: Consent, record: str, word: Given) -> ConsentRecorded:
    """A consent of the person that was given on another referral, on this one too."""
    permit = changed(state.permit, consent=word.consent, recipients=word.recipients, until=word.until)
    about = {"request": state.request, "record": state.record, "of": record, "by": INTAKE}
    return ConsentRecorded(**about, permit=permit, recorded_at=word.said_at, scope=word.scope, next=nothing())


def passed(message: Message, world: World, now: datetime) -> Decision:
    """A consent runs out or is about to, an emergency is over, or the step to ask the person is late."""
    known: Consent | None = world[message.subject]
    if known is None:
        return []
    request: Request | None = world[known.request]
    said = _run_out(known, request, message.data, now) or _late(known, message.data, now)
    return [Fact(message.subject, said, sensitivity=request.sensitivity if request else "")] if said else []


def _run_out(known: Consent, request: Request | None, data: DeadlinePassed, now: datetime) -> Change | None:
    permit, about = known.permit, {"request": known.request, "record": known.record}
    asks = request is not None and request.is_open and bool(request.sensitivity) and not request.dead_since
    match data.name:
        case _ if data.name == EXPIRING and permit.until and not known.asked_ahead and asks:
            return ConsentAsked(**about, reason="expiring", **still_or_asked(known, request, now)._asdict())
        case _ if data.name == EXPIRES and permit.consent and permit.until == data.at:
            shut = changed(permit, consent=None, recipients=(), until=None)
            step = still_or_asked(known, request, now) if asks else Step(nothing())
            return ConsentExpired(**about, permit=shut, consent=permit.consent, **step._asdict())
        case _ if data.name == EMERGENCY_ENDS and permit.emergency_until == data.at:
            return EmergencyEnded(**about, permit=changed(permit, emergency_until=None), next=still(known) or nothing())
    return None


def _late(known: Consent, data: DeadlinePassed, now: datetime) -> Change | None:
    step = known.owed
    if step is None or (over := clocks.is_over(step, data, now)) is None:
        return None
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    if not over:
        return ConsentWarned(**said, warns_at=clocks.still_to_come(step, now), next=still(known))
    after = known.model_copy(update={"owed": step.model_copy(update={"late": True})})
    cited = {**RULES.cited(step.rule), "late_minutes": clocks.late_minutes(step, now)}
    return ConsentOverdue(**said, **cited, next=still(after))


def deadlines(state: Consent) -> Iterable[Deadline]:
    """The step that is owed, the end of the consent and a fortnight before it, the end of an emergency."""
    yield from clocks.deadlines(state.owed)
    permit = state.permit
    if permit.consent and permit.until:
        yield Deadline(EXPIRES, permit.consent, permit.until)
        if not state.asked_ahead:
            yield Deadline(EXPIRING, permit.consent, permit.until - AHEAD)
    if permit.emergency_until:
        yield Deadline(EMERGENCY_ENDS, "", permit.emergency_until)


def evolve(state: Consent | None, fact: Change) -> Consent | None:
    """The life of a consent."""
    if state is None and isinstance(fact, PermitChanged | ConsentAsked | DisclosureWithheld):
        state = Consent(request=fact.request, record=fact.record)
    if state is None:
        return None
    begun = isinstance(fact, ConsentAttempted | ConsentRevoked | ConsentExpired)
    step = told_late(owed(None if begun else state.owed, fact), fact)
    return _evolved(state, fact).model_copy(update={"owed": step})


def _evolved(state: Consent, fact: Change) -> Consent:
    match fact:
        case ConsentRecorded():
            told = None if "sender" in fact.permit.recipients else state.withheld
            given = {"scope": fact.scope, "of": fact.of or "", "given_at": fact.recorded_at, **_said(state, fact)}
            return state.model_copy(update={"permit": fact.permit, "withheld": told, "asked_ahead": False, **given})
        case ConsentRevoked():
            closed_at = state.closed_at if fact.by == UNLINKED else max(fact.revoked_at, state.closed_at or fact.revoked_at)
            over = {"ended": (*state.ended, fact.consent)[-ENDED_KEPT:], "closed_at": closed_at, "of": "", **_said(state, fact)}
            return state.model_copy(update={"permit": fact.permit, **over})
        case PermitChanged():
            return state.model_copy(update={"permit": fact.permit})
        case ConsentAsked(reason="expiring"):
            return state.model_copy(update={"asked_ahead": True})
        case DisclosureWithheld(to="sender", state=str(said)):
            return state.model_copy(update={"withheld": (said, fact.reason)})
        case ConsentSettled():
            return state.model_copy(update={"withheld": None})
    return state


def _said(state: Consent, fact: ConsentRecorded | ConsentRevoked) -> dict[str, Any]:
    """A consent of more than this referral, or the end of one wherever it was given. What came from elsewhere is no word of its own, but
    the end of what was given here is: it stays when the link by which it came is gone."""
    is_end = isinstance(fact, ConsentRevoked) and fact.by != UNLINKED and any(one.consent == fact.consent for one in state.said)
    word = None if fact.of and not is_end else _word(state, fact)
    return {"said": merged(state.said, (word,)), "news_at": newer(word.said_at, state.news_at)} if word else {}


def _word(state: Consent, fact: ConsentRecorded | ConsentRevoked) -> Given | None:
    if isinstance(fact, ConsentRevoked):
        return Given(consent=fact.consent, scope=scope_of(state.scope), ended=True, said_at=fact.revoked_at)
    if fact.scope == "referral" or fact.recorded_at is None or fact.permit.consent is None:
        return None
    stands = {"consent": fact.permit.consent, "recipients": fact.permit.recipients, "until": fact.permit.until}
    return Given(**stands, scope=fact.scope, said_at=fact.recorded_at)
