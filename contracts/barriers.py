"""What stands between a person and their care, as a task: who sees to it, by when. Intake says all of it.

`barrier/<x>.transport` is of `record/<x>`: one of each kind at a time, so that what several people notice is one task.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.kernel import Code, Personal, Sealable
from contracts.partners import Note

Barrier = Literal["transport", "childcare", "language", "cost", "phone", "other"]
Resolution = Literal["arranged", "not-needed-any-more", "nothing-can-be-done", "entered-in-error"]


class BarrierNoted(Clocked, Sealable):
    """Something stands between the person and their care, and somebody sees to it. Noted again, its clock runs on as it did."""

    type: ClassVar = "barrier.noted.v1"
    barrier: Barrier
    words: Personal[Note] | None = None
    by: str
    noted_at: AwareDatetime


class BarrierResolved(Clocked):
    """It stands in the way no more, or nothing can be done about it, as `how` says."""

    type: ClassVar = "barrier.resolved.v1"
    record: str
    barrier: Barrier
    how: Code
    by: str


class BarrierWarned(lateness.Warned, Clocked):
    """Part of the time to see to a barrier is used up."""

    type: ClassVar = "barrier.warned.v1"


class BarrierOverdue(lateness.Overdue):
    """Nobody saw to a barrier in time. It stands."""

    type: ClassVar = "barrier.overdue.v1"


EVENTS = (BarrierNoted, BarrierResolved, BarrierWarned, BarrierOverdue)
