"""One stack and one browser for all journeys."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Protocol

import pytest

from tests.journeys.desk import Desk, at
from tests.walks.world import World, world
from tests.worklist.browsing import chromium


class Sits(Protocol):
    """`with sits("staff/12") as robin:` signs somebody in; `but` is what the browser may complain of there."""

    def __call__(self, person: str, but: str = "\n") -> AbstractContextManager[Desk]: ...


@pytest.fixture(scope="package")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("journeys")) as found:
        yield found


@pytest.fixture(scope="package")
def sits(here: World) -> Iterator[Sits]:
    with ExitStack() as open_, chromium() as browser:
        yield partial(at, here, browser)
        open_.close()
