"""The table of all rounds: for a terminal, and for docs/reliability.md."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.chaos.faults import Recovery
from tests.chaos.history import Finding
from tests.chaos.trial import Outcome

BOUND_S = 10.0
"""Within this everything that is sent after a fault must be answered, above what an answer takes without any."""
KINDS = ("lost", "doubled", "disorder")
Rows = list[tuple[str, ...]]


@dataclass
class Rounds:
    """All that was seen."""

    outcomes: Sequence[Outcome]

    @property
    def usual_s(self) -> float:
        """What an answer takes without a fault, on this machine at this load."""
        return max((one.seconds for outcome in self.outcomes for one in outcome.recoveries if one.fault == "none"), default=0.0)

    def slow(self) -> list[Recovery]:
        return [one for outcome in self.outcomes for one in outcome.recoveries if one.seconds > BOUND_S + self.usual_s]

    def findings(self) -> list[Finding]:
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    def troubles(self) -> list[str]:
        return [trouble for outcome in self.outcomes for trouble in outcome.troubles]

    def rows(self) -> Rows:
        """One for each fault, in the order of its first time; the last one for what belongs to none."""
        faults: dict[str, list[tuple[Outcome, Recovery]]] = {}
        for outcome in self.outcomes:
            for one in outcome.recoveries:
                faults.setdefault(one.fault, []).append((outcome, one))
        rows = [_row(name, found) for name, found in faults.items()]
        whole = Counter(finding.kind for finding in self.findings() if not finding.at)
        return [*rows, ("whole rounds, databases included", str(len(self.outcomes)), "", "", *(str(whole[kind]) for kind in KINDS))]  # type: ignore[index]


def _row(name: str, found: Sequence[tuple[Outcome, Recovery]]) -> tuple[str, ...]:
    seconds = [recovery.seconds for _, recovery in found]
    counts = Counter(finding.kind for outcome, recovery in found for finding in outcome.during(recovery))
    return (name, str(len(found)), f"{median(seconds):.1f}", f"{max(seconds):.1f}", *(str(counts[kind]) for kind in KINDS))  # type: ignore[index]


COLUMNS = ("fault", "times", "recovery, median (s)", "max (s)", "lost", "doubled", "out of order")


def table(rows: Rows) -> str:
    """For a terminal."""
    widths = [max(len(row[index]) for row in [COLUMNS, *rows]) for index in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [COLUMNS, *rows])


def markdown(rounds: Rounds, drills: Mapping[str, Mapping[str, object]]) -> str:
    """The lines between the markers."""
    return "\n".join([*_said(rounds), "", *_lines([COLUMNS, *rounds.rows()]), *_drilled(drills)])


def _lines(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    head, *rest = rows
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rest)


def _said(rounds: Rounds) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for outcome in rounds.outcomes:
        counts.update(outcome.counts)
    rates = sorted({f"{outcome.rate:.0f}" for outcome in rounds.outcomes}, key=int)
    yield (
        f"{len(rounds.outcomes)} rounds, {counts['sent']:,} messages of five partners at {' to '.join(rates)} a second,"
        f" {counts['said']:,} events and answers, {counts['repeated']:,} of them published more than once."
    )
    yield (
        "Recovery: until everything sent in the second after the fault (after its end, where something comes back) was answered to its"
        f" partner and placed by the next service. Without a fault that takes {rounds.usual_s:.1f} s here, one second of it being the"
        " sending."
    )
    left_out = sorted({one for outcome in rounds.outcomes for one in outcome.left_out})
    if left_out:
        yield f"Left out: {'; '.join(left_out)}."


def _drilled(drills: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for name, measures in drills.items():
        yield ""
        yield f"{name}: {', '.join(f'{what} {measure}' for what, measure in measures.items())}."
