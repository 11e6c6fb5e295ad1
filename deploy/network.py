"""The network file: who publishes to us under which agreement, which programs take people, who is on duty."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.assignment import Program
from infra.problems import Problem

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,62}$")]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """Unknown keys are refused: a misspelling must not be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Agreement(Part):
    """`signed`, or a `joint-protocol` that both keep to without a signature (CCBHC 2023, criterion 3.c)."""

    kind: Literal["signed", "joint-protocol"]
    effective_on: date
    ends_on: date | None = None


class Partner(Part):
    id: Id
    name: Words
    agreement: Agreement


class Taker(Part):
    """A program that takes people. `desk` answers for it; `partner` is the organisation that runs it, if it is one of ours."""

    id: Id
    name: Words
    desk: Id
    services: tuple[Words, ...] = Field(min_length=1)
    places: int = Field(ge=0)
    partner: Id | None = None


class Person(Part):
    """Somebody on duty: an opaque id, a name for the sign-in page, roles (`role/…`) and desks (`desk/…`)."""

    id: Id
    name: Words
    on_duty: tuple[Id, ...] = Field(min_length=1)


class Network(Part):
    """One deployment serves one network."""

    id: Id
    name: Words
    zone: Words
    partners: tuple[Partner, ...] = ()
    programs: tuple[Taker, ...] = ()
    staff: tuple[Person, ...] = ()

    def directory(self) -> tuple[list[Program], dict[str, tuple[str, ...]]]:
        """What assignment is told: programs, and who is on duty behind which role or desk, in the order of the file."""
        programs = [Program(**program.model_dump()) for program in self.programs]
        behind: dict[str, tuple[str, ...]] = {}
        for person in self.staff:
            for role in person.on_duty:
                behind[role] = (*behind.get(role, ()), person.id)
        return programs, behind


def load(path: Path) -> Network:
    """Raises TL-2601 (not readable) or TL-2602 (every fault, by its place in the file; never a value)."""
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Problem("TL-2601", "the network file cannot be read", type(error).__name__, "give a file of YAML", str(path)) from None
    try:
        return Network.model_validate(said)
    except ValidationError as error:
        faults = [f"/{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False, include_input=False)]
    raise Problem("TL-2602", "the network file is wrong", "\n  ".join(faults), "correct what is pointed at", str(path))
