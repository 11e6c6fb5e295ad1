"""Which programs fit a need, best first."""

from collections.abc import Iterable
from typing import NamedTuple

from contracts.directory import Criteria, Program
from contracts.kernel import derived
from contracts.partners import Urgency

ANYBODY = Criteria()


class Need(NamedTuple):
    """What must be found, and how fast."""

    service: str
    urgency: Urgency
    criteria: Criteria = ANYBODY


def ranked(programs: Iterable[Program], need: Need, placement: str) -> list[Program]:
    """Programs that offer the service, say they have places, take whom it is for and are not avoided by them.

    Who speaks the language comes first, then who serves the area, then who has the most places.
    Age, level of care and payer decide whether a program may take somebody at all. An interpreter can be called and a way travelled:
    language and area put a program behind the others, and never leave a person without one. Equals are ordered by placement, so that
    they share the work; the same placement always finds the same order. `places` is what the program said: acceptances are not
    counted against it here (a limit that is to hold is a caseload, which an aggregate of its own counts).
    """
    fitting = [one for one in programs if need.service in one.services and one.places > 0 and _takes(one, need.criteria)]
    return sorted(fitting, key=lambda program: (*_misses(program, need.criteria), -program.places, derived(placement, program.id)))


def _takes(program: Program, criteria: Criteria) -> bool:
    if program.id in criteria.avoid:
        return False
    limits = (criteria.age_group, program.age_groups), (criteria.level, program.levels), (criteria.payer, program.payers)
    return all(_fits(wanted, listed) for wanted, listed in limits)


def _misses(program: Program, criteria: Criteria) -> tuple[bool, bool]:
    """Each worse than nothing to miss. `es-MX` is spoken where Spanish is."""
    language = criteria.speaks.partition("-")[0] if criteria.speaks else None
    spoken = tuple(one.partition("-")[0] for one in program.languages)
    return not _fits(language, spoken), not _fits(criteria.area, program.areas)


def _fits(wanted: str | None, listed: tuple[str, ...]) -> bool:
    """What does not matter fits, and so does what is no limit."""
    return not wanted or not listed or wanted in listed
