"""What assignment says of people who are away (`absence/staff/7`): who stands in, and how far what they answer for was asked of them."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import Change


class AbsenceNoted(Change):
    """This person is away until then, as notification heard, and `backup` stands in for them.

    What they answer for stays theirs until somebody accepts it. `until` in the past: they are back.
    """

    type: ClassVar = "absence.noted.v1"
    until: AwareDatetime
    backup: str | None = None
    noted_at: AwareDatetime


class AbsenceFollowed(Change):
    """What they answer for was asked of who stands in: as far as `after`, in the order of ids; all of it where that is None."""

    type: ClassVar = "absence.followed.v1"
    after: str | None = None


class AbsencesListed(Change):
    """Who is away until when: nothing new is given to them. It replaces the list before it."""

    type: ClassVar = "directory.absences-listed.v1"
    away: dict[str, AwareDatetime]


EVENTS = (AbsenceNoted, AbsenceFollowed, AbsencesListed)
