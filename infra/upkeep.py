"""What the steward does with what was kept: look, repair, replay, discard, release. The same path as everything else."""

from dataclasses import dataclass, replace
from uuid import uuid4

from contracts.kernel import Actor, Change, Message, derived
from contracts.upkeep import AggregateReleased, InputDiscarded, InputRevealed, Origin
from infra.keeping import subject_of
from infra.problems import Problem
from infra.replay import Replayer
from infra.service import Item, Outcome
from infra.settle import Settler
from infra.store import Receipt

ROUNDS = 5
"""Messages go on coming while an aggregate is released: what came meanwhile is decided in another round."""


@dataclass(frozen=True)
class Upkeep:
    """`actor` is who does it: every step is a fact with a name behind it."""

    settler: Settler
    replayer: Replayer
    actor: str

    async def receipt(self, name: str) -> Receipt:
        """A quarantined input's receipt; Problem TL-4201 when it is not (or no longer) quarantined."""
        found = (await self.settler.store.receipts([name])).get(name)
        if found is None or found.state != "quarantined":
            raise Problem("TL-4201", "this input is not quarantined", fix="list what is", where=subject_of(name), status=404)
        return found

    async def replay(self, name: str, value: bytes | None = None) -> list[Outcome]:
        """Decide a quarantined input again: as it was (the code was mended), or with `value` in place of its bytes (a repair)."""
        items = await self.replayer.items(await self.receipt(name), value)
        if not items:
            raise Problem(
                "TL-4202", "nothing stands where this input stood", fix="keep its place in the message", where=subject_of(name), status=422
            )
        for item in items:
            item.message = replace(item.message, actor=Actor("user", self.actor))
        return await self.settler.settle(items)

    async def reveal(self, name: str, reason: str) -> bytes:
        """What a quarantined input holds, as it came. That it was opened, by whom and why, is durable before it is shown."""
        record = await self.replayer.record(await self.receipt(name))
        await self._say(subject_of(name), InputRevealed(reason=reason), each=str(uuid4()))
        return record.value or b""

    async def discard(self, name: str, reason: str) -> None:
        """Nothing follows from this input: a decision of a person, with a reason of the list."""
        await self.receipt(name)
        await self._say(subject_of(name), InputDiscarded(reason=reason), discarded=name)

    async def release(self, subject: str) -> list[Outcome]:
        """Decide what a parked aggregate kept, in order. What fails again stays parked, and everything behind it."""
        outcomes: list[Outcome] = []
        for _ in range(ROUNDS):
            for item in await self.replayer.kept([subject]):
                (outcome,) = await self.settler.settle([item])
                outcomes.append(outcome)
                if outcome.kind == "parked":
                    return outcomes
            if await self._say(subject, AggregateReleased(replayed=len(outcomes))) != "parked":
                break
        return outcomes

    async def _say(self, subject: str, fact: Change, discarded: str = "", each: str = "") -> str:
        """Once, however often it is said; where each time counts, `each` tells them apart."""
        message = Message(
            derived(subject, fact.type, self.actor, discarded, each), fact, subject, "upkeep", actor=Actor("user", self.actor)
        )
        item = Item("upkeep", message, Origin(topic="upkeep"), discarded, was="quarantined" if discarded else None)
        (outcome,) = await self.settler.settle([item])
        return outcome.kind
