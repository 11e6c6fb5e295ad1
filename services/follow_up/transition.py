"""A transition: a person's stay somewhere, the leave, and the way back into care. Each obligation has a clock of its own.

The life is admitted → leave planned → discharged → attempted → reached → seen → linked, with everything that can come out of order:
a discharge before its admission, one that is taken back, the same again, a visit that is told weeks later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from contracts.kernel import Change
from contracts.partners import AgeGroup, Problem, StayKind
from contracts.transitions import (
    AdmissionCorrected,
    DischargeAttempted,
    DischargeCancelled,
    DischargeReached,
    LeavePlanned,
    PapersReceived,
    PersonDischarged,
    PersonSeen,
    RiskReviewed,
    SightingRetracted,
    StayContacted,
    TransitionEnded,
    TransitionMatched,
    TransitionMoved,
    TransitionOpened,
    TransitionSilenced,
    VisitArranged,
)
from services.follow_up import commands, items
from services.follow_up.items import Item, Need
from services.follow_up.rules import RULES, clock

DAY = timedelta(days=1)
AT_RISK_FOR = 30 * DAY
SAME_DAY_COUNTS = ("ed",)
"""FUM and FUA count a visit on the day of the ED visit; FUH and FUI do not count the day of discharge."""
PAPERS: tuple[Literal["records", "prescriptions"], ...] = ("records", "prescriptions")
IN_STAY = (commands.RecordDischarge, commands.RecordTransfer, commands.CancelAdmission)
AFTER_STAY = (commands.RecordDischarge, commands.CancelDischarge)
"""What may be told of a stay for its facility while it lasts, and once the person has left: then another discharge corrects the first."""
Status = Literal["admitted", "leave-planned", "discharged", "attempted", "reached", "seen", "ended"]


class Transition(Item):
    """One stay. Instants are the facility's; `seen_at` is the earliest visit after it that is known."""

    record: str
    person: str | None = None
    plan: str | None = None
    program: str | None = None
    kind: StayKind
    facility: str
    reference: str
    problem: Problem = "other"
    group: AgeGroup = "adult"
    at_risk: bool = False
    risk_reviewed_at: AwareDatetime | None = None
    status: Status = "admitted"
    opened_at: AwareDatetime
    admitted_at: AwareDatetime | None = None
    expected_at: AwareDatetime | None = None
    arranged_at: AwareDatetime | None = None
    contacted_at: AwareDatetime | None = None
    discharged_at: AwareDatetime | None = None
    to: str | None = None
    against_advice: bool = False
    attempted_at: AwareDatetime | None = None
    """The last attempt after the stay."""
    first_attempt_at: AwareDatetime | None = None
    reached_at: AwareDatetime | None = None
    first_reached_at: AwareDatetime | None = None
    seen_at: AwareDatetime | None = None
    papers: tuple[str, ...] = ()
    dead_since: AwareDatetime | None = None
    ended_how: str | None = None
    ended_at: AwareDatetime | None = None
    news_at: AwareDatetime | None = None

    @property
    def is_dead(self) -> bool:
        return self.dead_since is not None

    @property
    def needs(self) -> tuple[Need, ...]:
        if self.status == "ended":
            return ()
        if self.dead_since:
            return (Need("verify-death", clock("verify-death", self.dead_since)),)
        unmatched = () if self.plan else (Need("find-plan", clock("find-plan", self.admitted_at or self.discharged_at or self.opened_at)),)
        return (*unmatched, *(self._after_stay(self.discharged_at) if self.discharged_at else self._in_stay()))

    def _in_stay(self) -> Iterator[Need]:
        begun = self.admitted_at or self.opened_at
        if self.contacted_at is None:
            yield Need("contact-in-stay", clock("contact-in-stay", begun))
        if self.expected_at and self.arranged_at is None:
            yield Need("book-before-leave", clock("book-before-leave", self.expected_at - DAY))
        last = max(at for at in (begun, self.contacted_at, self.expected_at) if at)
        yield Need("ask-about-stay", clock("ask-about-stay", last), waiting_on=f"facility/{self.facility}")

    def _after_stay(self, discharged_at: datetime) -> Iterator[Need]:
        """The first attempt, the next ones, the visit within 7 and 30 days, papers; weekly while at risk."""
        if self.first_attempt_at is None and self.first_reached_at is None and self.seen_at is None:
            yield Need("attempt-contact", clock("reach-after-discharge", discharged_at))
        elif self.first_reached_at is None and self.seen_at is None and self.attempted_at:
            yield Need("attempt-again", clock("reach-again", self.attempted_at))
        if self.seen_at is None:
            yield Need("see-within-7", clock("seen-within-7", discharged_at))
            yield Need("see-within-30", clock("seen-within-30", discharged_at))
        else:
            yield Need("link-to-care", clock("link-to-care", self.seen_at))
        for kind in PAPERS:
            if kind not in self.papers:
                yield Need(f"receive-{kind}", clock("receive-papers", discharged_at, kind=kind), waiting_on=f"facility/{self.facility}")
        if self.at_risk:
            yield from self._at_risk(discharged_at)

    def _at_risk(self, discharged_at: datetime) -> Iterator[Need]:
        """Spoken with weekly for thirty days, and the risk looked at again in ninety."""
        last = max(at for at in (discharged_at, self.reached_at, self.seen_at) if at)
        weekly = Need("contact-weekly", clock("weekly-while-at-risk", last))
        if weekly.clock.due_at <= discharged_at + AT_RISK_FOR:
            yield weekly
        yield Need("review-risk", clock("risk-review", self.risk_reviewed_at or discharged_at))

    @property
    def allowed(self) -> tuple[str, ...]:
        if self.status == "ended":
            return ()
        if self.dead_since:
            return (commands.EndTransition.type,)
        always = (commands.RecordReached, commands.ArrangeVisit, commands.ReceivePapers, commands.ReviewRisk)
        if self.discharged_at:
            return tuple(one.type for one in (*always, commands.TryToReach, commands.EndTransition, *AFTER_STAY))
        return tuple(one.type for one in (*always, commands.PlanLeave, *IN_STAY))

    def counts(self, visit_at: datetime) -> bool:
        """Whether a visit is one after this stay, as the measure for it has it."""
        if self.discharged_at is None or visit_at < self.discharged_at:
            return False
        return self.kind in SAME_DAY_COUNTS or self.days_after(visit_at) > 0

    def days_after(self, visit_at: datetime) -> int:
        """Calendar days from the discharge, in the network's zone."""
        zone = RULES.hours.tzinfo
        assert self.discharged_at
        return (visit_at.astimezone(zone).date() - self.discharged_at.astimezone(zone).date()).days


def evolve(state: Transition | None, fact: Change) -> Transition | None:
    """What the transition becomes."""
    if isinstance(fact, TransitionOpened):
        named = {name: getattr(fact, name) for name in Transition.model_fields if name in TransitionOpened.model_fields}
        news_at = items.later(fact.noted_at, state.news_at if state else None)
        opened = Transition(**named, opened_at=fact.admitted_at or fact.noted_at, news_at=news_at)
        return items.stepped(opened, fact)  # type: ignore[no-any-return]
    if state is None:
        return None
    return items.stepped(_standing(_evolved(state, fact)), fact)  # type: ignore[no-any-return]


def _evolved(state: Transition, fact: Change) -> Transition:
    match fact:
        case TransitionMatched():
            return state.model_copy(update={"plan": fact.plan, "program": fact.program, "owner": fact.owner, "person": fact.person})
        case TransitionMoved():
            return state.model_copy(update={"person": fact.person, "news_at": items.later(fact.noted_at, state.news_at)})
        case TransitionSilenced():
            return state.model_copy(update={"dead_since": fact.since})
        case AdmissionCorrected():
            known = {name: value for name in ("admitted_at", "kind") if (value := getattr(fact, name))}
            return state.model_copy(update={**known, "news_at": items.later(fact.noted_at, state.news_at)})
        case LeavePlanned():
            return state.model_copy(update={"expected_at": fact.expected_at})
        case VisitArranged():
            return state.model_copy(update={"arranged_at": fact.starts_at})
        case StayContacted():
            return state.model_copy(update={"contacted_at": max(state.contacted_at or fact.at, fact.at)})
        case PersonDischarged():
            left = {"discharged_at": fact.at, "to": fact.to, "against_advice": fact.against_advice}
            return state.model_copy(update={**left, "seen_at": None, "news_at": items.later(fact.noted_at, state.news_at)})
        case DischargeCancelled():
            none = dict.fromkeys(("discharged_at", "to", "attempted_at", "first_attempt_at", "reached_at", "first_reached_at", "seen_at"))
            return state.model_copy(update={**none, "against_advice": False, "news_at": items.later(fact.noted_at, state.news_at)})
    return _after_stay(state, fact)


def _after_stay(state: Transition, fact: Change) -> Transition:
    match fact:
        case DischargeAttempted():
            first = min(state.first_attempt_at or fact.at, fact.at)
            return state.model_copy(update={"attempted_at": max(state.attempted_at or fact.at, fact.at), "first_attempt_at": first})
        case DischargeReached():
            first = min(state.first_reached_at or fact.at, fact.at)
            return state.model_copy(update={"reached_at": max(state.reached_at or fact.at, fact.at), "first_reached_at": first})
        case PersonSeen():
            return state.model_copy(update={"seen_at": fact.at})
        case SightingRetracted():
            return state.model_copy(update=_unseen(state, fact))
        case PapersReceived():
            return state.model_copy(update={"papers": (*state.papers, fact.kind)})
        case RiskReviewed():
            return state.model_copy(update={"at_risk": fact.at_risk, "risk_reviewed_at": fact.at})
        case TransitionEnded():
            return state.model_copy(
                update={"ended_how": fact.how, "ended_at": fact.at, "news_at": items.later(fact.noted_at, state.news_at)}
            )
    return state


def _unseen(state: Transition, fact: SightingRetracted) -> dict[str, datetime | None]:
    """Whatever that sighting had answered is open again."""
    answered = [name for name in ("seen_at", "reached_at", "first_reached_at") if getattr(state, name) == fact.at]
    return {name: None if name == "seen_at" else fact.reached_at for name in answered}


def _standing(state: Transition) -> Transition:
    """How far it has come, from what is known; never from the order in which it was told."""
    status: Status = "leave-planned" if state.expected_at else "admitted"
    if state.discharged_at:
        status = "seen" if state.seen_at else "reached" if state.reached_at else "attempted" if state.attempted_at else "discharged"
    return state.model_copy(update={"status": "ended" if state.ended_how else status})
