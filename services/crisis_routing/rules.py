"""How long each step of a crisis may take. Never business time; the numbers are in `rules.yaml`."""

from infra.rules import book_of

RULES = book_of(__package__)
PARALLEL_HOLDS_MAX = 3
