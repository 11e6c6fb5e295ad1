"""What follow-up says of plans, kept by plan: later facts do not name the person, and a plan may turn out to be somebody else's."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime

from contracts.crisis_files import PlanNoted, PlanWatched
from contracts.kernel import Change, Deadline, Early, Message, State, World
from contracts.plans import PlanDischarged, PlanHandedOn, PlanMoved, PlanOpened
from services.crisis_routing.steps import Decided

PLANS = (PlanOpened, PlanMoved, PlanHandedOn, PlanDischarged)
NOTE_PLAN = "note-plan"


class Watch(State):
    """One plan: whose it is, whose it was, who answers for it."""

    plan: str
    person: str | None = None
    left: str | None = None
    role: str | None = None
    noted_at: AwareDatetime

    @property
    def people(self) -> tuple[str, ...]:
        """Whose files must know."""
        return tuple(filter(None, (self.person, self.left)))


def watch_of(plan: str) -> str:
    """`plan/0190…` is watched as `watch/0190…`."""
    return plan.replace("plan/", "watch/", 1)


def heard(message: Message, world: World, now: datetime) -> Decided | Early:
    """What follow-up says of a plan: whose it is, who answers for it, that it is over. Whose it was stays until their file knows."""
    data, subject = message.data, watch_of(message.subject)
    state: Watch | None = world[subject]
    if isinstance(data, PlanOpened):
        return ((subject, PlanWatched(plan=message.subject, person=data.person, role=data.owner, noted_at=now)),) if state is None else ()
    if state is None:
        return Early(subject)
    told = PlanWatched(plan=state.plan, person=state.person, left=state.left, role=state.role, noted_at=now)
    return ((subject, told.model_copy(update=_changed(state, data))),)


def _changed(state: Watch, data: PlanMoved | PlanHandedOn | PlanDischarged) -> dict[str, str | None]:
    match data:
        case PlanMoved():
            return {"person": data.person, "left": data.left or state.person}
        case PlanHandedOn():
            return {"role": data.owner}
    return {"role": None}


def evolve(state: Watch | None, fact: Change) -> Watch | None:
    """What is known of the plan."""
    if not isinstance(fact, PlanWatched):
        return state
    return Watch(**{name: getattr(fact, name) for name in Watch.model_fields})


def deadlines(state: Watch) -> Iterable[Deadline]:
    """Its person's file hears of it in the next breath."""
    if state.people:
        yield Deadline(NOTE_PLAN, ",".join(state.people), state.noted_at)


def note(message: Message, world: World, now: datetime) -> Decided:
    """The plan stands in its person's file, and in nobody else's."""
    state: Watch | None = world[message.subject]
    if state is None or state.noted_at != message.data.at:
        return ()
    left = ((state.left, PlanNoted(plan=state.plan, noted_at=now)),) if state.left else ()
    kept = ((state.person, PlanNoted(plan=state.plan, role=state.role, noted_at=now)),) if state.person else ()
    return (*left, *kept)
