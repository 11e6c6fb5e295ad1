"""Who answers for a crisis episode, and how it is handed over at the end of a shift: in two phases, and only by a yes."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.clocks import Clocked
from contracts.kernel import Code
from contracts.lateness import Calling


class EpisodeTaken(Clocked):
    """A person on duty behind the owning role answers for it."""

    type: ClassVar = "episode.taken.v1"
    owner: str
    role: str


class HandOverAsked(Clocked):
    """The shift ends: `to` should answer for it. It stays its owner's until they accept."""

    type: ClassVar = "episode.hand-over-asked.v1"
    to: str
    by: str
    owner: str
    role: str
    asked_at: AwareDatetime | None = None
    accept_before: AwareDatetime
    rule: str


class HandOverAccepted(Clocked):
    """The new owner accepted: it moved at this instant."""

    type: ClassVar = "episode.hand-over-accepted.v1"
    owner: str
    left: str
    role: str


class HandOverDeclined(Clocked):
    """Who was asked said no; nothing moved."""

    type: ClassVar = "episode.hand-over-declined.v1"
    to: str
    by: str
    reason: Code


class HandOverUnanswered(Calling, Clocked):
    """Nobody accepted in time; it is still its owner's, and the question stands."""

    type: ClassVar = "episode.hand-over-unanswered.v1"
    to: str
    owner: str
    accept_before: AwareDatetime
    rule: str


class HandOverWithdrawn(Clocked):
    """It is not asked any more; nothing moved."""

    type: ClassVar = "episode.hand-over-withdrawn.v1"
    to: str
    by: str


EVENTS = (EpisodeTaken, HandOverAsked, HandOverAccepted, HandOverDeclined, HandOverUnanswered, HandOverWithdrawn)
