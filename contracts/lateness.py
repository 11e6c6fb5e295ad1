"""Lateness as facts. Each aggregate with clocks says them of itself, so that whoever listens hears one shape."""

from pydantic import AwareDatetime

from contracts.kernel import Change, Code


class Warned(Change):
    """Part of the time for a step is used up, and the step is not done."""

    action: Code
    rule: str
    due: AwareDatetime
    owner: str
    waiting_on: str | None = None


class Calling(Change):
    """Lateness for which people are called, one rung after another, while nobody acts.

    `escalates` are the rungs, the lowest first, as the rule of the lateness said them when it was told: `owner`, `backup`, or the name
    of a role. Empty where the rule says none: then whoever calls people has rungs of its own.
    """

    escalates: tuple[Code, ...] = ()


class Overdue(Calling):
    """A step was not done by its due instant, as far as we knew then. Nothing is closed by it.

    `owner` answered for it at that instant and `waiting_on` is whom it waited on; `citation_status` says how the source of the rule
    was seen: read, second-hand, recalled, or a default of ours. `late_minutes` is how late it was already when it was told: a
    message that arrives late is late on arrival.
    """

    action: Code
    rule: str
    citation: str
    citation_status: Code
    due: AwareDatetime
    owner: str
    waiting_on: str | None = None
    late_minutes: int = 0


class OverdueRetracted(Change):
    """What came late shows that the step was done in time, or not due yet: it never was overdue."""

    action: Code
    rule: str
    due: AwareDatetime
