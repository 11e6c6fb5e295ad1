"""What goes between a payer and us: a submission is known here as `exchange/<x>` of our number for it, so that its answers find their way.

Only the payer to which it was put may answer it: who sent an answer is its topic, and nothing inside can claim another.
"""

from collections.abc import Sequence
from datetime import datetime

from contracts.authorization import AuthorizationSubmitted
from contracts.intake import ExchangeOpened, PayerResponseReceived
from contracts.kernel import Blind, Change, Decision, Fact, Message, Reason, Refused, State, World
from contracts.partners import AuthorizationAnswered
from services.intake import answers

UNKNOWN_SUBMISSION = Reason("TL-5111", "/reference", "send back the number of the submission that you were sent (Claim.identifier)")


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


def opened(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    """Authorization put lines to a payer, on its topic or by another way."""
    data: AuthorizationSubmitted = message.data
    subject = exchange_of(data.reference, world.blind)
    label = "part2" if message.sensitivity == "part2" else ""
    said = ExchangeOpened(
        authorization=message.subject, record=data.record, payer=data.partner, reference=data.reference,
        sensitivity=label, consent=message.consent or None,
    )  # fmt: skip
    return [] if world[subject] else [Fact(subject, said)]


def answered(message: Message, partner: str, world: World) -> Decision:
    """The payer's words go on sealed under the person's record; what they mean for the lines is authorization's to decide."""
    data: AuthorizationAnswered = message.data
    subject = exchange_of(data.reference, world.blind)
    state: Exchange | None = world[subject]
    if state is None or state.payer != partner:
        return Refused((UNKNOWN_SUBMISSION,))
    said = PayerResponseReceived(
        record=state.record, authorization=state.authorization, payer=partner, reference=data.reference, response=data.response,
        answer=data.answer, note=data.note,
    )  # fmt: skip
    return [Fact(subject, said, at=data.answer.answered_at), answers.received(subject, partner, message)]


def evolve(state: Exchange | None, fact: Change) -> Exchange | None:
    """An exchange stays what it was opened as; answers go through it."""
    if not isinstance(fact, ExchangeOpened):
        return state
    return Exchange(**{name: getattr(fact, name) for name in Exchange.model_fields})
