"""What readers outside are told in the open. Values about a person are sealed wherever they are stored; a fact that somebody outside
must read is opened on its way to their own topic, which is behind an access rule and TLS, and nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from contracts.kernel import Event, Sealable, value
from infra.sealing import Erased, unseal
from infra.store import FactRow

log = structlog.get_logger(__name__)


@value
class Outward:
    """A fact that is stored as `sealed`, and what `opened` makes of it for whoever reads it outside: pure, with its values open."""

    sealed: type[Sealable]
    opened: Callable[[Any], Event]


class Keyring(Protocol):
    async def keys(self, records: Sequence[str], create: bool = False) -> dict[str, bytes]: ...


async def readable(outward: Mapping[str, Outward], vault: Keyring, rows: Sequence[FactRow]) -> Sequence[FactRow]:
    """The rows as they are sent. One whose key was erased says nothing to anybody any more: it is left out."""
    sealed = {row.id: outward[kind].sealed.model_validate_json(row.data) for row in rows if (kind := row.attributes["type"]) in outward}
    if not sealed:
        return rows
    keys = await vault.keys(sorted({said.record for said in sealed.values()}))
    return [sent for row in rows if (sent := _sent(outward, row, sealed.get(row.id), keys))]


def _sent(outward: Mapping[str, Outward], row: FactRow, said: Sealable | None, keys: Mapping[str, bytes]) -> FactRow | None:
    if said is None:
        return row
    try:
        told = outward[row.attributes["type"]].opened(unseal(said, said.record, keys.get(said.record)))
    except Erased as erased:
        log.warning("erased before it was sent", code=erased.code, topic=row.topic)
        return None
    return replace(row, data=told.model_dump_json(exclude_none=True).encode())


def closed(outward: Mapping[str, Outward], row: FactRow) -> FactRow:
    """A row that was read back from a topic outside, as it may be kept: without what was open in it."""
    return replace(row, data=b"{}") if row.attributes["type"] in outward else row
