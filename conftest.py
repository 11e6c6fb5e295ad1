"""Fixtures that any test may ask for, and how random lives are drawn."""

import os

from hypothesis import settings

pytest_plugins = ["tests.engines"]

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""A run that decides whether something lands says the same twice; `HYPOTHESIS_PROFILE=explore` looks for what nobody has met yet.
How long one example takes is a matter of the machine, and decides nothing."""
