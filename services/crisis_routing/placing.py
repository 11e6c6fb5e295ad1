"""Finding a place for the person: up to three facilities at a time, each with a bed held; the first yes wins; holds end.

The desk owns the episode until a facility confirms the arrival. A bed that is lost on the way is looked for again.
"""

from datetime import datetime

from contracts.crisis_beds import (
    BedAsked,
    BedHeld,
    BedLost,
    BedTaken,
    FacilitiesAsked,
    FacilitiesReleased,
    FacilityAccepted,
    FacilityDeclined,
    FacilitySought,
    FacilityUnanswered,
    HoldEnded,
    HoldExtended,
    NoFacilityAvailable,
    PersonArrived,
)  # fmt: skip
from contracts.crisis_routing import DispositionRecorded
from contracts.kernel import Change, DeadlinePassed, Message, Reason, World
from services.crisis_routing.beds import UNKNOWN_FACILITY, facility_in
from services.crisis_routing.commands import (
    AcceptPerson,
    ConfirmArrival,
    DeclinePerson,
    HoldBed,
    RecordDisposition,
    ReleaseBed,
    SeekBed,
)  # fmt: skip
from services.crisis_routing.episode import PLACING
from services.crisis_routing.rules import PARALLEL_HOLDS_MAX, RULES
from services.crisis_routing.steps import NOT_NOW, NOT_THE_DESK, NOT_YOURS, OFFERED, Case, Decided, Said

NO_BED = Reason("TL-5423", "/facility", "no bed that it counted is free; ask it to count, or choose another")
NOT_ASKED = Reason("TL-5424", "/facility", "this facility is not asked for this episode, or has said no")
NOT_HELD = Reason("TL-5425", "/facility", "no bed of this facility is held for this episode")
ENOUGH_ASKED = Reason("TL-5426", "/facility", "three facilities are asked; wait for one of them, or release its bed")
IMPOSSIBLE = Reason("TL-5427", "/arrived_at", "give the instant at which it was so; it cannot lie ahead, or before the contact")


def dispose(case: Case, data: RecordDisposition) -> Decided:
    """Where the person goes from here. A bed is looked for where one is needed; what was held for another way is let go."""
    episode, at = case.episode, data.decided_at or case.now
    if not case.at(episode.team_desk):
        return case.refused(NOT_THE_DESK)
    if episode.status not in OFFERED[RecordDisposition]:
        return case.refused(NOT_NOW)
    if not episode.contacted_at <= at <= case.now:
        return case.refused(IMPOSSIBLE)
    recorded = DispositionRecorded(disposition=data.disposition, by=case.actor.id, decided_at=at, contacted_at=episode.contacted_at)
    said: Said = ((case.subject, recorded),)
    after = case.after(said)
    return (*said, *sought(after)) if after.episode.status == "placing" else said


def sought(case: Case) -> Said:
    """Look for a bed: whoever fits is looked at next, in the aggregates that can refuse."""
    episode, beds = case.episode, case.episode.beds
    assert beds
    asked = {asked.facility for asked in episode.asked}
    fitting = case.roster.facilities_for(case.subject, episode.area, beds, episode.passed)
    candidates = tuple(one for one in fitting if one not in asked or one in episode.passed)
    if not candidates:
        return ((case.subject, _none(case, ())),)
    passed = tuple(one for one in episode.passed if one in candidates)
    told = {"beds": beds, "candidates": candidates, "sought_at": case.now, "passed": passed}
    return ((case.subject, FacilitySought(round=episode.round + 1, **told)),)


def _none(case: Case, candidates: tuple[str, ...]) -> NoFacilityAvailable:
    again = RULES.clock("look-again-for-bed", case.now, now=case.now).due_at
    assert case.episode.beds
    told = {"beds": case.episode.beds, "candidates": candidates, "again_at": again}
    return NoFacilityAvailable(sought_since=case.episode.sought_since or case.now, **told)


def look(case: Case, data: DeadlinePassed) -> Decided:
    """Ask the best of the candidates that have a bed, and hold it. Facilities listed since are looked at in the next breath."""
    episode, beds = case.episode, case.episode.beds
    if episode.status not in ("placing", "no-facility") or episode.look_at != data.at or beds is None:
        return ()
    looked_at = tuple(filter(None, data.about.split(",")))
    named = case.roster.facilities_for(case.subject, episode.area, beds, episode.passed)
    if set(named) - set(looked_at) - {asked.facility for asked in episode.asked}:
        return sought(case)
    room = PARALLEL_HOLDS_MAX - len(episode.waiting_on)
    found = [one for one in named if one in looked_at and _has_bed(case, one)][: max(room, 0)]
    if found:
        return _asked(case, found)
    return () if episode.waiting_on else ((case.subject, _none(case, named)),)


def _has_bed(case: Case, facility: str) -> bool:
    registry = facility_in(case.world, facility)
    assert case.episode.beds
    kept = registry.hold_of(case.subject) is not None or facility in case.episode.releasing
    return not kept and registry.free(case.episode.beds) > 0


def _asked(case: Case, facilities: list[str], by: str | None = None) -> Said:
    beds = case.episode.beds
    assert beds
    clock = RULES.clock("answer-for-bed", case.now, now=case.now)
    counted = {one: facility_in(case.world, one).counts[beds].counted_at for one in facilities}
    held: list[tuple[str, Change]] = [
        (one, BedHeld(episode=case.subject, beds=beds, until=clock.due_at, counted_at=counted[one], rule=clock.rule)) for one in facilities
    ]
    when = {"asked_at": case.now, "answer_before": clock.due_at}
    asked = tuple(BedAsked(facility=one, desk=_desk(case, one), counted_at=counted[one], **when) for one in facilities)
    return (*held, (case.subject, FacilitiesAsked(beds=beds, asked=asked, rule=clock.rule, by=by)))


def _desk(case: Case, facility: str) -> str:
    found = case.roster.facility(facility)
    return found.desk if found else facility


def seek(case: Case, data: SeekBed) -> Decided:
    """A person wants every facility looked at again."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    return sought(case) if case.episode.status in OFFERED[SeekBed] else case.refused(NOT_NOW)


def hold(case: Case, data: HoldBed) -> Decided:
    """A person chooses the facility; a bed is held like any other."""
    episode, listed = case.episode, case.roster.facility(data.facility)
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if episode.status not in OFFERED[HoldBed] or episode.beds is None:
        return case.refused(NOT_NOW)
    if listed is None or episode.beds not in listed.beds:
        return case.refused(UNKNOWN_FACILITY)
    if len(episode.waiting_on) >= PARALLEL_HOLDS_MAX:
        return case.refused(ENOUGH_ASKED)
    return _asked(case, [data.facility], case.actor.id) if _has_bed(case, data.facility) else case.refused(NO_BED)


def accept(case: Case, data: AcceptPerson) -> Decided:
    """The first yes wins. A late one counts while the facility has a bed and nobody else accepted."""
    episode, asked = case.episode, case.episode.asked_of(data.facility)
    if not case.at(asked.desk if asked else None):
        return case.refused(NOT_THE_DESK)
    if episode.status not in OFFERED[AcceptPerson] or episode.beds is None:
        return case.refused(NOT_NOW)
    if asked is None or asked.answer == "declined":
        return case.refused(NOT_ASKED)
    registry = facility_in(case.world, data.facility)
    held = registry.hold_of(case.subject)
    if held is None and registry.free(episode.beds) <= 0:
        return case.refused(NO_BED)
    clock = RULES.clock("arrive", case.now, now=case.now)
    kept: Change = HoldExtended(episode=case.subject, beds=episode.beds, until=clock.due_at, rule=clock.rule)
    if held is None:
        counted = registry.counts[episode.beds].counted_at
        kept = BedHeld(episode=case.subject, beds=episode.beds, until=clock.due_at, counted_at=counted, rule=clock.rule)
    accepted = FacilityAccepted(
        facility=data.facility, beds=episode.beds, by=case.actor.id, desk=asked.desk, accepted_at=case.now, arrive_before=clock.due_at,
        rule=clock.rule, released=tuple(one.facility for one in episode.waiting_on if one.facility != data.facility),
    )  # fmt: skip
    return ((data.facility, kept), (case.subject, accepted))


def decline(case: Case, data: DeclinePerson) -> Decided:
    """A facility says no: its bed is free, and when it was the last one asked, the next are."""
    asked = case.episode.asked_of(data.facility)
    if not case.at(asked.desk if asked else None):
        return case.refused(NOT_THE_DESK)
    if case.episode.status not in OFFERED[DeclinePerson] or asked is None or asked.answer == "declined":
        return case.refused(NOT_ASKED)
    said = _freed(case, data.facility, "declined")
    return _and_on(case, (*said, (case.subject, FacilityDeclined(facility=data.facility, by=case.actor.id, reason=data.reason))))


def _freed(case: Case, facility: str, reason: str) -> Said:
    held = facility_in(case.world, facility).hold_of(case.subject)
    return ((facility, HoldEnded(episode=case.subject, beds=held.beds, reason=reason)),) if held else ()


def _and_on(case: Case, said: Said) -> Said:
    after = case.after(said)
    idle = after.episode.status in ("placing", "no-facility") and not after.episode.waiting_on and after.episode.look_at is None
    return (*said, *sought(after)) if idle else said


def hold_ended(message: Message, world: World, case: Case | None) -> Decided:
    """The time of a hold is over: the bed is free, and the episode it was for goes on without it."""
    facility, data = message.subject, message.data
    held = facility_in(world, facility).hold_of(data.about)
    if held is None or held.until != data.at:
        return ()
    freed: Said = ((facility, HoldEnded(episode=data.about, beds=held.beds, reason="lapsed")),)
    if case is None:
        return freed
    return _and_on(case, (*freed, *_silent(case, facility, data.at)))


def _silent(case: Case, facility: str, at: datetime) -> Said:
    episode, asked = case.episode, case.episode.asked_of(facility)
    told = {"facility": facility, "owner": episode.owner, "rule": episode.rule}
    if episode.status == "accepted" and episode.facility == facility:
        return ((case.subject, BedLost(reason="not-arrived", **told)),)
    if asked and asked.answer == "open":
        return ((case.subject, FacilityUnanswered(answer_before=at, **told)),)
    return ()


def release(case: Case, data: ReleaseBed) -> Decided:
    """A person lets a bed go."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    freed = _freed(case, data.facility, "released")
    if case.episode.status not in PLACING or not freed:
        return case.refused(NOT_HELD)
    if case.episode.facility == data.facility:
        lost = BedLost(facility=data.facility, reason="released", owner=case.episode.owner, rule=case.episode.rule)
        return _and_on(case, (*freed, (case.subject, lost)))
    return _and_on(case, (*freed, (case.subject, FacilitiesReleased(facilities=(data.facility,)))))


def let_go(case: Case, data: DeadlinePassed) -> Decided:
    """Beds that another way made needless, in the aggregates that hold them."""
    named = tuple(one for one in data.about.split(",") if one in case.episode.releasing)
    if not named:
        return ()
    freed = [change for facility in named for change in _freed(case, facility, "released")]
    return (*freed, (case.subject, FacilitiesReleased(facilities=named)))


def arrive(case: Case, data: ConfirmArrival) -> Decided:
    """The person is there, whichever facility that is: a fact of the world that no count can refuse."""
    episode, listed = case.episode, case.roster.facility(data.facility)
    if not case.at(listed.desk if listed else None):
        return case.refused(NOT_THE_DESK)
    if episode.status not in PLACING or episode.beds is None:
        return case.refused(NOT_NOW)
    if listed is None or episode.beds not in listed.beds:
        return case.refused(UNKNOWN_FACILITY)
    if not episode.contacted_at <= data.arrived_at <= case.now:
        return case.refused(IMPOSSIBLE)
    taken = BedTaken(episode=case.subject, beds=episode.beds, arrived_at=data.arrived_at)
    arrived = PersonArrived(
        facility=data.facility, beds=episode.beds, arrived_at=data.arrived_at, by=case.actor.id, contacted_at=episode.contacted_at,
        accepted_at=episode.accepted_at,
    )  # fmt: skip
    return ((data.facility, taken), (case.subject, arrived))
