"""Deadlines that have come, as messages."""

from collections.abc import Iterable
from datetime import datetime

from contracts.kernel import Deadline, DeadlinePassed, Message, derived
from contracts.upkeep import Origin
from infra.service import Item

A_LOOK = "none"
"""The name of a deadline that is none: the index said so, the state does not."""


def passed(subject: str, turn: str, deadlines: Iterable[Deadline]) -> list[Item]:
    """They passed, in their order; `turn` as `deadline_item` has it."""
    return [deadline_item(subject, turn, one.name, one.about, one.at) for one in sorted(deadlines, key=lambda one: one.at)]


def a_look(subject: str, turn: str, at: datetime) -> Item:
    """Nothing has come; whoever looks corrects the index that said so."""
    return deadline_item(subject, turn, A_LOOK, "", at)


def deadline_item(subject: str, turn: str, name: str, about: str, at: datetime) -> Item:
    """A passed deadline as a message. Its id comes from its meaning and from when it was found: in which version of the aggregate, or
    (`7.1`) in which round of the batch that makes this version. Whoever finds it there finds the same one, and where late data took back
    what it led to, the same instant that is owed again leads to facts of its own."""
    identity = derived("deadline", subject, turn, name, about, at.isoformat())
    message = Message(identity, DeadlinePassed(name=name, about=about, at=at), subject, "clock", at=at)
    return Item("deadline", message, Origin(topic="clock"))


def is_fired(item: Item) -> bool:
    return item.kind == "deadline" and item.message.data.name != A_LOOK
