"""Lateness of a crisis's steps that nothing else tells of: a team, a bed, an arrival and a hand-over have facts of their own for it."""

from typing import ClassVar

from contracts import lateness
from contracts.clocks import Clocked


class EpisodeWarned(lateness.Warned, Clocked):
    """Part of the time for a step of a crisis is used up, and the step is not done."""

    type: ClassVar = "episode.warned.v1"


class EpisodeOverdue(lateness.Overdue, Clocked):
    """A step of a crisis was not done in time. Nothing is closed by it, and it stays its owner's."""

    type: ClassVar = "episode.overdue.v1"


class EpisodeOverdueRetracted(lateness.OverdueRetracted, Clocked):
    """What was reported late shows that the step was over in time: it never was overdue."""

    type: ClassVar = "episode.overdue-retracted.v1"


EVENTS = (EpisodeWarned, EpisodeOverdue, EpisodeOverdueRetracted)
