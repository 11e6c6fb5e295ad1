"""Facts that every deciding service says about its own keeping: what was quarantined, parked, repaired, released.

The runtime says them, so `infra` knows this module beside the kernel. Nothing here carries what an input contained.
"""

from dataclasses import dataclass
from typing import ClassVar

from contracts.kernel import Change, Code, Model


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input came from: its Kafka address, or the command's route with offset -1."""

    topic: str
    partition: int = 0
    offset: int = -1
    entry: str = ""


class Issue(Model):
    """A stable code, the JSON pointer it is about, what to do next. Never the value."""

    code: str
    pointer: str = ""
    fix: str = ""


class InputQuarantined(Change):
    """An input that one of us must look at. Nothing in it was applied; its bytes are kept sealed."""

    type: ClassVar = "input.quarantined.v1"
    origin: Origin
    issues: tuple[Issue, ...]


class InputRevealed(Change):
    """Somebody opened what a quarantined input holds, for this reason: it may be about anybody. Nothing about it changed."""

    type: ClassVar = "input.revealed.v1"
    reason: Code


class InputRepaired(Change):
    """A quarantined input was decided again, as it was or with a repair, and has ended as `outcome`."""

    type: ClassVar = "input.repaired.v1"
    outcome: str
    repaired: bool


class InputDiscarded(Change):
    """Somebody looked at a quarantined input and decided that nothing follows from it."""

    type: ClassVar = "input.discarded.v1"
    reason: Code


class AggregateParked(Change):
    """Deciding on one message failed. The aggregate keeps this and every later message, in order, until it is released.

    Its clocks still run. No other aggregate is held up.
    """

    type: ClassVar = "aggregate.parked.v1"
    origin: Origin
    issue: Issue


class AggregateReleased(Change):
    """Every kept message of the aggregate was decided on, in order."""

    type: ClassVar = "aggregate.released.v1"
    replayed: int


class MessageOverdue(Change):
    """A message is still kept for a cause that did not come by its deadline."""

    type: ClassVar = "message.overdue.v1"
    origin: Origin
    waits_for: str


EVENTS = (InputQuarantined, InputRevealed, InputRepaired, InputDiscarded, AggregateParked, AggregateReleased, MessageOverdue)
