"""Reading what the processes of a run wrote."""

import time
from collections.abc import Iterator
from pathlib import Path

from deploy.local import processes
from infra.problems import Problem

POLL_SECONDS = 0.3


def read(directory: Path, name: str, lines: int, follow: bool) -> Iterator[str]:
    """The last lines of one log, and with `follow` those to come, also after the file was cut. TL-2016 when there is no such log."""
    log = directory / f"{name}.log"
    if not log.exists():
        known = ", ".join(sorted(path.stem for path in directory.glob("*.log"))) or "none yet"
        raise Problem(code="TL-2016", what=f"No log of {name}", where=str(directory), fix=f"known are: {known}")
    at = log.stat().st_size
    yield from processes.tail(log, lines).splitlines()
    while follow:
        time.sleep(POLL_SECONDS)
        size = log.stat().st_size
        at = at if size >= at else 0
        if size > at:
            with log.open("rb") as file:
                file.seek(at)
                grown = file.read(size - at)
            at = size
            yield from grown.decode(errors="replace").splitlines()
