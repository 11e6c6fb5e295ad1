"""The front door's next version, for the upgrade drills: it stores one more field of a request, and says one more event.

    python -m tests.chaos.next_version

`CHAOS_SCHEMA` is the schema it writes: the same as now (a field that older builds carry along), or one more (they must not write).
"""

import os
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from contracts.intake import RequestReceived
from contracts.kernel import Change, Decision, Early, Fact, Message, Refused, State, World
from infra.app import run
from services.intake.app import APP
from services.intake.app import SERVICE as PRESENT
from services.intake.requests import Request


class RequestScreened(Change):
    """A machine looked for urgent words. Says nothing of what a person will find."""

    type: ClassVar = "request.screened.v1"
    screening: str


class Screened(Request):
    """A request, with what the next version knows of it."""

    screening: str | None = None


def decide(message: Message, world: World, now: datetime) -> Decision:
    decision = PRESENT.decide(message, world, now)
    if isinstance(decision, Early | Refused):
        return decision
    said = list[Fact]()
    for fact in decision:
        said.append(fact)
        if isinstance(fact.data, RequestReceived):
            said.append(Fact(fact.subject, RequestScreened(screening=f"screened {fact.data.reference}")))
    return said


def evolve(state: Any, fact: Change) -> State | None:
    if isinstance(fact, RequestScreened):
        return state.model_copy(update={"screening": fact.screening})  # type: ignore[no-any-return]
    after = PRESENT.evolve(state, fact)
    return Screened.model_construct(**after.__dict__) if type(after) is Request else after


SERVICE = replace(
    PRESENT,
    states={**PRESENT.states, "request": Screened},
    says={**PRESENT.says, RequestScreened.type: RequestScreened},
    decide=decide,
    evolve=evolve,
    schema=int(os.environ.get("CHAOS_SCHEMA", PRESENT.schema)),
)

if __name__ == "__main__":
    run(replace(APP, service=SERVICE))
