"""Kept messages, decided again: early ones when their cause may have come, parked and quarantined ones when a person says so."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from infra.inbound import Reader
from infra.records import Record, unpacked
from infra.sealing import Erased, Unreadable, open_bytes
from infra.service import Item, Service
from infra.store import Receipt, Store

log = structlog.get_logger(__name__)


class Keyring(Protocol):
    async def keys(self, records: Sequence[str], create: bool = False) -> dict[str, bytes]: ...


class Replayer:
    """Turns receipts of kept messages back into items."""

    def __init__(self, service: Service, store: Store, vault: Keyring) -> None:
        self._service, self._store, self._vault, self._reader = service, store, vault, Reader(service)

    async def kept(self, subjects: Collection[str]) -> list[Item]:
        """Every message kept in these aggregates, in the order it came."""
        waiting = await self._store.kept(subjects)
        return [item for receipts in waiting.values() for receipt in receipts for item in await self._readable(receipt)]

    async def _readable(self, receipt: Receipt) -> list[Item]:
        """A message whose key is gone stays where it is, for its steward; it stops no other."""
        try:
            return await self.items(receipt)
        except (Erased, Unreadable) as error:
            log.error("kept message not readable", code=error.code, topic=receipt.topic, partition=receipt.partition, offset=receipt.offset)
            return []

    async def items(self, receipt: Receipt, value: bytes | None = None) -> list[Item]:
        """The kept message as it was, or with `value` in the place of its bytes (a repair). Raises Erased, Unreadable."""
        record = await self.record(receipt)
        if value is not None:
            record = replace(record, value=value)
        items = [item for item in self._reader.items(record) if item.origin.entry == receipt.entry]
        for item in items:
            item.receipt, item.was, item.held_by, item.repaired = receipt.id, receipt.state, receipt.aggregate, value is not None
        return items

    async def record(self, receipt: Receipt) -> Record:
        """The bytes as they came. Opening them is for the eyes of the steward; the caller accounts for it."""
        if not (self._service.outside and receipt.topic.startswith(self._service.outside)):
            return unpacked(receipt.raw)
        keys = await self._vault.keys([receipt.id])
        return unpacked(open_bytes(receipt.raw, keys.get(receipt.id), receipt.id))
