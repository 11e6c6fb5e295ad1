"""Fetching that loses nothing to one unreadable record.

aiokafka decodes header names while it drains its buffers: a name that is not UTF-8 raises out of `getmany`, and whatever other
partitions had drained by then is gone, though their positions moved on. So a failed drain is undone: every partition goes back to
what was last handed over, and is drained alone; the record that cannot be read is handed over empty, with its address, so that its
sender is told like any other.
"""

import asyncio
from itertools import chain
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, KafkaError

from infra.records import Record

log = structlog.get_logger(__name__)
Drained = dict[TopicPartition, list[Any]]


class Drainer:
    """Drains one consumer."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def records(self, timeout_ms: int, max_records: int) -> tuple[Any, ...]:
        """What there is within the time, grouped by partition, in order within each. Raises KafkaError as aiokafka does."""
        before = self._positions()
        try:
            drained: Drained = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except Exception as error:  # positions have moved on past what nobody was given
            await self._back_to(before)
            if isinstance(error, KafkaError) and not isinstance(error, CorruptRecordException):
                raise
            log.warning("drained one by one", error=type(error).__name__)
            drained = await self._one_by_one(before)
        if not drained:
            await asyncio.sleep(timeout_ms / 1000)
        return tuple(chain(*drained.values()))

    def _positions(self) -> dict[TopicPartition, int]:
        """Where each partition stands: what is drained from here on is what this call hands over."""
        state = self._consumer._subscription.subscription
        known = state.assignment.tps if state and state.assignment else ()
        return {place: value.position for place in known if (value := state.assignment.state_value(place)).has_valid_position}

    async def _back_to(self, before: dict[TopicPartition, int]) -> None:
        """Where nothing was known yet, the committed offset is where to begin."""
        for place in self._consumer.assignment():
            if place in before:
                self._consumer.seek(place, before[place])
            else:
                await self._consumer.seek_to_committed(place)

    async def _one_by_one(self, before: dict[TopicPartition, int]) -> Drained:
        drained: Drained = {}
        for place in before:
            if place in self._consumer.assignment():
                drained[place] = await self._alone(place)
        return {place: records for place, records in drained.items() if records}

    async def _alone(self, place: TopicPartition) -> list[Any]:
        """What one partition gives, record by record, up to and with the first that cannot be read."""
        records: list[Any] = []
        for _ in range(ALONE_MAX):
            at = await self._consumer.position(place)
            try:
                found = (await self._consumer.getmany(place, timeout_ms=ALONE_MS, max_records=1)).get(place)
            except (KafkaError, ConsumerStoppedError):
                raise
            except Exception:
                self._consumer.seek(place, at + 1)
                return [*records, Record(place.topic, place.partition, at, (), None)]
            if not found:
                return records
            records += found
        return records


ALONE_MAX, ALONE_MS = 500, 250
