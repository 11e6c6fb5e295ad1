"""What holds whatever happens, in whatever order: one owner always, one acceptance at most, nothing closed by time."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.assignment import (
    HandedOff,
    HandOffUnanswered,
    NoProgramAvailable,
    OfferUnanswered,
    OwnerAssigned,
    PlacementAccepted,
    PlacementEnded,
    PlacementHalted,
    PlacementOffered,
    PlacementOpened,
    PlacementOverdue,
    PlacementOverdueRetracted,
    PlacementReopened,
    PlacementResumed,
    PlacementWarned,
)
from contracts.kernel import Change, Next
from services.assignment import domain
from services.assignment.app import SERVICE
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    DeclineOffer,
    LogContact,
    OfferAgain,
    ReassignPlacement,
    TakePlacement,
    Waitlist,
    WithdrawHandOff,
)
from services.assignment.rules import HURRIED_OFFERS_MAX, PARALLEL_OFFERS_MAX
from tests.assignment.endings import DEAD, closed, lives, reopened
from tests.assignment.stories import (
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    CRISIS,
    DORA,
    EVE,
    GROVE,
    HILLTOP,
    INTAKE,
    LAKESIDE,
    NETWORK,
    NIGHTHOUSE,
    NINE,
    NOBODY,
    PLACEMENT,
    RIVERSIDE,
    THERAPY,
    WITHDRAWN,
    Story,
    acknowledged,
    amended,
    received,
    story,
    triaged,
)

URGENCIES = st.sampled_from(["emergency", "urgent", "routine"])
SERVICES = st.sampled_from([THERAPY, CRISIS, "methadone"])
ROLES = st.sampled_from([INTAKE, COORDINATOR, "role/night-shift"])
PEOPLE = st.sampled_from([ANA, BEN, CARL, DORA, EVE, NOBODY])
PROGRAMS = st.sampled_from([RIVERSIDE, LAKESIDE, HILLTOP, GROVE, NIGHTHOUSE])
NETWORKS = st.builds(
    lambda left, full, most: NETWORK.model_copy(
        update={
            "caseloads": most,
            "staff": {role: tuple(p for p in people if p not in left) for role, people in NETWORK.staff.items()},
            "programs": tuple(p.model_copy(update={"places": 0}) if p.id in full else p for p in NETWORK.programs),
        }
    ),
    st.sets(PEOPLE, max_size=3),
    st.sets(PROGRAMS, max_size=3),
    st.dictionaries(PEOPLE | PROGRAMS, st.sampled_from([0, 1]), max_size=4),
)
HEARD = st.one_of(
    st.just(received()),
    st.builds(triaged, URGENCIES, SERVICES, ROLES),
    st.builds(lambda u, s: amended(urgency=u, service=s), URGENCIES | st.none(), SERVICES | st.none()),
    st.builds(acknowledged, PEOPLE),
    st.just(DEAD),
    st.builds(lives, SERVICES),
    st.builds(closed, st.sampled_from(["verified", "unmet", "died"])),
    st.builds(reopened, st.sampled_from([2, 3])),
)
OFFER_ANSWERS = st.builds(lambda p: AcceptOffer(program=p), PROGRAMS) | st.builds(
    lambda p: DeclineOffer(program=p, reason="no-capacity"), PROGRAMS
)
MOVES = st.one_of(
    st.builds(lambda to: AskHandOff(to=to), PEOPLE | ROLES),
    st.builds(lambda of, to: ReassignPlacement(of=of, to=to, reason="leave"), PEOPLE | ROLES, PEOPLE | ROLES),
    st.sampled_from([AcceptHandOff(), DeclineHandOff(reason="other"), WithdrawHandOff(), TakePlacement(), OfferAgain()]),
    st.builds(lambda p: Waitlist(program=p), PROGRAMS),
    st.builds(
        lambda outcome: LogContact(channel="telephone", outcome=outcome, contacted_at=NINE), st.sampled_from(["reached", "no-answer"])
    ),
)
TIMES = st.sampled_from([timedelta(minutes=10), timedelta(hours=4), timedelta(days=3)])
STEPS = st.one_of(HEARD, st.just(WITHDRAWN), st.tuples(OFFER_ANSWERS | MOVES, PEOPLE), TIMES, NETWORKS)
HISTORIES = st.lists(STEPS, max_size=25)
LIKELY = st.lists(st.one_of(HEARD, st.tuples(OFFER_ANSWERS | MOVES, PEOPLE), TIMES), max_size=25).map(
    lambda rest: [received(), triaged(), *rest]
)


def play(begun: Story, step: Any) -> list[Change]:
    if isinstance(step, timedelta):
        return begun.passes(step)
    if isinstance(step, tuple):
        return begun.asks(*step)
    return begun.asks(step, "staff/platform") if step.type == "list-directory" else begun.hears(step)


def owners(facts: list[Change]) -> list[str]:
    """Who answered after each fact, read from the facts alone."""
    owner, found = "", []
    for fact in facts:
        match fact:
            case PlacementOpened():
                assert not owner, "opened twice"
                owner = fact.owner or ""
            case OwnerAssigned():
                owner = fact.owner
            case PlacementAccepted():
                owner = fact.owner or ""
            case PlacementReopened():
                owner = fact.owner
            case HandedOff():
                assert fact.left == owner, "handed off by somebody who did not own it"
                owner = fact.owner
        found.append(owner)
    return found


def told(begun: Story) -> list[Change]:
    return [fact.data for fact in begun.facts if fact.subject == PLACEMENT and isinstance(fact.data, Change)]


@settings(max_examples=300, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_exactly_one_owner_from_the_first_fact_on(history):
    begun = story()
    for step in history:
        play(begun, step)
        ledger = owners(told(begun))
        assert all(ledger)
        assert not ledger or ledger[-1] == begun.placement.owner


@settings(max_examples=300, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_from_triage_to_the_end_every_fact_says_who_owes_what_by_when(history):
    begun = story()
    for step in history:
        play(begun, step)
    held, halted = False, False
    for fact, owner in zip(told(begun), owners(told(begun)), strict=True):
        over = isinstance(fact, PlacementEnded | PlacementReopened)
        held = (held or isinstance(fact, PlacementOffered | NoProgramAvailable)) and not over
        halted = (halted or isinstance(fact, PlacementHalted)) and not (over or isinstance(fact, PlacementResumed))
        if isinstance(fact, PlacementReopened) or (held and halted):
            assert fact.next and (fact.next.action, fact.next.due, fact.next.waiting_on) == ("none", None, None)
            continue
        assert isinstance(fact.next, Next) == held
        if fact.next:
            assert fact.next.due and fact.next.rule and fact.next.allowed
            assert fact.next.owner == owner or not owner.startswith(("role/", "desk/"))
            assert owner not in (fact.next.waiting_on or "").split(",")


@settings(max_examples=300, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_never_two_acceptances_and_nobody_is_asked_twice_in_a_round(history):
    begun = story()
    for step in history:
        play(begun, step)
        assert not begun.states.get(PLACEMENT) or len(begun.placement.waiting_on) <= HURRIED_OFFERS_MAX
    assert len(begun.told(PlacementAccepted)) <= 1
    rounds = [offered.round for offered in begun.told(PlacementOffered)]
    assert rounds == list(range(1, len(rounds) + 1))
    at_once = PARALLEL_OFFERS_MAX
    for offered in begun.told(PlacementOffered):
        at_once = HURRIED_OFFERS_MAX if offered.hurried else at_once  # nobody is told later that they are one too many
        asked = [offer.program for offer in offered.offers]
        assert 1 <= len(asked) <= at_once
        assert len(set(asked)) == len(asked)
        assert not set(asked) & set(offered.released)


@settings(max_examples=200, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_the_state_is_the_fold_of_its_facts_as_they_are_stored(history):
    begun = story()
    for step in history:
        play(begun, step)
    state: Any = None
    for fact in told(begun):
        state = domain.evolve(state, type(fact).model_validate_json(fact.model_dump_json(exclude_none=True)))
    assert state == begun.states.get(PLACEMENT)


@settings(max_examples=200, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_time_alone_closes_nothing_and_gives_it_to_nobody(history):
    begun = story()
    for step in history:
        play(begun, step)
    before = begun.states.get(PLACEMENT)
    said = begun.passes(timedelta(days=365))
    told = {OfferUnanswered, HandOffUnanswered, PlacementOffered, NoProgramAvailable, PlacementWarned, PlacementOverdue}
    assert {type(fact) for fact in said} <= told
    assert begun.states.get(PLACEMENT) == before or (before and begun.placement.owner == before.owner)
    assert not before or (begun.placement.status == "ended") == (before.status == "ended")


@settings(max_examples=200, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_an_illegal_move_is_refused_and_what_is_allowed_is_named(history):
    begun = story()
    for step in history:
        if isinstance(step, tuple) and not play(begun, step):
            assert begun.refused and begun.refused.reasons[0].fix
            assert set(begun.refused.allowed) <= set(SERVICE.commands)
            assert begun.refused.allowed == (begun.placement.allowed if begun.states.get(PLACEMENT) else ())
        elif not isinstance(step, tuple):
            play(begun, step)


@settings(max_examples=100, deadline=None)
@whatever(LIKELY)
def test_what_is_heard_twice_in_a_row_is_heard_once(history):
    begun = story()
    for step in history:
        if isinstance(step, timedelta | tuple):
            play(begun, step)
        else:
            play(begun, step)
            assert play(begun, step) == []


@settings(max_examples=200, deadline=None)
@whatever(HISTORIES | LIKELY)
def test_nothing_is_told_late_twice_or_before_its_time_and_all_that_is_late_is_told(history):
    begun = story()
    for step in [*history, timedelta(days=40)]:
        play(begun, step)
    late, back, opening = Counter[Any](), Counter[Any](), 1
    for fact in told(begun):
        opening += isinstance(fact, PlacementReopened)
        late.update([(fact.action, fact.due, opening)] if isinstance(fact, PlacementOverdue) else ())
        back.update([(fact.action, fact.due, opening)] if isinstance(fact, PlacementOverdueRetracted) else ())
    assert all(count <= 1 + back[which] for which, count in late.items())
    assert all(fact.citation and fact.owner and fact.late_minutes >= 0 for fact in begun.told(PlacementOverdue))
    placement = begun.states.get(PLACEMENT)
    if placement and placement.is_looked_for and placement.urgency:
        assert placement.services_late == (placement.services_by <= begun.now)
        assert placement.waiting_on or placement.owed.late == (placement.owed.due <= begun.now)
