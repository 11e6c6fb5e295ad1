"""What intake says of emergency access: somebody outside a person's care opened what is known of them, says why, and it is reviewed.

`access/<x>` is of `record/<x>`: all that was opened of one person by one partner's record, so that whoever reviews sees it together.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.kernel import Personal, Sealable
from contracts.partners import Note

Ground = Literal["medical-emergency", "danger-to-life", "nobody-in-charge-reachable", "abuse-or-neglect"]
Finding = Literal["justified", "not-justified", "unclear"]


class AccessOpened(Clocked, Sealable):
    """Somebody outside the person's care may see them until then, and may do nothing by it.

    `protected`: what 42 CFR Part 2 protects as well, which only a medical emergency opens (2.51). This fact is its record: who saw, when,
    and the nature of the emergency.
    """

    type: ClassVar = "access.opened.v1"
    by: str
    ground: Ground
    words: Personal[Note]
    protected: bool
    opened_at: AwareDatetime
    until: AwareDatetime


class AccessReviewed(Clocked):
    """Somebody else looked at all that was opened until now, and says whether it was right."""

    type: ClassVar = "access.reviewed.v1"
    record: str
    by: str
    finding: Finding


class AccessWarned(lateness.Warned, Clocked):
    """Part of the time to review it is used up."""

    type: ClassVar = "access.warned.v1"


class AccessOverdue(lateness.Overdue):
    """Nobody reviewed it in time. What was opened is shut all the same, by its own clock."""

    type: ClassVar = "access.overdue.v1"


EVENTS = (AccessOpened, AccessReviewed, AccessWarned, AccessOverdue)
