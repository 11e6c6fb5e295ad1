"""The end of a crisis: somebody is named for the follow-up, the person is linked to care, a death is verified, the episode closes."""

from contracts.assignment import PlacementAccepted
from contracts.crisis_routing import (
    CrisisPlanShared,
    DeathReported,
    DeathRetracted,
    DeathVerified,
    EpisodeClosed,
    EpisodeResolved,
    FollowUpNamed,
    OutpatientAsked,
    OutpatientLinked,
)  # fmt: skip
from contracts.kernel import Blind, Reason
from services.crisis_routing import placing, teams
from services.crisis_routing.commands import (
    AskOutpatient,
    CloseEpisode,
    LinkOutpatient,
    NameFollowUp,
    ReportDeath,
    ResolveByContact,
    ShareCrisisPlan,
    VerifyDeath,
)  # fmt: skip
from services.crisis_routing.rules import RULES
from services.crisis_routing.steps import NOT_NOW, NOT_YOURS, OFFERED, Case, Decided, Said, may_close

NO_CONSENT = Reason("TL-5441", "/consent", "name the consent under which it is shared, or say that this is an emergency")
UNKNOWN_PERSON = Reason("TL-5442", "/owner", "name a person: a follow-up that belongs to a role belongs to nobody")
ANOTHERS = Reason("TL-5443", "/request", "this referral links another episode; close one of the two as a duplicate")
FUTURE = Reason("TL-5445", "/reported_at", "give the instant at which it was told; it cannot lie ahead")
STILL_HELD = Reason("TL-5444", "", "settle the person first, name somebody for the follow-up, clear the team, let go of the beds")


def outpatient_claim(request: str, blind: Blind) -> str:
    """By this an acceptance finds the episode that its referral was made for."""
    return blind("outpatient", request)


def resolve(case: Case, data: ResolveByContact) -> Decided:
    """Talking was enough; a follow-up is owed all the same."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if case.episode.status not in OFFERED[ResolveByContact]:
        return case.refused(NOT_NOW)
    return ((case.subject, EpisodeResolved(by=case.actor.id, resolved_at=case.now)),)


def share(case: Case, data: ShareCrisisPlan) -> Decided:
    """Who shows it answers for why: a consent, or an emergency that is on record."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if data.under == "consent" and not data.consent:
        return case.refused(NO_CONSENT)
    return ((case.subject, CrisisPlanShared(to=data.to, under=data.under, by=case.actor.id, consent=data.consent)),)


def name(case: Case, data: NameFollowUp) -> Decided:
    """A person, not a role, answers for contact after the crisis, unless whom it is about does not want it."""
    episode = case.episode
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if episode.status not in OFFERED[NameFollowUp]:
        return case.refused(NOT_NOW)
    if data.owner.startswith(("role/", "desk/")):
        return case.refused(UNKNOWN_PERSON)
    clock = RULES.clock("reach-after-crisis", episode.contacted_at, now=case.now)
    wanted = data.consent != "declined"
    named = FollowUpNamed(
        owner=data.owner, consent=data.consent, by=case.actor.id, person=episode.person, record=episode.record,
        contacted_at=episode.contacted_at, reach_before=clock.due_at if wanted else None, rule=clock.rule if wanted else None,
    )  # fmt: skip
    return ((case.subject, named),)


def ask_outpatient(case: Case, data: AskOutpatient) -> Decided:
    """This referral was made for the crisis. Its claim is taken with this fact."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if case.episode.status not in OFFERED[AskOutpatient]:
        return case.refused(NOT_NOW)
    holder = case.world.held.get(outpatient_claim(data.request, case.world.blind))
    if holder == case.subject:
        return ()
    if holder is not None:
        return case.refused(ANOTHERS)
    return ((case.subject, OutpatientAsked(request=data.request, by=case.actor.id)),)


def accepted(case: Case, data: PlacementAccepted, request: str) -> Decided:
    """A program accepted the referral that was made for this crisis: the link is verified by that."""
    if case.episode.linked or case.episode.status == "closed":
        return ()
    return ((case.subject, OutpatientLinked(verified=True, program=data.program, request=request)),)


def link(case: Case, data: LinkOutpatient) -> Decided:
    """A person says that care has begun elsewhere; nothing of ours proves it."""
    if not case.on_owners_side and case.actor.id != case.episode.follow_up:
        return case.refused(NOT_YOURS)
    if case.episode.status not in OFFERED[LinkOutpatient] or case.episode.linked:
        return case.refused(NOT_NOW)
    return ((case.subject, OutpatientLinked(verified=False, program=data.program, by=case.actor.id)),)


def report_death(case: Case, data: ReportDeath) -> Decided:
    """Everything stops at once, whoever said so; a person verifies it."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if case.episode.status in ("died", "closed"):
        return case.refused(NOT_NOW)
    if data.reported_at > case.now:
        return case.refused(FUTURE)
    return ((case.subject, DeathReported(by=case.actor.id, reported_at=data.reported_at)),)


def verify(case: Case, data: VerifyDeath) -> Decided:
    """A person found out. If it is not true, the episode goes on where it was, and looks again for what was let go."""
    episode = case.episode
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if episode.status != "died" or episode.died_from is None:
        return case.refused(NOT_NOW)
    if data.verified:
        return ((case.subject, DeathVerified(by=case.actor.id)),)
    said: Said = ((case.subject, DeathRetracted(by=case.actor.id)),)
    after = case.after(said)
    if after.episode.status in ("placing", "no-facility", "accepted") and after.episode.beds:
        return (*said, *placing.sought(after))
    teamless = after.episode.status in ("seeking", "no-team") or (after.episode.status == "proposed" and not after.episode.team)
    return (*said, *teams.sought(after)) if teamless else said


def close(case: Case, data: CloseEpisode) -> Decided:
    """Nothing is left to do: nothing of ours is out or held, and somebody looks after the person."""
    episode = case.episode
    if not case.on_owners_side and case.actor.id != episode.follow_up:
        return case.refused(NOT_YOURS)
    if not may_close(episode):
        return case.refused(STILL_HELD)
    closed = EpisodeClosed(
        reason=data.reason, by=case.actor.id, person=episode.person, disposition=episode.disposition, follow_up=episode.follow_up,
        closed_at=case.now,
    )  # fmt: skip
    return ((case.subject, closed),)
