"""The ledger: a process of its own with raw clients that knows nothing of the system but its wire.

    python -m tests.chaos.ledger <directory>

reads `ledger.json` there, follows every topic from its beginning, and answers one JSON line on its output for each on its input:

    {"ask": "recovered", "since": <time>, "within": <seconds>}  →  seconds until what was sent then was answered and placed, or null
    {"ask": "owed"}                                             →  how much has not followed yet from what was sent
    {"ask": "end", "only_told": [<kinds>]}                      →  everything that is wrong, databases included; messages of these
                                                                   kinds may have no receipt (after a restore)
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.chaos import databases
from tests.chaos.history import ASSIGNMENT, IN, INTAKE, OUT, Finding, History
from tests.chaos.words import MARK, connection

PARTITIONS = {INTAKE: 24, ASSIGNMENT: 24}


class Ledger:
    """`directory` holds what the load generator acknowledged; `told` the access."""

    def __init__(self, directory: Path, told: dict[str, Any]) -> None:
        self.directory, self.told, self.history = directory, told, History()
        self.read_up_to: dict[TopicPartition, int] = {}

    async def follow(self) -> None:
        """Every topic from its beginning, for ever."""
        consumer = AIOKafkaConsumer(
            **connection(self.told["bootstrap"], *self.told["admin"]), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        topics = PARTITIONS | {prefix + name: 1 for prefix in (IN, OUT) for name in self.told["partners"]}
        consumer.assign([TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)])
        while True:
            try:
                batches = await consumer.getmany(timeout_ms=200, max_records=2_000)
            except KafkaError:
                await asyncio.sleep(0.2)
                continue
            now = time.time()
            for place, records in batches.items():
                for record in records:
                    self.history.add(record.topic, record.offset, record.headers, record.key, record.value, now)
                self.read_up_to[place] = records[-1].offset + 1
            await asyncio.sleep(0)

    async def answer(self, question: dict[str, Any]) -> Any:
        match question["ask"]:
            case "recovered":
                return self.history.recovered(question["since"], question["within"])
            case "owed":
                owed = self.history.owed()
                return owed or await asyncio.to_thread(databases.waiting, self.told["databases"])
            case "end":
                found = await asyncio.to_thread(self._end, tuple(question.get("only_told", ())))
                return {
                    "findings": [(finding.kind, finding.what, finding.at) for finding in found],
                    "records": dict(self.history.records),
                    "repeated": self.history.repeated,
                    "sent": len(self.history.sent),
                    "referrals": len(self.history.requests),
                    "quarantined": len(self.history.quarantined),
                }

    def _end(self, only_told: tuple[str, ...]) -> list[Finding]:
        found = self.history.findings(acknowledged(self.directory / "acked.jsonl"))
        found += databases.findings(self.told["databases"], self.history, only_told)
        return found + list(in_logs(Path(self.told["logs"])))


def acknowledged(file: Path) -> Iterator[tuple[str, int]]:
    for line in file.read_text().splitlines():
        row = json.loads(line)
        yield row["partner"], row["offset"]


def in_logs(directory: Path) -> Iterator[Finding]:
    """Personal values in what any process wrote about itself."""
    for file in sorted(directory.glob("*.log*")):
        if MARK.encode() in file.read_bytes():
            yield Finding("leak", f"a personal value in {file.name}")


async def main(directory: Path) -> None:
    ledger = Ledger(directory, json.loads((directory / "ledger.json").read_text()))
    following = asyncio.create_task(ledger.follow())
    loop, questions = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    while line := await questions.readline():
        if following.done():
            following.result()
        print(json.dumps(await ledger.answer(json.loads(line))), flush=True)
    following.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
