"""What tests of the front door begin with."""

import pytest

from tests.intake.desk import Desk


@pytest.fixture
async def desk() -> Desk:
    """The front door with an empty book, in memory."""
    made = Desk()
    await made.vault.open(create=True)
    return made
