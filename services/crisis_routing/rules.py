"""How long each step of a crisis may take. Never business time; the numbers are in `rules.yaml`."""

from infra.rules import book_of

RULES = book_of(__package__)
TEAM_CANDIDATES_MAX = FACILITY_CANDIDATES_MAX = 20
"""Looked at in one decision."""
PARALLEL_HOLDS_MAX = 3
