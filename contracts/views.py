"""What each side of a referral says of where it stands: its sender, whoever has it, and we. Intake says all of it.

`view/<x>` is of `request/<x>`, an item of its own beside it: a disagreement has an owner and a clock wherever the referral is meanwhile.
No side's word takes the place of another's; which of them stands is for a person to say.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.kernel import Change, Code
from contracts.partners import BusinessStatus, TaskStatus

Side = Literal["ours", "sender", "receiver"]
Stage = Literal["asked", "accepted", "under-way", "done", "over"]
"""How far a referral is, as far as sides can be compared: `done` with an outcome, `over` without one."""
Finding = Literal["they-had-not-heard", "we-had-not-heard", "entered-in-error", "said-of-another", "told-another-way", "other"]
"""Why views were apart, as whoever settled it found."""


class RequestAccepted(Change):
    """A program has it. `partner` is the organisation whose program it is, where it is one of ours: it may say where it stands."""

    type: ClassVar = "request.accepted.v1"
    program: str
    partner: str | None = None
    accepted_at: AwareDatetime


class ViewReported(Change):
    """Where the referral stands by one side's last word, which held from `at` on. The referral itself is not changed by it.

    `means`: the stages that the codes leave open. None of them: what this side said before `at` counts no more, since the referral was
    opened again, somebody else has it, or somebody is said to have died.
    """

    type: ClassVar = "view.reported.v1"
    record: str
    side: Side
    partner: str | None = None
    task_status: TaskStatus | None = None
    business_status: BusinessStatus | None = None
    means: tuple[Stage, ...] = ()
    reason: Code | None = None
    at: AwareDatetime


class ViewsDiffered(Clocked):
    """What `sides` say cannot be so if ours is, and nobody came round within the grace: somebody finds out which word stands."""

    type: ClassVar = "view.differed.v1"
    record: str
    sides: tuple[Side, ...]
    since: AwareDatetime


class ViewsAgreed(Change):
    """What was told to differ does so no more, by whichever side's word: nothing is left to settle."""

    type: ClassVar = "view.agreed.v1"
    agreed_at: AwareDatetime


class ViewsSettled(Change):
    """Somebody found out whose word stands. It changes no view; the next word of any side is compared anew.

    Where ours stands against the sender's, the sender is told again where the referral stands.
    """

    type: ClassVar = "view.settled.v1"
    by: str
    stands: Side
    finding: Finding
    settled_at: AwareDatetime


class ViewWarned(lateness.Warned, Clocked):
    """Part of the time to settle a disagreement is used up."""

    type: ClassVar = "view.warned.v1"


class ViewOverdue(lateness.Overdue):
    """Nobody settled it in time. Each side's word stands as it was."""

    type: ClassVar = "view.overdue.v1"


EVENTS = (RequestAccepted, ViewReported, ViewsDiffered, ViewsAgreed, ViewsSettled, ViewWarned, ViewOverdue)
