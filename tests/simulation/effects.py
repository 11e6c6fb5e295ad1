"""I1: every input had its effect exactly once, was answered once, and took its turn in the order of its source."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

from contracts.kernel import derived
from infra.keeping import INPUT
from infra.store import FactRow
from tests.runtime.accounts import Credited, Opened, Reminded
from tests.simulation.toys import MENDED, POISON

if TYPE_CHECKING:
    from tests.simulation.senders import Entry, Order, Told
    from tests.simulation.world import World

UPKEEP = ("aggregate.parked.v1", "aggregate.released.v1", "message.overdue.v1")
DECIDED = (0, 1, 2)
"""Where an answer of the decision stands among what its cause led to."""
Effect = Counter[tuple[str, int]]
"""Credits by account and amount."""


class Effects:
    """Of everything that was brought to accounts."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def check(self) -> Iterator[str]:
        facts = sorted(self.world.accounts.tables.facts.values(), key=lambda row: (row.aggregate, row.topic, row.sequence))
        caused: dict[str, list[FactRow]] = defaultdict(list)
        for row in facts:
            caused[row.attributes["causeid"] if row.topic != "out" else f"out {row.attributes['id']}"].append(row)
        answers = self._answers(facts)
        for entry in self.world.senders.entries:
            yield from self._of_entry(entry, _effect(caused.pop(entry.receipt, [])), answers[entry.receipt])
        for told in self.world.senders.told:
            yield from self._of_told(told, _effect(caused.pop(told.id, [])))
        for order in self.world.senders.orders:
            yield from self._of_order(order, caused.pop(order.id, []))
        for cause, rows in caused.items():
            kinds = {row.attributes["type"] for row in rows}
            if not cause.startswith("out ") and not kinds <= {Reminded.type, *UPKEEP}:
                yield f"I2 {sorted(kinds)} came of {cause}, which nobody brought"
        yield from self._order_of_sources(facts)

    def _answers(self, facts: list[FactRow]) -> dict[str, Counter[str]]:
        """What senders were told of each entry. An answer names no cause: it is found by the ids derived from it."""
        said = [(row, orjson.loads(row.data)["verdict"]) for row in facts if row.topic == "out"]
        decided = {row.attributes["id"]: verdict for row, verdict in said}
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for row, verdict in said:
            if row.aggregate.startswith(f"{INPUT}/"):
                found[row.aggregate.removeprefix(f"{INPUT}/")][verdict] += 1
        for entry in self.world.senders.entries:
            for index in DECIDED:
                if verdict := decided.get(derived(f"account/{entry.number}", entry.receipt, str(index))):
                    found[entry.receipt][verdict] += 1
        return found

    def _of_entry(self, entry: "Entry", effect: Effect, told: Counter[str]) -> Iterator[str]:
        credit = {"poison": POISON + MENDED}.get(entry.kind, entry.amount)
        took = entry.kind in ("good", "poison", "picky")
        for key in (Opened.type, 0), (Reminded.type, 0):
            effect.pop(key, None)
        expected: Effect = Counter({(f"account/{entry.number}", credit): 1} if took else {})
        if effect != expected:
            yield f"I1 entry {entry.topic}/{entry.offset}{entry.pointer} ({entry.kind}) had the effect {dict(effect)}"
        answer = {"refused": "return"}.get(entry.kind, entry.kind if not took else "event")
        held = told["quarantine"] if answer != "quarantine" else 0  # told that it is held, while it waited for a person
        if told[answer] != 1 or told.total() - held != 1:
            yield f"I1 entry {entry.topic}/{entry.offset}{entry.pointer} ({entry.kind}) was answered {dict(told)}"
        if entry.receipt not in self.world.accounts.tables.receipts:
            yield f"I11 entry {entry.topic}/{entry.offset}{entry.pointer} has no receipt"

    def _of_told(self, told: "Told", effect: Effect) -> Iterator[str]:
        took = {"good": told.amount, "poison": POISON + MENDED}.get(told.kind)
        if effect != Counter({(told.to, took): 1} if took else {}):
            yield f"I1 {told.id} ({told.kind}) had the effect {dict(effect)}"

    def _of_order(self, order: "Order", rows: list[FactRow]) -> Iterator[str]:
        answers = {(answer.subject, answer.sequence, answer.version) for answer in order.answers if answer.kind == "event"}
        answers |= {_answer(answer.answer) for answer in order.answers if answer.kind == "duplicate"}
        effect = _effect(rows)
        if answers and effect != Counter({(order.subject, order.amount): 1}):
            yield f"I1 {order.id} was acknowledged and had the effect {dict(effect)}"
        if not answers and effect and len(order.attempts) == 1:  # an earlier attempt may still be at work when another is refused
            yield f"I1 {order.id} was refused and had the effect {dict(effect)}"
        if len(answers) > 1 or (answers and rows and {(row.aggregate, row.sequence) for row in rows} != {answer[:2] for answer in answers}):
            yield f"I11 {order.id} was answered {sorted(answers)}"

    def _order_of_sources(self, facts: list[FactRow]) -> Iterator[str]:
        """I3: an aggregate takes what one source brought in the order in which it was brought."""
        entries = {entry.receipt: entry for entry in self.world.senders.entries if not entry.holder}
        told = {told.id: told for told in self.world.senders.told}
        last: dict[tuple[str, str], tuple[int, str]] = {}
        for row in facts:
            if row.attributes["type"] != Credited.type:
                continue
            if entry := entries.get(row.attributes["causeid"]):
                source, place = entry.topic, (entry.offset, entry.pointer)
            elif fact := told.get(row.attributes["causeid"]):
                source, place = fact.subject, (fact.sequence, "")
            else:
                continue
            if last.get((row.aggregate, source), (0, "")) > place:
                yield f"I3 {row.aggregate} took {place} of {source} behind {last[row.aggregate, source]}"
            last[row.aggregate, source] = place


def _effect(rows: list[FactRow]) -> Effect:
    return Effect((row.aggregate, orjson.loads(row.data)["amount"]) for row in rows if row.attributes["type"] == Credited.type)


def _answer(answer: bytes) -> tuple[str, int, int]:
    subject, sequence, version = answer.decode().rsplit(" ", 2)
    return subject, int(sequence), int(version)
