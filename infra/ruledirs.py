"""What is laid over the rules of services: directories that `THROUGHLINE_RULES` names, each more specific than the one before it.

A directory may hold `<service>.yaml` with rules, and `calendar.yaml` with the network's hours: `{hours: {mon-fri: "08:00-17:00"},
zone: America/New_York, observes: [US, US-NY], works_on: [Susan B. Anthony Day]}`. Read once, when a service's rules are.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.calendar import Hours
from infra.problems import Problem

VARIABLE = "THROUGHLINE_RULES"
CALENDAR = "calendar.yaml"


class Calendar(BaseModel):
    """The network's hours, as they are written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hours: dict[str, str]
    zone: str
    observes: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overlays:
    """Directories, the most specific last."""

    directories: tuple[Path, ...] = ()

    def files(self, service: str) -> list[Path]:
        """The files laid over a service's rules."""
        return [path for directory in self.directories if (path := directory / f"{service}.yaml").is_file()]

    @property
    def hours(self) -> Hours | None:
        """The network's hours as the most specific directory says them."""
        said = [path for directory in self.directories if (path := directory / CALENDAR).is_file()]
        return calendar(said[-1]) if said else None


def opening_hours_said() -> None:
    """Whoever decides by business time must be told when this network is open: Monday to Friday in UTC without a holiday is nobody's
    calendar, and every clock would be wrong in silence. Raises TL-5807."""
    if overlays().hours is None:
        why = f"no directory that {VARIABLE} names holds a {CALENDAR}"
        fix = f"write it (hours, zone, observes; see the head of infra/ruledirs.py) and name its directory in {VARIABLE}"
        raise Problem("TL-5807", "nobody said when this network is open", why, fix)


def overlays() -> Overlays:
    """What this process was told of. Raises TL-5805 for a directory that is not there."""
    directories = tuple(Path(one.strip()) for one in os.environ.get(VARIABLE, "").split(",") if one.strip())
    for directory in directories:
        if not directory.is_dir():
            raise Problem(
                "TL-5805", "a directory of rules is not there", f"{VARIABLE} names it", "create it, or correct the setting", str(directory)
            )
    return Overlays(directories)


def calendar(path: Path) -> Hours:
    """Raises TL-5806 with every fault, TL-5811 for hours that make no sense."""
    try:
        said = Calendar.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise Problem(
            "TL-5806", "a calendar is wrong", f"it cannot be read: {type(error).__name__}", "give a file of YAML", str(path)
        ) from None
    except ValidationError as error:
        faults = [f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False, include_input=False)]
        raise Problem("TL-5806", "a calendar is wrong", "\n  ".join(faults), "correct what is pointed at", str(path)) from None
    try:
        return Hours.of(said.hours, said.zone, said.observes, said.works_on)
    except Problem as problem:
        problem.where = str(path)
        raise
