"""What notification decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.directory import LEADS, DirectoryListed
from contracts.kernel import Blind, Change, Deadline, DeadlinePassed, Decision, Errand, Fact, Message, Route, State, World, kind_of
from services.notification import alerts, belonging, climbing, notices, recipients, roster, silence, telling
from services.notification.alerts import CLIMB, TELL, Alerts, alerts_on
from services.notification.belonging import HUSH, Belonging, belonging_of, item_of
from services.notification.commands import (
    COMMANDS,
    AcknowledgeAlert,
    BeginNotice,
    EndNotice,
    EndSilence,
    ListContacts,
    ListShifts,
    ListSubscriptions,
    RecordBounce,
    SetAway,
    SetPreferences,
)
from services.notification.notices import FLAG, LATE, LOST, Notice
from services.notification.recipients import HAND_ON, RELEASE, Recipient, person_of, recipient
from services.notification.roster import ROSTER, Roster
from services.notification.silence import SPREAD, Silence, silence_of
from services.notification.sources import DEATH, NOTED, Kind, Late, calls, family, late, takes_back_a_death, tells_of_a_death

STATES: dict[str, type[State]] = {
    "alert": Alerts, "belonging": Belonging, "notice": Notice, "recipient": Recipient, "roster": Roster, "silence": Silence,
}  # fmt: skip
FOLDS: Mapping[str, Callable[[Any, Change], State | None]] = {
    "alert": alerts.evolve, "belonging": belonging.evolve, "notice": notices.evolve, "recipient": recipients.evolve,
    "roster": roster.evolve, "silence": silence.evolve,
}  # fmt: skip


def route(message: Message, blind: Blind) -> Route:
    """A fact concerns the alerts of its item; the roster, and whether the person may be alive, are only read beside them."""
    data, subject = message.data, message.subject
    match data:
        case DirectoryListed() | ListSubscriptions() | ListShifts():
            return Route((ROSTER,))
        case DeadlinePassed():
            return _passed(message)
        case EndSilence():
            return Route(tuple(map(silence_of, family(subject.partition("/")[2]))))
        case AcknowledgeAlert() | SetAway():
            return Route((subject,), references=(ROSTER,))
        case BeginNotice():
            return Route((subject,), references=(*map(alerts_on, data.items), *map(silence_of, (*data.items, *data.records))))
    if isinstance(data, (*COMMANDS, EndNotice)):
        return Route((subject,))
    read = (ROSTER, *belonging.reads(message))
    if tells_of_a_death(data) or takes_back_a_death(data):
        return Route((*map(alerts_on, family(subject)), *map(silence_of, _about(message, *family(subject)))), references=read)
    return Route((alerts_on(subject), *belonging.writes(message)), references=(*read, *map(silence_of, _about(message, subject))))


def _about(message: Message, *items: str) -> tuple[str, ...]:
    """Whom or what a fact may be silent about: items, and the record that it names."""
    record = getattr(message.data, "record", None)
    return (*items, record) if record else items


def _passed(message: Message) -> Route:
    """Whom a deadline of one aggregate concerns beside it: its name says how, what it is about says whom."""
    subject, passed = message.subject, message.data
    match passed.name:
        case "tell":
            alert, _, person = passed.about.partition(" ")
            return Route((subject, recipient(person), telling.notice_of(alert, person)))
        case "climb":
            return Route((subject,), references=(ROSTER,))
        case "release":
            return Route((subject, telling.bundle_of(person_of(subject), passed.about, passed.at)))
        case "hand-on":
            return Route((subject, alerts_on(passed.about.partition(" ")[2])))
        case "flag":
            return Route((subject, recipient(passed.about.partition(" ")[2])))
        case "spread":
            return silence.route(subject, passed.about)
        case "hush":
            items = family(belonging.item_of(subject))
            return Route((*map(alerts_on, items), *map(silence_of, items)), references=(subject, ROSTER))
    return Route((subject,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door."""
    data, subject = message.data, message.subject
    match data:
        case DirectoryListed() | ListSubscriptions() | ListShifts():
            return roster.decided(world[ROSTER], message, now)
        case DeadlinePassed():
            return _deadline(message, world, now)
        case AcknowledgeAlert():
            return climbing.acknowledged(subject, world[subject], message, _roster(world), now)
        case BeginNotice():
            about = {item: world[alerts_on(item)] for item in data.items}
            return notices.begun(subject, world[subject], data, about, _silent(world, (*data.items, *data.records)), now)
        case EndNotice():
            return notices.ended(subject, world[subject], data, now)
        case RecordBounce():
            return notices.bounced(subject, world[subject], data, now)
        case EndSilence():
            found = [silence_of(one) for one in family(subject.partition("/")[2])]
            return silence.lifted({one: world[one] for one in found}, message, now)
        case ListContacts():
            return recipients.listed(subject, world[subject], message, world.blind)
        case SetPreferences():
            return recipients.preferred(subject, world[subject], message)
        case SetAway():
            known = _roster(world)
            return recipients.away(subject, message, known.on_duty(LEADS, now), known.everybody, now)
    return _heard(message, world, now)


def _heard(message: Message, world: World, now: datetime) -> Decision:
    """A fact of the network: a death stops what is told; what was done ends its alerts; what is late raises one."""
    if not isinstance(message.data, Change):
        return ()
    item, known = message.subject, _roster(world)
    if tells_of_a_death(message.data):
        return _died(message, world, known, now)
    lifted = _taken_back(message, world, now) if takes_back_a_death(message.data) else []
    target, state = alerts_on(item), world[alerts_on(item)]
    changes = list(climbing.acted(state, message))
    kind = calls(message.data)
    if kind and not known.is_history(message.at, now) and not _silent(world, _about(message, item)):
        for change in changes:
            state = alerts.evolve(state, change)
        changes += climbing.raised(state, _late(message, kind, world, known), known, now)
    return [*lifted, *(Fact(target, change) for change in changes), *_learned(message, world, now)]


def _learned(message: Message, world: World, now: datetime) -> list[Fact]:
    """Whose the item is; where it is about somebody who was reported dead before, that is to be heard of all of it."""
    item = message.subject
    facts = belonging.learned(world[belonging_of(item)], message)
    if facts and _silent(world, _about(message)):
        facts += belonging.silenced(belonging_of(item), world[belonging_of(item)], True, now)
    return facts


def _late(message: Message, kind: Kind, world: World, known: Roster) -> Late:
    """What is late, and whose that is."""
    return belonging.narrowed(late(message, kind), message, world.states, known.programs)


def _died(message: Message, world: World, known: Roster, now: datetime) -> Decision:
    """Nothing more about this person to anybody, but that somebody must verify it."""
    item, fact = message.subject, message.data
    facts = climbing.stopped([world[alerts_on(one)] for one in family(item)], fact.type)
    for one in _about(message, *family(item)):
        facts += silence.begun(world[silence_of(one)], one, fact.type, item, now)
    if known.is_history(message.at, now) or kind_of(item) == "record":  # each of its open requests asks for the verification
        return facts
    verify = climbing.raised(world[alerts_on(item)], _late(message, DEATH, world, known), known, now)
    return [*facts, *(Fact(alerts_on(item), change) for change in verify)]


def _taken_back(message: Message, world: World, now: datetime) -> list[Fact]:
    """Whoever was reported dead lives: what is late about them from now on is told again."""
    found = {one: world[one] for one in map(silence_of, _about(message, *family(message.subject)))}
    return silence.ended(found, message.actor.id or message.data.type, now)


def _hushed(subject: str, state: Belonging | None, about: str, world: World, now: datetime) -> list[Fact]:
    """A record's silence, or its end, has come to one of the items that are about it, and to what follows from that."""
    if state is None or about != ("silent" if state.silent else "heard"):
        return []
    item = item_of(subject)
    states = {one: world[alerts_on(one)] for one in family(item)}
    if not state.silent:
        ended = silence.ended({silence_of(one): world[silence_of(one)] for one in states}, NOTED, now)
        return [*ended, *climbing.verified(states.values())]
    facts = climbing.stopped(list(states.values()), NOTED)
    for one in states:
        facts += silence.begun(world[silence_of(one)], one, NOTED, state.record or item, now)
    return facts + climbing.asked_to_verify(states[item], _roster(world), now)


def _silent(world: World, about: tuple[str, ...]) -> list[str]:
    """Those of whom nobody is told anything."""
    return [one for one in about if (known := world[silence_of(one)]) and known.stands]


def _roster(world: World) -> Roster:
    known: Roster | None = world[ROSTER]
    return known or Roster()


def _deadline(message: Message, world: World, now: datetime) -> Decision:
    subject, passed = message.subject, message.data
    state = world[subject]
    match passed.name:
        case name if name == TELL:
            alert, _, person = passed.about.partition(" ")
            return telling.told(state, alert, person, world[recipient(person)], world[telling.notice_of(alert, person)], now)
        case name if name == CLIMB:
            return [Fact(subject, change) for change in climbing.climbed(state, passed.about, passed.at, _roster(world), now)]
        case name if name == RELEASE:
            return telling.released(person_of(subject), state, passed.about, passed.at, now)
        case name if name == HAND_ON:
            alert, _, item = passed.about.partition(" ")
            return telling.handed_on(person_of(subject), state, alert, world[alerts_on(item)], now)
        case name if name == LOST:
            return notices.lost(subject, state, passed.about, now)
        case name if name == LATE:
            return notices.late(subject, state, passed.about, now)
        case name if name == FLAG:
            return notices.flagged(subject, state, passed.about, world[recipient(passed.about.partition(" ")[2])])
        case name if name == SPREAD:
            return silence.spread(subject, state, {one: world[one] for one in world.share}, world.share, passed.at)
        case name if name == HUSH:
            return _hushed(subject, state, passed.about, world, now)
    return ()


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return FOLDS[fact.type.partition(".")[0]](state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks: of ladders, of messages on their way, of what is held for somebody; and how a death comes to all that is about a person."""
    match state:
        case Alerts():
            return alerts.deadlines(state)
        case Notice():
            return notices.deadlines(state)
        case Recipient():
            return recipients.deadlines(state)
        case Silence():
            return silence.deadlines(state)
        case Belonging():
            return belonging.deadlines(state)
    return ()


def errand(state: State) -> Errand | None:
    """What must be handed to a channel."""
    return notices.errand(state) if isinstance(state, Notice) else None


whose = belonging.whose
