"""Published files through running services: `python -m tests.intake.published` writes its table into docs/reliability.md.

Every file is one record of a partner on a real broker, read by intake with authorization and follow_up listening. How an entry ended is
looked up under the id that its place in the topic has, so none can be counted twice or for another.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson
from confluent_kafka import Consumer, Message, Producer

from contracts.catalogue import PARTNER_IN, PARTNER_OUT
from contracts.kernel import derived
from deploy import kept
from deploy.access import partner_principal
from deploy.local import ports
from deploy.local.engines import Engines
from infra.store import Held, Receipt
from infra.store.mongo import MongoStore
from infra.upkeep import Upkeep
from tests import marks
from tests.intake.test_third_party import FHIR, bytes_of, read, rows
from tests.running import Services

PARTNER, RUNNING, WITHIN_S = "acme", ("intake", "follow_up", "authorization"), 240.0
BATCH_BYTES = 65_536
"""The broker's limit on a record is one on a batch: by its client's default a partner would have a whole batch refused."""
ENDS = ("event", "returned", "quarantined")
"""As a receipt says it: taken as a canonical event, given back with reasons, held for one of us."""
MACHINE = ("referral.received.v1", "referral.returned.v1")
"""What every entry is answered with at once."""
Sent = Mapping[str, tuple[int, tuple[str, ...]]]
"""File → its offset, and the pointers of its entries."""


@dataclass(frozen=True)
class Ended:
    """How every entry of every file ended, what the partner was told, and what is parked where."""

    files: Sent
    receipts: Mapping[str, Mapping[str, Receipt]]
    """File → pointer → how it ended."""
    answers: Collection[Mapping[str, str]]
    held: Mapping[str, Held]
    seconds: float

    @property
    def entries(self) -> int:
        return sum(len(pointers) for _, pointers in self.files.values())

    def by_source(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for file, entries in self.receipts.items():
            counts = found.setdefault(file.partition("/")[0], Counter())
            counts.update(files=1, entries=len(entries), **Counter(one.state for one in entries.values()))
        return found

    def table(self) -> str:
        """By source, with the sums."""
        lines = [(source, *_numbers(counts)) for source, counts in sorted(self.by_source().items())]
        total = _numbers(sum(self.by_source().values(), Counter()))
        head = ("source", "files", "entries", "canonical event", "returned with reasons", "quarantined with an owner")
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *lines, ("all", *total)))


def _numbers(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(str(counts.get(name, 0)) for name in ("files", "entries", *ENDS))


def sent(engines: Engines) -> Sent:
    """Every published file as one record of the partner, FHIR by its header where it looks like it."""
    config = {"acks": "all", "batch.size": BATCH_BYTES}
    producer, offsets = Producer({**engines.kafka_config(partner_principal(PARTNER)), **config}), dict[str, int]()

    def noted(file: str, error: object, message: Message) -> None:
        assert error is None, f"{file}: {error}"
        offsets[file] = message.offset()

    values = {row["file"]: bytes_of(row["file"]) for row in rows()}
    for file, value in values.items():
        named = list(FHIR.items()) if b'"resourceType"' in value else []
        producer.produce(PARTNER_IN + PARTNER, value, file, headers=named, on_delivery=partial(noted, file))
    assert producer.flush(60) == 0
    return {file: (offsets[file], tuple(entry.pointer for entry in read(value))) for file, value in values.items()}


def ended(engines: Engines) -> Ended:
    """Send everything; wait until the last entry has ended and was answered."""
    began, files = time.monotonic(), sent(engines)
    names = {
        derived(PARTNER_IN + PARTNER, "0", str(at), entry): (file, entry) for file, (at, entries) in files.items() for entry in entries
    }
    until = time.monotonic() + WITHIN_S
    while len(found := _receipts(engines, names)) < len(names) and time.monotonic() < until:
        time.sleep(0.5)
    receipts: dict[str, dict[str, Receipt]] = {file: {} for file in files}
    for name, receipt in found.items():
        file, entry = names[name]
        receipts[file][entry] = receipt
    answers = _answers(engines, len(names))
    return Ended(files, receipts, answers, {name: _held(engines, name) for name in RUNNING}, time.monotonic() - began)


def _receipts(engines: Engines, names: Iterable[str]) -> dict[str, Receipt]:
    async def look(store: MongoStore, _: Upkeep) -> dict[str, Receipt]:
        return await store.receipts(list(names))

    return kept.run("intake", look, engines.settings)


def _held(engines: Engines, service: str) -> Held:
    async def look(store: MongoStore, _: Upkeep) -> Held:
        return await store.held()

    return kept.run(service, look, engines.settings)


def _answers(engines: Engines, many: int) -> list[Mapping[str, str]]:
    """What the partner reads: one machine's answer an entry. One that was published again is the same answer."""
    config = {"group.id": f"{partner_principal(PARTNER)}.published", "auto.offset.reset": "earliest"}
    reader, found = Consumer({**engines.kafka_config(partner_principal(PARTNER)), **config}), dict[str, Mapping[str, str]]()
    reader.subscribe([PARTNER_OUT + PARTNER])
    until = time.monotonic() + WITHIN_S
    try:
        while len(found) < many and time.monotonic() < until:
            message = reader.poll(0.5)
            if message is None or message.error():
                continue
            named = {name: (value or b"").decode() for name, value in message.headers() or ()}
            if named["ce_type"] in MACHINE:
                found[named["ce_id"]] = {"type": named["ce_type"], **orjson.loads(message.value())}
    finally:
        reader.close()
    return list(found.values())


def section(found: Ended) -> str:
    return (
        "## Files that partners and standards bodies published, through the running services\n\n"
        f"{len(found.files)} files as records of one partner, through a real broker to intake, with authorization and follow_up listening"
        f" (`python -m tests.intake.published`): {found.entries} entries, each of which ended in exactly one way and was answered once.\n\n"
        f"{found.table()}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as here, Engines.isolated(Path(here) / "state", http_port=ports.free_port(7)) as engines:
        engines.add_partners(PARTNER)
        with Services(engines) as services:
            services.start(*RUNNING)
            found = ended(engines)
    sys.stdout.write(f"{found.table()}\n{found.entries} entries in {found.seconds:.1f} s, {len(found.answers)} answers\n")
    marks.write(marks.RELIABILITY, "published", section(found))


if __name__ == "__main__":
    main()
