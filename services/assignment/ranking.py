"""Which programs fit a need, best first."""

from collections.abc import Iterable

from contracts.directory import Program
from contracts.kernel import derived


def ranked(programs: Iterable[Program], service: str, placement: str) -> list[Program]:
    """Programs that offer the service and say they have places, the most places first.

    Equals are ordered by placement, so that they share the work; the same placement always finds the same order. `places` is
    what the program said: acceptances are not counted against it here (caseloads come with their own aggregate).
    """
    fitting = [program for program in programs if service in program.services and program.places > 0]
    return sorted(fitting, key=lambda program: (-program.places, derived(placement, program.id)))
