"""`python -m tests.walks [WALK…]`: walks them all, or these, prints the stories; all of them are written into docs/walks.md."""

import sys
import tempfile
from pathlib import Path

from tests.walks.telling import PAGE, WALKS, page
from tests.walks.world import world


def main(chosen: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="throughline-walks-") as directory, world(Path(directory)) as here:
        stories = [WALKS[name](here) for name in chosen or WALKS]
    print("\n".join(story.text for story in stories))
    if not chosen:
        PAGE.write_text(page(stories), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
