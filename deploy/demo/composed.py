"""`python -m deploy.demo.composed PEOPLE`: the demo's container of the compose file. The others run; it feeds the example network through
its partners' topics, says where to look, and stays for `docker compose exec demo throughline …`.
"""

import signal
import sys
from pathlib import Path

from deploy import console
from deploy.demo.run import people_soon, play
from deploy.running import running
from infra.problems import Problem

FED = Path("/tmp/fed")
"""Is there when everything is: the container counts as healthy then."""
ENDS = {signal.SIGTERM, signal.SIGINT}


def main(people: int) -> None:
    """Started again it feeds nothing twice, and finishes what was cut short."""
    play(running(), people, console.say, people_soon(people))
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    FED.touch()
    signal.sigwait(ENDS)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except Problem as problem:
        raise SystemExit(str(problem)) from None
