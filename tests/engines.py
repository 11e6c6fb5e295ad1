"""Fixtures with real engines, for whoever needs a broker or a database: `engines` (shared), `new_engines` (of your own).

Register it once, in the root conftest: `pytest_plugins = ["tests.engines"]`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local.engines import Engines

PARTNERS = ("acme", "zeta")


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """One broker and one database for all tests of this process, with the partners acme and zeta. Leave both running."""
    with Engines.isolated(tmp_path_factory.mktemp("engines")) as running:
        running.add_partners(*PARTNERS)
        yield running


@pytest.fixture
def new_engines(tmp_path: Path) -> Iterator[Callable[..., Engines]]:
    """Engines that a test may break. Call it with settings such as `database="secantus-py"`; stopped at the end of the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Engines.isolated(tmp_path / "state", **settings))
