"""Where a contact finds who it is about: the plans of their care, and what is known of a person under several records."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import Change


class PlanNoted(Change):
    """A plan of this person began, ended or has another team. Where a crisis is open, that team is told next."""

    type: ClassVar = "person.plan-noted.v1"
    plan: str
    role: str | None = None
    """Who answers for the plan; None: it is over, or another person's."""
    noted_at: AwareDatetime


class PlanWatched(Change):
    """What follow-up said of a plan is known: whose it is and who answers for it. The person's file hears of it next."""

    type: ClassVar = "watch.plan-watched.v1"
    plan: str
    person: str | None = None
    left: str | None = None
    """Whose it was until now, where that is somebody else."""
    role: str | None = None
    noted_at: AwareDatetime


class FileBroughtUp(Change):
    """What was noted of this person has reached its episode. `episode` is the open one from here on; None: none is open."""

    type: ClassVar = "person.file-brought-up.v1"
    episode: str | None = None
    record: str | None = None


class FileJoined(Change):
    """A record of somebody turned out to be this person's, with an episode that is open: it is looked after from here."""

    type: ClassVar = "person.file-joined.v1"
    record: str
    left: str
    episode: str
    noted_at: AwareDatetime
    other: str | None = None
    """This person's own open episode: the two stay apart until a person decides."""


class FileParted(Change):
    """A record of this person is somebody else's: the open episode that came with it is looked after there."""

    type: ClassVar = "person.file-parted.v1"
    record: str
    person: str


EVENTS = (PlanNoted, PlanWatched, FileBroughtUp, FileJoined, FileParted)
