"""The gate before everything that 42 CFR Part 2 protects: nothing leaves without a permit in force.

What may not be told is kept, with somebody who asks the person, and told when consent comes. Whatever is said of a referral passes
here, so that no decision can forget it.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime

from contracts.answers import DecisionAwaited, ReferralStatusChanged
from contracts.clocks import Step
from contracts.consents import (
    SHUT,
    ConsentAsked,
    ConsentRecorded,
    ConsentRevoked,
    ConsentSettled,
    DisclosureWithheld,
    Given,
    Permit,
    PermitChanged,
    Recipient,
    newest,
)
from contracts.endings import RequestClosed, RequestDeathReported, RequestDeathRetracted, RequestReopened
from contracts.intake import RequestAmended, RequestReceived, RequestWithdrawn
from contracts.kernel import Change, Event, Fact, Message, World
from services.intake import answers, history
from services.intake.consents import Consent, ask, consent_of, from_elsewhere, nothing, permit_of, still_or_asked
from services.intake.given import best
from services.intake.records import Record
from services.intake.requests import Request

GUARDED: dict[type[Event], Recipient] = {ReferralStatusChanged: "sender", DecisionAwaited: "payer"}
"""What says more to somebody outside than they said themselves. Receipts, and questions for what is missing, do not."""


def gated(facts: Sequence[Fact], message: Message, world: World, now: datetime) -> list[Fact]:
    """What is said to anybody outside, passed or withheld; and what follows for the consent from what is said."""
    passed = [_passed_or_withheld(fact, facts, message, world, now) for fact in facts]
    return [*passed, *_beside(passed, message, world, now)]


def after(facts: Iterable[Fact], about: str, world: World) -> Permit:
    """The permit of a referral as it stands after these facts."""
    known, subject = permit_of(world, about), consent_of(about)
    for fact in facts:
        known = newest(known, fact.data.permit) if isinstance(fact.data, PermitChanged) and fact.subject == subject else known
    return known


def _passed_or_withheld(fact: Fact, facts: Sequence[Fact], message: Message, world: World, now: datetime) -> Fact:
    to, about = GUARDED.get(type(fact.data)), fact.subject if fact.subject.startswith("request/") else message.subject
    if to is None or not fact.sensitivity or after(facts, about, world).opens(to, now):
        return fact
    return _withheld(fact, to, about, world, now)


def _withheld(fact: Fact, to: Recipient, about: str, world: World, now: datetime) -> Fact:
    request: Request | None = world[f"request/{about.partition('/')[2]}"]
    known: Consent | None = world[consent_of(about)]
    state, reason = (answers.state_of(fact.data), fact.data.reason) if isinstance(fact.data, ReferralStatusChanged) else (None, None)
    said = DisclosureWithheld(
        request=f"request/{about.partition('/')[2]}", record=request.record if request else known.record if known else "",
        to=to, said=fact.data.type, state=state, reason=reason, **still_or_asked(known, request, now)._asdict(),
    )  # fmt: skip
    return Fact(consent_of(about), said, sensitivity=fact.sensitivity, consent=fact.consent)


def _beside(facts: Sequence[Fact], message: Message, world: World, now: datetime) -> Iterator[Fact]:
    """What a fact of the referral means for its consent, whoever said it."""
    kinds = {type(fact.data) for fact in facts}
    for fact in facts:
        known: Consent | None = world[consent_of(fact.subject)]
        for said in _follows(fact, known, message, world, now, kinds):
            yield Fact(consent_of(fact.subject), said, sensitivity=fact.sensitivity, consent=fact.consent)
            if isinstance(said, ConsentRecorded):
                yield from told_now(known, said, world[fact.subject], now)


def _follows(fact: Fact, known: Consent | None, message: Message, world: World, now: datetime, kinds: Set[type]) -> Iterator[Change]:
    match fact.data:
        case RequestReceived() | RequestAmended() as said if said.permit:
            asks = RequestDeathReported not in kinds
            yield from _by_sender(fact.subject, said, said.permit, known, message, world, now, asks)
        case RequestDeathReported() if known:
            yield from _settled(known, "death-reported", message)
        case RequestClosed() | RequestWithdrawn() if known and DisclosureWithheld not in kinds and known.withheld is None:
            yield from _settled(known, "referral-ended", message)
        case RequestReopened() | RequestDeathRetracted() if fact.sensitivity and not permit_of(world, fact.subject).opens("program", now):
            request: Request = world[fact.subject]
            yield ConsentAsked(request=fact.subject, record=request.record, reason="reopened", **ask(request, now)._asdict())


def _by_sender(
    subject: str, said: RequestReceived | RequestAmended, permit: Permit, known: Consent | None, message: Message, world: World,
    now: datetime, asks: bool,
) -> Iterator[Change]:  # fmt: skip
    """A message brought a label, a consent, or the end of one."""
    about, by = {"request": subject, "record": said.record}, message.actor.id or "sender"
    before = known.permit if known else SHUT
    request: Request | None = world[subject] or history.evolve(None, said)
    if permit.version > before.version and permit.consent:
        yield ConsentRecorded(**about, permit=permit, by=by, recorded_at=now, scope="record", next=nothing())
    elif permit.version > before.version and before.consent:
        step = ask(request, now) if asks and request and request.sensitivity else Step(nothing())
        yield ConsentRevoked(**about, permit=permit, consent=before.consent, by=by, revoked_at=now, **step._asdict())
    elif not before.consent and said.sensitivity and (word := _of_person(world[said.record], known, now)):
        yield from_elsewhere(known or Consent(**about), said.record, word)
    elif asks and said.sensitivity and not permit.opens("program", now) and (known is None or known.owed is None):
        yield ConsentAsked(**about, reason="missing", **ask(request, now)._asdict())


def _of_person(record: Record | None, known: Consent | None, now: datetime) -> Given | None:
    """A consent that counts for the person already, where that is known."""
    return best(record.standing, known.closed_at if known else None, now) if record else None


def _settled(known: Consent, reason: str, message: Message) -> Iterator[ConsentSettled]:
    if known.owed:
        yield ConsentSettled(reason=reason, by=message.actor.id or "intake", next=nothing())


def told_now(known: Consent | None, said: ConsentRecorded, request: Request | None, now: datetime) -> list[Fact]:
    """What was withheld of the sender is told, as it stood last."""
    if known is None or known.withheld is None or request is None or not said.permit.opens("sender", now):
        return []
    return answers.own(known.request, request, now, *known.withheld)
