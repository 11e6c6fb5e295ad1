"""A risk of a person that everybody who meets them must know of, for as long as somebody reviews it. Intake says all of it.

`risk-flag/<x>.suicide` is of `record/<x>`. A flag has an owner, a source and a date by which it is reviewed: time lifts none.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.kernel import Change, Personal, Sealable
from contracts.partners import Note

Risk = Literal["suicide", "overdose", "violence-to-others", "violence-by-others", "self-neglect", "other"]
RiskSource = Literal["assessment", "crisis-contact", "discharge", "partner", "family", "person", "other"]


class RiskFlagged(Clocked, Sealable):
    """A risk of the person was flagged, by whom and from what, and is reviewed by a date. Flagged again, the date stands."""

    type: ClassVar = "risk-flag.raised.v1"
    risk: Risk
    source: RiskSource
    words: Personal[Note] | None = None
    by: str
    raised_at: AwareDatetime


class RiskFlagReviewed(Clocked):
    """Somebody looked at it again: the risk is still there, and the flag stands until the next review."""

    type: ClassVar = "risk-flag.reviewed.v1"
    record: str
    risk: Risk
    by: str
    reviewed_at: AwareDatetime


class RiskFlagLifted(Change):
    """Somebody looked at it again: the risk is over, or never was. The flag is gone."""

    type: ClassVar = "risk-flag.lifted.v1"
    record: str
    risk: Risk
    by: str
    lifted_at: AwareDatetime


class RiskFlagWarned(lateness.Warned, Clocked):
    """Part of the time until the review is used up."""

    type: ClassVar = "risk-flag.warned.v1"


class RiskFlagOverdue(lateness.Overdue):
    """Nobody reviewed the flag in time. It stands: time lifts none."""

    type: ClassVar = "risk-flag.overdue.v1"


EVENTS = (RiskFlagged, RiskFlagReviewed, RiskFlagLifted, RiskFlagWarned, RiskFlagOverdue)
