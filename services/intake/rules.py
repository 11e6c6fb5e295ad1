"""How long a step at the front door may take: `rules.yaml`, the regulatory clocks of `contracts`, and what a network lays over them."""

from infra.rules import book_of

RULES = book_of(__package__, "contracts/clocks.yaml")
