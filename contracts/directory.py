"""The network's directory: which programs take people, which desks answer for them and when, who is on duty."""

from typing import ClassVar

from contracts.kernel import Change, Model


class Program(Model):
    """A program that takes people: what it offers, the desk that answers for it, how many places it says it has."""

    id: str
    name: str
    desk: str
    services: tuple[str, ...]
    places: int
    partner: str | None = None
    cadence_days: int | None = None
    """How often its people should be in touch, where it says so."""
    books_visits: bool = True
    """Whether it works by appointment."""


class Desk(Model):
    """Who answers for programs, and when: opening hours by day or range of days (`mon-fri`), in an IANA zone, less the holidays of
    the places it `observes` (ISO 3166) that it does not work on. Without hours it keeps the network's."""

    id: str
    role: str | None = None
    hours: dict[str, str] = {}
    zone: str | None = None
    observes: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()


class DirectoryListed(Change):
    """The programs, desks and people on duty that the network file names now. It replaces the list before it."""

    type: ClassVar = "directory.listed.v1"
    programs: tuple[Program, ...]
    staff: dict[str, tuple[str, ...]]
    """Role to people on duty, in order."""
    desks: tuple[Desk, ...] = ()


EVENTS = (DirectoryListed,)
