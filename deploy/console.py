"""What a person reads in a terminal: colours and tables there, plain lines everywhere else."""

import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from infra.problems import Problem

Say = Callable[[str], None]


def is_rich() -> bool:
    """On a terminal, unless NO_COLOR asks for plain text."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def say(line: str) -> None:
    """One line of progress, at once: a pipe or a log file must show where a long start is."""
    if is_rich():
        Console(highlight=False).print(line, markup=False)
    else:
        print(line, flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if is_rich():
        drawn = Table(*columns, box=None, pad_edge=False)
        for row in cells:
            drawn.add_row(*row)
        Console(highlight=False).print(drawn)
        return
    widths = [max(len(row[index]) for row in [list(columns), *cells]) for index in range(len(columns))]
    for row in [list(columns), *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), flush=True)


def problem(problem: Problem) -> None:
    """What happened, where, why and what to do, on standard error."""
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    if coloured:
        Console(stderr=True, highlight=False).print(str(problem), style="red", markup=False)
    else:
        print(problem, file=sys.stderr, flush=True)
