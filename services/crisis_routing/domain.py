"""What crisis routing decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts import clocks, shift_ends
from contracts.assignment import PlacementAccepted
from contracts.crisis_intake import ContactAmended, ContactReceived
from contracts.intake import RecordLinked
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
    kind_of,
)  # fmt: skip
from contracts.rosters import RosterShifted
from contracts.shift_ends import SHIFTS, Shifts
from services.crisis_routing import beds, closing, contacts, course, episode, file, lateness, ownership, placing, roster, teams, watch
from services.crisis_routing import commands as asked_for
from services.crisis_routing.episode import FIND_BED, FIND_TEAM, HAND_OVER, ON_SCENE, RELEASE, Episode
from services.crisis_routing.roster import ROSTER, Roster
from services.crisis_routing.steps import Case, Decided, told

UNKNOWN = Reason("TL-5405", "", "there is no such episode")
OVER = Reason("TL-5406", "", "the episode is closed")
HEARS = (ContactReceived, ContactAmended, RecordLinked, PlacementAccepted, RosterShifted, *watch.PLANS)
STATES: dict[str, type[State]] = {
    "episode": Episode, "team": teams.Team, "facility": beds.Facility, "person": file.File, "watch": watch.Watch, "crisis-roster": Roster,
    "shifts": Shifts,
}  # fmt: skip
ABOUT_A_STEP = (HAND_OVER, clocks.WARN, clocks.DUE)
"""Deadlines that are about no other aggregate: what they need is in the episode."""


def route(message: Message, blind: Blind) -> Route:
    """What a message is about, and what it names beside it: a team, a facility, a person. The roster is only read."""
    data = message.data
    match data:
        case asked_for.ListRoster():
            return Route((ROSTER,))
        case ContactReceived():
            return Route((data.person, contacts.episode_of(message.subject)), references=(ROSTER,))
        case ContactAmended():
            return Route((data.person,))
        case RecordLinked():
            return Route((data.person, data.left))
        case PlacementAccepted():
            return Route(claims=(closing.outpatient_claim(_request(message), blind),))
        case _ if isinstance(data, watch.PLANS):
            return Route((watch.watch_of(message.subject),))
        case RosterShifted():
            return Route((SHIFTS,))
        case DeadlinePassed() if data.name == shift_ends.SHIFT_ENDED:
            return shift_ends.route(data, ROSTER)
        case DeadlinePassed():
            named = data.about.split(",") if data.name not in ABOUT_A_STEP else ()
            return Route((message.subject, *filter(None, named)), references=(ROSTER,))
        case asked_for.AskOutpatient():
            return Route((message.subject,), (closing.outpatient_claim(data.request, blind),), (ROSTER,))
    beside = getattr(data, "team", None) or getattr(data, "facility", None)
    return Route((message.subject, *filter(None, (beside,))), references=(ROSTER,))


def _request(message: Message) -> str:
    return message.subject.replace("placement/", "request/", 1)


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    data = message.data
    if isinstance(data, asked_for.ListRoster):
        return roster.listed(world[ROSTER], data)
    if isinstance(data, RosterShifted):
        return shift_ends.listed(world[SHIFTS], data, now)
    if isinstance(data, DeadlinePassed) and data.name == shift_ends.SHIFT_ENDED:
        return [*told(_shift_ended(message, world, now), world, now), shift_ends.followed(world[SHIFTS], world.share)]
    said = _decided(message, world, world[ROSTER] or Roster(), now)
    if isinstance(said, Refused | Early):
        return said
    facts = told(said, world, now)
    if isinstance(data, asked_for.AskOutpatient):
        claim = closing.outpatient_claim(data.request, world.blind)
        return [Fact(fact.subject, fact.data, claims=(claim,), sensitivity=fact.sensitivity, consent=fact.consent) for fact in facts]
    return facts


def _decided(message: Message, world: World, known: Roster, now: datetime) -> Decided | Early:
    data = message.data
    match data:
        case ContactReceived():
            return contacts.received(message, world, known, now)
        case ContactAmended():
            return contacts.amended(message, world, now)
        case RecordLinked():
            return file.linked(data, message.subject, world, now)
        case PlacementAccepted():
            held = world.held.get(closing.outpatient_claim(_request(message), world.blind))
            case = _case(held or "", message, world, known, now)
            return closing.accepted(case, data, _request(message)) if case else ()
        case _ if isinstance(data, watch.PLANS):
            return watch.heard(message, world, now)
        case DeadlinePassed():
            return _passed(message, world, known, now)
        case asked_for.SignOn() | asked_for.SignOff():
            return teams.sign(message, world, known, now)
        case asked_for.CountBeds():
            return beds.count(message, world, known, now)
    case = _case(message.subject, message, world, known, now)
    if case is None:
        return Refused((UNKNOWN,))
    return Refused((OVER,)) if case.episode.status == "closed" else ASKED[type(data)](case, data)


def _passed(message: Message, world: World, known: Roster, now: datetime) -> Decided:
    data = message.data
    match data.name:
        case file.BRING_UP:
            return contacts.bring_up(message, world, known, now)
        case watch.NOTE_PLAN:
            return watch.note(message, world, now)
        case teams.CONFIRM:
            return teams.unanswered(message, world, _case(data.about, message, world, known, now))
        case beds.HOLD_ENDS:
            return placing.hold_ended(message, world, _case(data.about, message, world, known, now))
        case episode.LEAVE:
            return contacts.left(message, world)
    case = _case(message.subject, message, world, known, now)
    return PASSED[data.name](case, data) if case else ()


def _shift_ended(message: Message, world: World, now: datetime) -> Iterable[tuple[str, Change]]:
    """Each episode that was answered for by duty of the shift is asked of the next one."""
    ends, known = world[SHIFTS], world[ROSTER] or Roster()
    for subject in () if ends.goes_on else world.share:
        case = _case(subject, message, world, known, now)
        if case and case.episode.role == ends.shifts[0].role:
            yield from ownership.shift_ended(case)


def _case(subject: str, message: Message, world: World, known: Roster, now: datetime) -> Case | None:
    state: Episode | None = world[subject] if kind_of(subject) == "episode" else None
    return Case(subject, state, world, known, message.actor, now) if state else None


PASSED: Mapping[str, Callable[[Case, DeadlinePassed], Decided]] = {
    FIND_TEAM: teams.look,
    ON_SCENE: teams.overdue,
    FIND_BED: placing.look,
    RELEASE: placing.let_go,
    HAND_OVER: ownership.unanswered,
    clocks.WARN: lateness.passed,
    clocks.DUE: lateness.passed,
}
ASKED: Mapping[type[Any], Callable[[Case, Any], Decided]] = {
    asked_for.TriageEpisode: contacts.triage,
    asked_for.SeekTeam: teams.seek,
    asked_for.ProposeTeam: teams.propose,
    asked_for.ConfirmTeam: teams.confirm,
    asked_for.DeclineTeam: teams.decline,
    asked_for.ReportFieldStatus: teams.report,
    asked_for.ResolveByContact: closing.resolve,
    asked_for.RecordDisposition: placing.dispose,
    asked_for.SeekBed: placing.seek,
    asked_for.HoldBed: placing.hold,
    asked_for.ReleaseBed: placing.release,
    asked_for.AcceptPerson: placing.accept,
    asked_for.DeclinePerson: placing.decline,
    asked_for.ConfirmArrival: placing.arrive,
    asked_for.ShareCrisisPlan: closing.share,
    asked_for.NameFollowUp: closing.name,
    asked_for.AskOutpatient: closing.ask_outpatient,
    asked_for.LinkOutpatient: closing.link,
    asked_for.ReportDeath: closing.report_death,
    asked_for.VerifyDeath: closing.verify,
    asked_for.CloseEpisode: closing.close,
    asked_for.TakeEpisode: ownership.take,
    asked_for.AskHandOver: ownership.ask,
    asked_for.AcceptHandOver: ownership.accept,
    asked_for.DeclineHandOver: ownership.decline,
    asked_for.WithdrawHandOver: ownership.withdraw,
}

LIVES: Mapping[str, tuple[Callable[[Any, Change], State | None], Callable[[Any], Iterable[Deadline]]]] = {
    "episode": (course.evolve, episode.deadlines),
    "team": (teams.evolve, teams.deadlines),
    "facility": (beds.evolve, beds.deadlines),
    "person": (file.evolve, file.deadlines),
    "watch": (watch.evolve, watch.deadlines),
    "crisis-roster": (roster.evolve, lambda _: ()),
    "shifts": (shift_ends.evolve, shift_ends.deadlines),
}
"""By the kind of an aggregate, which is the first word of its facts' types."""
KINDS: Mapping[type[State], str] = {state: kind for kind, state in STATES.items()}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return LIVES[fact.type.partition(".")[0]][0](state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks of an aggregate."""
    return LIVES[KINDS[type(state)]][1](state)


whose = episode.whose
