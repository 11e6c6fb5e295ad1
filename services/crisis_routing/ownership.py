"""Who answers for an episode: the crisis desk from its first fact, then a person. A shift's hand-over moves it when it is accepted."""

from contracts.crisis_ownership import (
    EpisodeTaken,
    HandOverAccepted,
    HandOverAsked,
    HandOverDeclined,
    HandOverUnanswered,
    HandOverWithdrawn,
)
from contracts.directory import LEADS
from contracts.kernel import DeadlinePassed, Reason
from services.crisis_routing.commands import AcceptHandOver, AskHandOver, DeclineHandOver, TakeEpisode, WithdrawHandOver
from services.crisis_routing.episode import HandOver
from services.crisis_routing.roster import Roster
from services.crisis_routing.rules import RULES
from services.crisis_routing.steps import NOT_YOURS, Case, Decided, Said

OWNED_BY_A_PERSON = Reason("TL-5431", "", "ask its owner to hand it over")
ASKED_ALREADY = Reason("TL-5432", "", "the hand-over that is asked must be answered or withdrawn first")
UNKNOWN_OWNER = Reason("TL-5433", "/to", "name a person on duty, or a role of the roster")
OWNED_ALREADY = Reason("TL-5434", "/to", "name somebody else: they own it already")
NOT_ASKED = Reason("TL-5435", "", "no hand-over is asked")
NOT_YOU = Reason("TL-5436", "", "only who was asked may answer")


def take(case: Case, data: TakeEpisode) -> Decided:
    """A role owns it: whoever is on duty behind that role may answer for it."""
    episode = case.episode
    if episode.owner != episode.role:
        return case.refused(OWNED_BY_A_PERSON)
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    return ((case.subject, EpisodeTaken(owner=case.actor.id, role=episode.role)),)


def ask(case: Case, data: AskHandOver) -> Decided:
    """It is asked, and stays with its owner. A colleague may ask when the owner has left."""
    episode = case.episode
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if episode.hand_over:
        return case.refused(ASKED_ALREADY)
    if data.to == episode.owner:
        return case.refused(OWNED_ALREADY)
    role = _role_for(data.to, episode.role, case.roster)
    return _asked(case, data.to, role, case.actor.id) if role else case.refused(UNKNOWN_OWNER)


def shift_ended(case: Case) -> Said:
    """The same by itself, of whoever else has the duty, or of the network lead. A question that stands is not asked again."""
    episode = case.episode
    to = next((role for role in (episode.role, LEADS) if {*case.roster.on_duty(role)} - {episode.owner}), None)
    return () if episode.hand_over or episode.status == "died" or to is None else _asked(case, to, to, episode.owner)


def _asked(case: Case, to: str, role: str, by: str) -> Said:
    clock = RULES.clock("hand-over", case.now, now=case.now)
    asked = HandOverAsked(to=to, by=by, owner=case.episode.owner, role=role, asked_at=case.now, accept_before=clock.due_at, rule=clock.rule)
    return ((case.subject, asked),)


def _role_for(to: str, role: str, roster: Roster) -> str | None:
    """The role somebody would answer under: the present one where it is theirs too."""
    if to in roster.staff:
        return to
    roles = roster.roles_of(to)
    return role if role in roles else next(iter(roles), None)


def accept(case: Case, data: AcceptHandOver) -> Decided:
    """Who was asked takes it, be it late, and ownership moves at this instant."""
    asked, episode = case.episode.hand_over, case.episode
    if asked is None:
        return case.refused(NOT_ASKED)
    if not _is_asked(case, asked):
        return case.refused(NOT_YOU)
    if case.actor.id == episode.owner:
        return case.refused(OWNED_ALREADY)
    return ((case.subject, HandOverAccepted(owner=case.actor.id, left=episode.owner, role=asked.role)),)


def decline(case: Case, data: DeclineHandOver) -> Decided:
    """Who was asked says no; it stays where it is."""
    asked = case.episode.hand_over
    if asked is None:
        return case.refused(NOT_ASKED)
    if not _is_asked(case, asked):
        return case.refused(NOT_YOU)
    return ((case.subject, HandOverDeclined(to=asked.to, by=case.actor.id, reason=data.reason)),)


def withdraw(case: Case, data: WithdrawHandOver) -> Decided:
    """It is not asked any more: whoever asked, or the owner's side, says so."""
    asked = case.episode.hand_over
    if asked is None:
        return case.refused(NOT_ASKED)
    if case.actor.id != asked.by and not case.on_owners_side:
        return case.refused(NOT_YOURS)
    return ((case.subject, HandOverWithdrawn(to=asked.to, by=case.actor.id)),)


def unanswered(case: Case, data: DeadlinePassed) -> Decided:
    """Nobody took it in time. It is its owner's, who must not leave; the question stands, and a late yes counts."""
    asked = case.episode.hand_over
    if asked is None or asked.unanswered or asked.accept_before != data.at:
        return ()
    clock = RULES.clock("hand-over", data.at, now=case.now)
    silent = HandOverUnanswered(to=asked.to, owner=case.episode.owner, accept_before=data.at, rule=clock.rule)
    return ((case.subject, silent),)


def _is_asked(case: Case, asked: HandOver) -> bool:
    """The person named, or anybody on duty behind the role named."""
    return case.actor.id == asked.to or case.actor.id in case.roster.on_duty(asked.to)
