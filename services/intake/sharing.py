"""A consent counts for the person: given on one referral it opens the others, taken back on one it shuts them all.

It goes from the referral where it was said to the record, from there to the record's other referrals and, by the cluster, to those of
every linked record: by deadlines that are due at once, durable, in any order. A referral's own consent goes before one from elsewhere.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from contracts.clocks import Step
from contracts.consents import ConsentRecorded, ConsentRevoked, Given, RecordConsentsLearned
from contracts.intake import UNLINKED
from contracts.kernel import Change, Deadline, Decision, Fact, Message, World, kind_of
from services.intake import given
from services.intake.clusters import learnt
from services.intake.consents import INTAKE, Consent, ask_again, changed, consent_of, from_elsewhere, nothing
from services.intake.disclosing import told_now
from services.intake.records import Record, newer
from services.intake.requests import Request

SHARE = "share-consents"
Said = ConsentRecorded | ConsentRevoked | None


def passed(message: Message, world: World, now: datetime) -> Decision:
    """A referral tells its record what was said of consent there, or the record tells a referral what stands for the person."""
    subject, about = message.subject, message.data.about
    if kind_of(subject) == "consent":
        state, record = world[subject], world[about]
        return learnt(about, record, given.merged(record.given, state.said), record.told, now) if state and record else []
    record, request = world[subject], world[about.replace("consent/", "request/", 1)]
    return _aligned(about, world[about], request, subject, record, now) if record and request else []


def _aligned(subject: str, known: Consent | None, request: Request, record: str, told: Record, now: datetime) -> Sequence[Fact]:
    if known is None and not request.sensitivity:
        return []
    state = known or Consent(request=subject.replace("consent/", "request/", 1), record=record)
    words = told.standing
    said = (
        _ended(state, request, record, words, now) if state.permit.consent and not state.of else _others(state, request, record, words, now)
    )
    if said is None:
        return []
    more = told_now(state, said, request, now) if isinstance(said, ConsentRecorded) else []
    return [Fact(subject, said, sensitivity=request.sensitivity), *more]


def _ended(state: Consent, request: Request, record: str, words: Sequence[Given], now: datetime) -> Said:
    """Of its own consent only that it was taken back elsewhere."""
    word = given.find(words, state.scope, state.permit.consent)
    is_over = word is not None and word.ended and (state.given_at is None or word.said_at >= state.given_at)
    return _revoked(state, request, record, word, now) if is_over else None


def _others(
    state: Consent, request: Request, record: str, words: Sequence[Given], now: datetime
) -> ConsentRecorded | ConsentRevoked | None:
    """What stands for the person takes the place of what stood."""
    best = given.best(words, state.closed_at, now)
    if best is None:
        return _revoked(state, request, record, given.find(words, state.scope, state.permit.consent), now) if state.permit.consent else None
    return None if _stands(state, best) else from_elsewhere(state, record, best)


def _stands(state: Consent, word: Given) -> bool:
    permit = state.permit
    return (permit.consent, permit.recipients, permit.until, state.scope) == (word.consent, word.recipients, word.until, word.scope)


def _revoked(state: Consent, request: Request, record: str, word: Given | None, now: datetime) -> ConsentRevoked:
    """Taken back elsewhere; or, where nobody of this person ever said it, it was somebody else's."""
    asks = request.is_open and request.sensitivity and not request.dead_since
    step = ask_again(request, now) if asks else Step(nothing())
    shut = changed(state.permit, consent=None, recipients=(), until=None)
    by, at = (INTAKE, word.said_at) if word and word.ended else (UNLINKED, now)
    about = {"request": state.request, "record": state.record, "of": record, "consent": state.permit.consent}
    return ConsentRevoked(**about, permit=shut, by=by, revoked_at=at, **step._asdict())


def of_consent(state: Consent) -> Iterator[Deadline]:
    """The record hears at once what was said here."""
    if state.news_at:
        yield Deadline(SHARE, state.record, state.news_at)


def of_record(state: Record) -> Iterator[Deadline]:
    """Every referral of the record hears at once what counts for it."""
    if state.given_at:
        yield from (Deadline(SHARE, consent_of(request), state.given_at) for request in state.requests)


def evolve(state: Record | None, fact: Change) -> Record | None:
    """Which consents count for a record; the person hears of those that are theirs."""
    if state is None or not isinstance(fact, RecordConsentsLearned):
        return state
    is_news = given.of_person(fact.given) != given.of_person(state.given)
    news_at = newer(fact.noted_at, state.news_at) if is_news else state.news_at
    return state.model_copy(update={"given": fact.given, "told": fact.told, "given_at": fact.noted_at, "news_at": news_at})
