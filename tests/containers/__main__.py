"""`python -m tests.containers`: build the image, run the compose file for real, put it through its trial. A stage of its own.

Exit code 0 and a loud SKIPPED where no container engine can be started; 1 when something is not as it must be.
"""

import sys
import tempfile
from pathlib import Path

from tests.containers import images, trial
from tests.containers.engine import NoEngine, engine


def say(line: str) -> None:
    print(f"containers: {line}", flush=True)


def main() -> int:
    say("the compose file and our image run; Kafka's, MongoDB's and Python's images are stand-ins made here")
    try:
        with tempfile.TemporaryDirectory(prefix="throughline-engine-") as place, engine(Path(place)) as running:
            images.build(running, say)
            say(f"our image: {running.run('image', 'inspect', '-f', '{{.Size}}', 'throughline:dev').strip()} bytes with its base")
            strange = images.strange_layers(running)
            assert not strange, f"two builds of our image differ in {len(strange)} layers"
            say("our image: built again without a cache, every layer is the same")
            trial.run(running, say)
    except NoEngine as lack:
        say(f"SKIPPED, NOT RUN: {lack}")
        return 0
    say("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
