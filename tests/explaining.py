"""Whether `throughline rules explain` accounts for what an item owes: in words, by arithmetic that comes to the recorded instant."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.kernel import kind_of
from deploy.clocks import explainers, told
from infra.rules import Running


def clocks_of(subject: str, state: Any, known: Mapping[str, Any]) -> list[Running]:
    """Every clock that runs for an aggregate, made again from its state."""
    _, module = explainers()[kind_of(subject)]
    return list(module.running(state, known))


def unexplained(subject: str, state: Any, owed: Iterable[tuple[str, datetime]], known: Mapping[str, Any] | None = None) -> list[str]:
    """What of these steps nothing accounts for in words, or by an arithmetic that comes to another instant than was recorded."""
    running = clocks_of(subject, state, known or {})
    return [fault for action, due in owed if (fault := untold(subject, action, due, running) or _otherwise(subject, action, due, running))]


def untold(subject: str, action: str, due: datetime, running: list[Running]) -> str:
    """That nothing accounts for a step in words; empty where something does."""
    said = told(subject, (one for one in running if (one.action, one.due) == (action, due)))
    return "" if said else f"{subject}: nothing explains why {action} is due {due}"


def stands(action: str, due: datetime, running: list[Running]) -> bool:
    """Whether a clock of this step comes to the recorded instant by the rules and the need of today."""
    return any(one.stands for one in running if (one.action, one.due) == (action, due))


def _otherwise(subject: str, action: str, due: datetime, running: list[Running]) -> str:
    return "" if stands(action, due, running) else f"{subject}: {action} is due {due}, by its arithmetic at another instant"
