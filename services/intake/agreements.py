"""Agreements with partners: registered, warned of ahead of their end, and ended. Time alone shuts nobody out: a person decides on that."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from contracts.agreements import AgreementEnded, AgreementExpiring, PartnerRegistered
from contracts.directory import LEADS
from contracts.kernel import Change, Deadline, DeadlinePassed, Fact, Message, Next, State, World
from services.intake.commands import RegisterPartner
from services.intake.rules import RULES

RENEW = "renew-agreement"
EXPIRING, ENDED = "agreement-expiring", "agreement-ended"


class Partner(State):
    """An organisation that may publish, the kind of agreement it does so under, and what of its end was told."""

    name: str
    agreement: str
    ends_on: date | None = None
    told: str = ""
    registered: PartnerRegistered | None = None
    """What was registered last, whole; None where that was before agreements said more than their kind."""


def registered(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    """As the network file has it now; the same again is no fact. A new end takes back what was told of the one before."""
    data: RegisterPartner = message.data
    known: Partner | None = world[message.subject]
    said = PartnerRegistered(**{name: getattr(data, name) for name in type(data).model_fields}, next=Next(owner=LEADS, action="none"))
    return [] if known and _same(known, said) else [Fact(message.subject, said)]


def _same(known: Partner, said: PartnerRegistered) -> bool:
    before = known.registered or PartnerRegistered(name=known.name, agreement=known.agreement)
    return before.model_copy(update={"next": None}) == said.model_copy(update={"next": None})


def ends_at(on: date) -> datetime:
    """The end of its last day, where the network is."""
    return datetime.combine(on + timedelta(days=1), time(), RULES.hours.tzinfo)


def passed(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    """The end is near, or was."""
    known: Partner | None = world[message.subject]
    data: DeadlinePassed = message.data
    if known is None or known.ends_on is None or data.about != known.ends_on.isoformat() or known.told == ENDED:
        return []
    end = ends_at(known.ends_on)
    is_over = now >= end
    if not is_over and (data.name == ENDED or known.told):
        return []
    rule = RULES.find(RENEW, known.ends_on, {}).id
    about = {"agreement": known.agreement, "ends_on": known.ends_on, "ends_at": end}
    said = AgreementEnded if is_over else AgreementExpiring
    return [Fact(message.subject, said(**about, next=Next(owner=LEADS, action=RENEW, due=end, rule=rule)))]


def deadlines(state: Partner) -> Iterator[Deadline]:
    """The end of the agreement, and so long before it that it can be renewed in time."""
    if state.ends_on is None or state.told == ENDED:
        return
    end, about = ends_at(state.ends_on), state.ends_on.isoformat()
    if not state.told:
        yield Deadline(EXPIRING, about, end - RULES.find(RENEW, state.ends_on, {}).limit.length)
    yield Deadline(ENDED, about, end)


def evolve(state: Partner | None, fact: Change) -> Partner | None:
    """What stands between us and a partner."""
    match fact:
        case PartnerRegistered():
            told = state.told if state and state.ends_on == fact.ends_on else ""
            whole = fact.model_copy(update={"next": None})
            return Partner(name=fact.name, agreement=fact.agreement, ends_on=fact.ends_on, told=told, registered=whole)
        case AgreementExpiring() if state:
            return state.model_copy(update={"told": EXPIRING})
        case AgreementEnded() if state:
            return state.model_copy(update={"told": ENDED})
    return state
