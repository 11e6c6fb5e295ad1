"""What goes between a payer and us. A submission is sent on to the payer that has a topic, and known here as `exchange/<x>` of our
number for it, so that its answers find their way.

Only the payer to which it was put may answer it: who sent an answer is its topic, and nothing inside can claim another.
"""

from datetime import datetime

from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.intake import ExchangeOpened, PayerResponseReceived
from contracts.kernel import Blind, Change, Decision, Early, Fact, Message, Reason, Refused, State, World
from contracts.partners import AuthorizationAnswered, Sensitivity
from services.intake import answers, consents, submissions

UNKNOWN_SUBMISSION = Reason("TL-5111", "/reference", "send back the number of the submission that you were sent (Claim.identifier)")

NO_CONSENT = Reason("TL-5112", "", "record the person's consent to tell the payer, or put it to the payer by another way")


class Exchange(State):
    """One submission: whose authorization, under which record its words are sealed, which partner answers it."""

    authorization: str
    record: str
    payer: str | None = None
    reference: str
    sensitivity: str = ""
    consent: str | None = None


def exchange_of(reference: str, blind: Blind) -> str:
    return "exchange/" + blind("exchange", reference)


def opened(message: Message, world: World, now: datetime) -> Decision:
    """Authorization put lines to a payer: on its topic, where it has one, or by another way. What 42 CFR Part 2 protects goes nowhere
    without consent."""
    data: AuthorizationSubmitted = message.data
    subject, record = exchange_of(data.reference, world.blind), world[data.record]
    label: Sensitivity = "part2" if message.sensitivity == "part2" else ""
    if world[subject]:
        return []
    permit = consents.permit_of(world, message.subject)
    if data.partner and label and not permit.opens("payer", now):
        return Refused((NO_CONSENT,))
    if data.partner and record is None:
        return Early(data.record)
    said = ExchangeOpened(
        authorization=message.subject, record=data.record, payer=data.partner, reference=data.reference,
        sensitivity=label, consent=permit.consent or message.consent or None,
    )  # fmt: skip
    return [Fact(subject, said), *([submissions.put(subject, data, record, label)] if data.partner else [])]


def inquired(message: Message, world: World, now: datetime) -> Decision:
    """Authorization asks where the decision is: so does the payer hear, where it has a topic."""
    data: DecisionInquired = message.data
    subject = exchange_of(data.reference, world.blind)
    if data.partner is None:
        return []
    return [submissions.awaited(subject, data)] if world[subject] else Early(subject)


def answered(message: Message, partner: str, world: World, now: datetime) -> Decision:
    """The payer's words go on sealed under the person's record; what they mean for the lines is authorization's to decide."""
    data: AuthorizationAnswered = message.data
    subject = exchange_of(data.reference, world.blind)
    state: Exchange | None = world[subject]
    if state is None or state.payer != partner:
        return Refused((UNKNOWN_SUBMISSION,))
    said = PayerResponseReceived(
        record=state.record, authorization=state.authorization, payer=partner, reference=data.reference, response=data.response,
        answer=data.answer, note=data.note, received_at=now,
    )  # fmt: skip
    return [Fact(subject, said, at=data.answer.answered_at), answers.received(subject, partner, message)]


def evolve(state: Exchange | None, fact: Change) -> Exchange | None:
    """An exchange stays what it was opened as; answers go through it."""
    if not isinstance(fact, ExchangeOpened):
        return state
    return Exchange(**{name: getattr(fact, name) for name in Exchange.model_fields})
