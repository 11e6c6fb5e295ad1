"""Who owes what next in an episode, by when, and what may be asked: a table over its status. And the case that a decision sees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.clocks import Step
from contracts.crisis_lateness import EpisodeOverdueRetracted, EpisodeWarned
from contracts.kernel import Actor, Change, Command, Fact, Next, Reason, Refused, World, kind_of
from contracts.lateness import Calling
from services.crisis_routing import commands as asked_for
from services.crisis_routing import course
from services.crisis_routing.episode import PLACING, SEARCHING, SETTLED, TOLD_OTHERWISE, Episode
from services.crisis_routing.roster import Roster
from services.crisis_routing.rules import RULES

Said = Sequence[tuple[str, Change]]
"""What happened to which aggregate, in order."""
Decided = Said | Refused
NOT_NOW = Reason("TL-5402", "", "see what is allowed now")
NOT_YOURS = Reason("TL-5403", "", "its owner, or somebody on duty behind the owning role, may ask this")
NOT_THE_DESK = Reason("TL-5404", "", "the desk that was asked answers, or the owner's side enters what it said")

HANDED_ON = (asked_for.AcceptHandOver.type, asked_for.DeclineHandOver.type, asked_for.WithdrawHandOver.type)
OFFERED: Mapping[type[Command], tuple[str, ...]] = {
    asked_for.TriageEpisode: SEARCHING,
    asked_for.ResolveByContact: SEARCHING,
    asked_for.SeekTeam: SEARCHING,
    asked_for.ProposeTeam: SEARCHING,
    asked_for.ConfirmTeam: ("proposed", "seeking", "no-team"),
    asked_for.DeclineTeam: ("proposed",),
    asked_for.RecordDisposition: (*SEARCHING, "on-scene", "handed-to-911", *PLACING),
    asked_for.SeekBed: ("no-facility",),
    asked_for.HoldBed: ("placing", "no-facility"),
    asked_for.ReleaseBed: PLACING,
    asked_for.AcceptPerson: ("placing", "no-facility"),
    asked_for.DeclinePerson: ("placing", "no-facility"),
    asked_for.ConfirmArrival: PLACING,
    asked_for.NameFollowUp: (*SETTLED, *PLACING, "on-scene", "handed-to-911"),
    asked_for.AskOutpatient: (*SETTLED, *PLACING, "on-scene"),
    asked_for.LinkOutpatient: (*SETTLED,),
    asked_for.VerifyDeath: ("died",),
}
"""Which command may be asked in which status; reports from the field, hand-over and closing depend on more."""


def allowed(state: Episode) -> tuple[str, ...]:
    """Commands that may be asked now."""
    if state.status == "closed":
        return ()
    found = [command.type for command, statuses in OFFERED.items() if state.status in statuses]
    found += [asked_for.ReportFieldStatus.type] if state.teams else []
    found += [asked_for.ReportDeath.type] if state.status != "died" else []
    found += [asked_for.CloseEpisode.type] if may_close(state) else []
    found += [asked_for.TakeEpisode.type] if state.owner == state.role else []
    return (*found, asked_for.ShareCrisisPlan.type, *(HANDED_ON if state.hand_over else (asked_for.AskHandOver.type,)))


def may_close(state: Episode) -> bool:
    """Nothing of ours is out or held, and somebody looks after the person, or a person verified that nobody can."""
    held = state.team or state.releasing or state.waiting_on
    over = state.status in SETTLED and state.follow_up is not None
    return not held and (over or (state.status == "died" and state.died_from is None))


@dataclass(frozen=True, slots=True)
class Case:
    """What one decision sees: an episode and its id, everything else that was loaded, who acts, and when."""

    subject: str
    episode: Episode
    world: World
    roster: Roster
    actor: Actor
    now: datetime

    def refused(self, reason: Reason) -> Refused:
        """Not so; here is what may be asked instead."""
        return Refused((reason,), allowed(self.episode))

    @property
    def on_owners_side(self) -> bool:
        """The owner, or a colleague on duty behind the role it is answered for under."""
        return self.actor.id == self.episode.owner or self.actor.id in self.roster.on_duty(self.episode.role)

    def at(self, desk: str | None) -> bool:
        """Whether who asks answers for this desk, or enters for the owner's side what it said."""
        return self.on_owners_side or (desk is not None and self.actor.id in self.roster.on_duty(desk))

    def after(self, said: Said) -> "Case":
        """The same case once these have happened."""
        state = self.episode
        for subject, change in said:
            if subject == self.subject:
                state = course.evolve(state, change) or state
        return Case(self.subject, state, self.world, self.roster, self.actor, self.now)


def told(said: Iterable[tuple[str, Change]], world: World, now: datetime) -> list[Fact]:
    """These changes as facts, in order; those of an episode with who owes what after it, and every one with the episode's label."""
    states: dict[str, Episode | None] = {}
    facts: list[Fact] = []
    for subject, change in said:
        if kind_of(subject) != "episode":
            facts.append(Fact(subject, change))
            continue
        before = states.get(subject, world[subject])
        for one in (*_taken_back(before, change, now), change):
            known = states.get(subject, before)
            full = _with_next(known, one, now)
            states[subject] = course.evolve(known, full)
            facts.append(Fact(subject, full))
    about = next((state for state in states.values() if state), None)
    label: dict[str, Any] = {"sensitivity": about.sensitivity, "consent": about.consent or ""} if about else {}
    return [Fact(fact.subject, fact.data, **label) for fact in facts]


def _with_next(before: Episode | None, change: Change, now: datetime) -> Change:
    """A warning says itself which are still to come."""
    block = next_of(before, course.evolve(before, change), now, _happened_at(change, now))
    if isinstance(change, EpisodeWarned):
        block = block._replace(warns_at=change.warns_at)
    return _calling(change.model_copy(update=block._asdict()))


def _taken_back(before: Episode | None, change: Change, now: datetime) -> tuple[Change, ...]:
    """A step that was told late, and that this ended before its time was over, as we hear now."""
    late, after = before.owed if before else None, course.evolve(before, change)
    if late is None or after is None or not late.late or _happened_at(change, now) > late.due or step(after, now)[0] == late.action:
        return ()
    return (EpisodeOverdueRetracted(action=late.action, rule=late.rule, due=late.due),)


def _happened_at(change: Change, now: datetime) -> datetime:
    """When it was so, as whoever tells it says; else now. What is owed from then on counts from that instant (law 3)."""
    return next((at for name in ("decided_at", "reported_at", "arrived_at") if (at := getattr(change, name, None))), now)


def _calling(change: Change) -> Change:
    """Lateness says whom its rule has called; where it names none, the rule of what is to be done now."""
    if not isinstance(change, Calling):
        return change
    rule = getattr(change, "rule", None) or (change.next.rule if change.next else None)
    return change.model_copy(update={"escalates": RULES.ladder(rule)})


def next_of(before: Episode | None, after: Episode | None, now: datetime, happened_at: datetime) -> Step:
    """Who owes what by when. A later fact of the same step never gives it more time, nor another start or other warnings."""
    if after is None:
        return Step()
    if after.status == "closed":
        return Step(Next(owner=after.owner, action="none"))
    kept, (action, rule, starts_at, waiting_on) = before.owed if before else None, step(after, now)
    if kept is None or kept.action != action:
        kept, (action, rule, starts_at, waiting_on) = None, step(after, happened_at)
    clock, fixed = RULES.clock(rule, starts_at, now=now, setting=after.setting), _fixed(after, action)
    due = fixed or min(clock.due_at, kept.due if kept else clock.due_at)
    owner = after.follow_up if action == "reach-after-crisis" and after.follow_up else after.owner
    following = Next(owner=owner, action=action, waiting_on=waiting_on, due=due, rule=clock.rule, allowed=allowed(after))
    if kept and due == kept.due:
        return Step(following, kept.counts_from or starts_at)
    return Step(following, starts_at, None if action in TOLD_OTHERWISE else clock.warns_at)


def _fixed(state: Episode, action: str) -> datetime | None:
    """An end that a fact has set already."""
    return {
        "confirm-team": state.confirm_before,
        "await-team": state.on_scene_before,
        "await-facility": min((asked.answer_before for asked in state.waiting_on), default=None),
        "confirm-arrival": state.arrive_before,
        "reach-after-crisis": state.reach_before,
    }.get(action)


def step(state: Episode, now: datetime) -> tuple[str, str, datetime, str | None]:
    """The next step of a status: action, rule, the instant that its clock starts at, and whom it waits on."""
    match state.status:
        case "opened" | "contact":
            return "resolve-or-send-team", "resolve-by-contact", state.contacted_at, None
        case "seeking" | "no-team":
            return "find-team", "find-team", state.sought_since or now, None
        case "proposed":
            return "confirm-team", "confirm-team", now, state.team_desk
        case "referred" | "dispatched" | "en-route":
            return "await-team", "on-scene", state.referred_at or now, state.team_desk
        case "on-scene":
            return "record-disposition", "decide-disposition", state.on_scene_at or now, state.team_desk
        case "unable-to-locate" | "declined" | "cancelled" | "handed-to-911":
            return "decide-next-step", "decide-next-step", now, None
        case "died" if state.died_from:
            return "verify-death", "verify-death", now, None
        case "placing" if state.waiting_on:
            first = min(state.waiting_on, key=lambda asked: asked.answer_before)
            return "await-facility", "answer-for-bed", first.asked_at or now, ",".join(asked.desk for asked in state.waiting_on)
        case "placing" | "no-facility":
            return "find-bed", "find-bed", state.sought_since or now, None
        case "accepted":
            return "confirm-arrival", "arrive", state.accepted_at or now, state.facility_desk
        case "follow-up" if state.follow_up_consent != "declined":
            return "reach-after-crisis", "reach-after-crisis", state.contacted_at, None
        case "resolved" | "disposed" | "arrived" if state.follow_up is None:
            return "name-follow-up", "name-follow-up", now, None
    return "close-episode", "close-episode", now, None
