"""What checks images and charts is fetched by `make tools`; where it is not, its tests say so and are skipped."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import tools


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """`tool("helm")`: where it is."""

    def found(name: str) -> Path:
        if (path := tools.find(name)) is None:
            warnings.warn(f"SKIPPED, NOT CHECKED: {name} is not here; fetch it with: make tools", stacklevel=2)
            pytest.skip(f"{name} is not here: make tools")
        return path

    return found
