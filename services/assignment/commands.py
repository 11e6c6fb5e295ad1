"""What people ask of assignment. Who asks is the message's actor, never a field."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.care_team import TeamRole
from contracts.directory import Desk, Program
from contracts.kernel import Code, Command
from contracts.partners import Text

DeclineReason = Literal["no-capacity", "not-eligible", "level-of-care", "age", "language", "access", "area", "payer", "unsafe", "other"]
"""Why a program says no. A list, so that unmet need can be counted by it."""
HandOffReason = Literal["leave", "shift-end", "workload", "skills", "other"]
HandOffDeclineReason = Literal["no-capacity", "not-ours", "on-leave", "other"]


class AcceptOffer(Command):
    """The program takes it: from now on its desk answers for the person's way in."""

    type: ClassVar = "accept-offer"
    program: Text


class DeclineOffer(Command):
    """The program says no."""

    type: ClassVar = "decline-offer"
    program: Text
    reason: DeclineReason


class OfferAgain(Command):
    """Nobody was left to ask: ask everybody who fits once more, whoever said no before."""

    type: ClassVar = "offer-again"


class Waitlist(Command):
    """The program has no place yet and keeps the person in its list."""

    type: ClassVar = "waitlist"
    program: Text
    position: int | None = Field(None, ge=1, le=10_000)
    expected_on: date | None = None
    interim: Code | None = None


class LogContact(Command):
    """I was in touch with the client, or tried to be. `contacted_at` is when; `next_attempt_at` when I try again."""

    type: ClassVar = "log-contact"
    channel: Literal["in-person", "telephone", "video", "text", "e-mail", "letter"]
    outcome: Literal["reached", "no-answer", "left-message", "wrong-number", "not-wanted", "unsafe-to-contact"]
    spoke_with: Literal["client", "guardian"] = "client"
    contacted_at: AwareDatetime
    next_attempt_at: AwareDatetime | None = None


class TakePlacement(Command):
    """I, on duty behind the role that owns it, answer for it."""

    type: ClassVar = "take-placement"


class AskHandOff(Command):
    """`to`, a person or a role, should answer for it from now on. Until they accept, nothing moves."""

    type: ClassVar = "ask-hand-off"
    to: Code
    reason: HandOffReason | None = None


class ReassignPlacement(Command):
    """I lead: what `of` answers for should be answered for by `to`, a person or a role. Until they accept, nothing moves."""

    type: ClassVar = "reassign-placement"
    of: Code
    to: Code
    reason: HandOffReason


class AcceptHandOff(Command):
    """I answer for it from now on."""

    type: ClassVar = "accept-hand-off"


class DeclineHandOff(Command):
    """I do not take it."""

    type: ClassVar = "decline-hand-off"
    reason: HandOffDeclineReason


class WithdrawHandOff(Command):
    """It is not asked any more."""

    type: ClassVar = "withdraw-hand-off"


class ListDirectory(Command):
    """The network file as it is now: all programs, and who is on duty behind which role or desk."""

    type: ClassVar = "list-directory"
    programs: tuple[Program, ...] = Field(max_length=2_000)
    staff: dict[Code, tuple[Code, ...]]
    desks: tuple[Desk, ...] = Field((), max_length=2_000)
    caseloads: dict[Code, Annotated[int, Field(ge=0, le=1_000)]] = {}
    people: dict[Code, Annotated[str, Field(min_length=1, max_length=60)]] = {}


class OfCareTeam(Command):
    """About somebody on a person's care team: one of an organisation's people, or (without `member`) the organisation as such."""

    organisation: Code
    member: Code | None = None


class JoinCareTeam(OfCareTeam):
    """They take part in this person's care from `since` on, now where that is absent, and see it as far as consent allows."""

    type: ClassVar = "join-care-team"
    role: TeamRole
    since: AwareDatetime | None = None


class CorrectCareTeam(OfCareTeam):
    """They do something else for the person than was said, or since another instant."""

    type: ClassVar = "correct-care-team"
    role: TeamRole | None = None
    since: AwareDatetime | None = None


class LeaveCareTeam(OfCareTeam):
    """They take no part any more."""

    type: ClassVar = "leave-care-team"
    reason: Literal["care-ended", "changed-organisation", "person-asked", "entered-in-error", "other"]
    left_at: AwareDatetime | None = None


ABOUT_TEAMS = (JoinCareTeam, CorrectCareTeam, LeaveCareTeam)
COMMANDS = (
    *ABOUT_TEAMS,
    AcceptOffer, DeclineOffer, OfferAgain, Waitlist, LogContact, TakePlacement,
    AskHandOff, AcceptHandOff, DeclineHandOff, WithdrawHandOff, ReassignPlacement, ListDirectory,
)  # fmt: skip
