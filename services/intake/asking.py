"""What a referral lacks: asked of its sender or of the client, supplied, or gone on without. The person's own clocks run on."""

from datetime import datetime

from contracts.intake import RequestInformationAsked, RequestInformationSupplied, RequestInformationWaived
from contracts.kernel import Decision, Fact, Message, World
from services.intake import answers, requests
from services.intake.requests import Request


def ask(message: Message, world: World, now: datetime) -> Decision:
    """Whoever took it asks, and stays its owner. Asked of the client instead, the sender is waited for no more."""
    request, state, data = message.subject, world[message.subject], message.data
    if refused := requests.unless_allowed(state, data.type):
        return refused
    step = requests.to_answer(state, _owner(state), data.of, now)
    assert step.next and step.next.due
    said = RequestInformationAsked(of=data.of, items=data.items, by=message.actor.id, answer_by=step.next.due, **step._asdict())
    told = [answers.lacking(request, state.partner, state.reference, data.items, step.next.due)] if _by_topic(state, data.of) else []
    return [Fact(request, said), *told]


def supplied(message: Message, world: World, now: datetime) -> Decision:
    """A person enters that it came."""
    request, state = message.subject, world[message.subject]
    return requests.unless_allowed(state, message.data.type) or came(request, state, message.actor.id, now, message.data.items)


def go_on(message: Message, world: World, now: datetime) -> Decision:
    request, state, data = message.subject, world[message.subject], message.data
    if refused := requests.unless_allowed(state, data.type):
        return refused
    said = RequestInformationWaived(by=message.actor.id, reason=data.reason, **_to_triage(state, now))
    return [Fact(request, said), *_resumed(request, state)]


def came(request: str, state: Request, by: str, now: datetime, items: tuple[str, ...] = ()) -> list[Fact]:
    """It goes on where it stood: the time for triage was running all along."""
    return [Fact(request, RequestInformationSupplied(items=items, by=by, **_to_triage(state, now))), *_resumed(request, state)]


def _to_triage(state: Request, now: datetime) -> dict[str, object]:
    return requests.to_triage(state, _owner(state), state.triage_from or now, now)._asdict()


def _owner(state: Request) -> str:
    return state.taken_by or requests.DESK


def _by_topic(state: Request, of: str) -> bool:
    return state.channel == "partner" and of == "sender"


def _resumed(request: str, state: Request) -> list[Fact]:
    """The sender was told that it is on hold."""
    if not _by_topic(state, state.asked or ""):
        return []
    return [answers.status(request, state.partner, state.reference, "acknowledged")]
