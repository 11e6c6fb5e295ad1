"""The network's directory: which programs take people, which desks answer for them and when, who is on duty."""

from collections.abc import Collection, Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.kernel import Change, Code, Model

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""As BCP 47 has it."""
LEADS = "role/network-lead"
"""Answers for the whole network: asked where nobody else is there, told where nobody else answers."""
AgeGroup = Literal["child", "youth", "adult", "older-adult"]


class Criteria(Model):
    """What a program must have beside the service, as triage found: nothing that names anybody, and what is absent does not matter."""

    age_group: AgeGroup | None = None
    level: Code | None = None
    """Of care, as the tool that was used says: LOCUS, CALOCUS or ASAM, the level alone."""
    payer: Code | None = None
    speaks: Language | None = None
    area: Code | None = None
    avoid: tuple[Code, ...] = Field(default=(), max_length=20)
    """Programs that the person will not go to: none of them is asked, whatever else fits."""


class Program(Model):
    """A program that takes people: what it offers, the desk that answers for it, how many places it says it has.

    Ages, levels of care, payers, languages and areas that it does not list are no limits of it.
    """

    id: str
    name: str
    desk: str
    services: tuple[str, ...]
    places: int
    age_groups: tuple[AgeGroup, ...] = ()
    levels: tuple[Code, ...] = ()
    payers: tuple[Code, ...] = ()
    languages: tuple[Language, ...] = ()
    areas: tuple[Code, ...] = ()
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
    caseloads: dict[str, int] = {}
    """Person or program to how much they may have at once; who is not in it has no limit."""
    people: dict[str, str] = {}
    """What those on duty are called at work. Of the network's own staff alone: who owed what must be readable for as long as the log."""

    def belonging(self) -> dict[str, tuple[str, ...]]:
        """By person on duty, sorted: the organisations that they belong to."""
        programs = [(one.id, one.desk) for one in self.programs]
        people = sorted({person for duty in self.staff.values() for person in duty})
        return {one: tuple(sorted(organisations_of(one, self.staff.items(), programs))) for one in people}


def organisations_of(person: str, staff: Iterable[tuple[str, Collection[str]]], programs: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The desks behind which somebody is on duty, and the programs (each with its desk) that these answer for. A role is none: people
    of many organisations hold it."""
    desks = {duty for duty, people in staff if person in people and not duty.startswith("role/")}
    return frozenset(desks | {program for program, desk in programs if desk in desks})


EVENTS = (DirectoryListed,)
