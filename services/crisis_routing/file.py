"""A person's file: which episode is open, which plans are active, what of it the episode must still be told.

Two contacts at once, or a contact and a new plan, both write it: so one episode is opened, and no plan's team is forgotten. What
belongs to an episode that is open already is brought to it in the next breath, by a deadline of this very instant.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import AwareDatetime

from contracts.crisis_files import FileBroughtUp, FileJoined, FileParted, PlanNoted
from contracts.crisis_routing import Contacted, ContactNoted
from contracts.intake import RecordLinked
from contracts.kernel import Change, Deadline, Early, State, World

BRING_UP = "bring-up"


class Noted(State):
    """A contact that the open episode has not heard of, and the episode that it opens should that one be over."""

    contacted: Contacted
    opening: str | None = None


class PlanOf(State):
    """A plan that is active, and who answers for it."""

    plan: str
    role: str


class File(State):
    """What is known of one person here. `owed_at`: since when the open episode must be told something."""

    episode: str | None = None
    record: str | None = None
    """The record that the open episode is about."""
    plans: tuple[PlanOf, ...] = ()
    waiting: tuple[Noted, ...] = ()
    owed_at: AwareDatetime | None = None


def evolve(state: File | None, fact: Change) -> File:
    """What the file becomes."""
    state = state or File()
    match fact:
        case ContactNoted(opened=True):
            return state.model_copy(update={"episode": fact.episode, "record": fact.contacted.record})
        case ContactNoted() if state.episode:
            noted = Noted(contacted=fact.contacted, opening=fact.opening)
            return state.model_copy(update={"waiting": (*state.waiting, noted), "owed_at": state.owed_at or fact.noted_at})
        case PlanNoted():
            kept = tuple(plan for plan in state.plans if plan.plan != fact.plan)
            plans = (*kept, PlanOf(plan=fact.plan, role=fact.role)) if fact.role else kept
            return state.model_copy(update={"plans": plans, "owed_at": _owed(state, fact.noted_at)})
        case FileBroughtUp():
            record = fact.record if fact.episode else None
            return state.model_copy(update={"episode": fact.episode, "record": record, "waiting": (), "owed_at": None})
        case FileJoined() if not state.episode:
            return state.model_copy(update={"episode": fact.episode, "record": fact.record, "owed_at": fact.noted_at})
        case FileParted():
            return state.model_copy(update={"episode": None, "record": None, "owed_at": None})
    return state


def _owed(state: File, at: datetime) -> datetime | None:
    return state.owed_at or (at if state.episode else None)


def deadlines(state: File) -> Iterable[Deadline]:
    """The open episode is told at once; `about` names it, and the one to open should it be over."""
    if state.episode and state.owed_at:
        yield Deadline(BRING_UP, ",".join(filter(None, (state.episode, opening_of(state)))), state.owed_at)


def opening_of(state: File) -> str | None:
    """The episode that the first waiting contact opens, should the open one be over."""
    return next((noted.opening for noted in state.waiting if noted.opening), None)


def linked(data: RecordLinked, record: str, world: World, now: datetime) -> Sequence[tuple[str, Change]] | Early:
    """A record is somebody else's than we thought: its open episode goes along. Two open ones stay apart, and that is said."""
    left: File | None = world[data.left]
    kept: File = world[data.person] or File()
    if left is None:
        return ()
    if left.waiting:  # a contact is on its way from this file to the episode: first that
        return Early(data.left)
    if left.episode is None or left.record != record:
        return ()
    joined = FileJoined(record=record, left=data.left, episode=left.episode, noted_at=now, other=kept.episode)
    parted = () if kept.episode else ((data.left, FileParted(record=record, person=data.person)),)
    return (*parted, (data.person, joined))
