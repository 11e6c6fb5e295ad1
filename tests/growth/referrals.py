"""Open referrals by the thousand, written by the port: what the front door stored of one, under other names."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from contracts.kernel import Blind, derived
from infra.clean import Clean
from infra.envelope import headers
from infra.partition import partition_of
from infra.records import Record
from infra.store import Aggregate, Changes, FactRow, Receipt, Store
from infra.store.memory import Tables
from services.intake.app import SERVICE
from services.intake.referrals import record_of, request_of
from tests.instance import Instance

PARTNER, SYSTEM, AT_ONCE = "oakfield", "urn:ehr", 1_000
Rename = Callable[[str], str]


def asked(number: int, requested_at: str) -> dict[str, Any]:
    person = {"identifiers": [{"system": SYSTEM, "value": f"m-{number:07d}"}], "family_name": "Example", "given_name": "Pat"}
    return {"reference": f"R-{number:07d}", "requested_at": requested_at, "service": "therapy", "urgency": "routine", "person": person}


def record(kind: str, number: int, body: dict[str, Any], id: str) -> Record:
    named = {"specversion": "1.0", "id": id, "source": "/ehr", "type": kind, "datacontenttype": "application/json"}
    return Record(f"partner-in-{PARTNER}", 0, number, tuple(headers(named)), orjson.dumps(body))


def names(number: int, blind: Blind) -> tuple[str, ...]:
    """All by which one referral is told from another: its person, itself, where its record is found, what its partner calls it."""
    reference = f"R-{number:07d}"
    request = request_of(PARTNER, reference, blind).partition("/")[2]
    return blind("identifier", PARTNER, SYSTEM, f"m-{number:07d}"), request, record_of(PARTNER, reference, blind), reference


async def template(one: Instance) -> Tables:
    """Of referral 0, as intake wrote it."""
    first = record("referral.requested.v1", 0, asked(0, one.clock.now().isoformat()), "0")
    await one.settler.settle(list(one.reader.items(first)))
    return one.tables


def open_referrals(made: Tables, first: int, last: int, blind: Blind) -> Iterator[Changes]:
    """Those numbers, in transactions of a bounded size."""
    for begin in range(first, last, AT_ONCE):
        changes = Changes()
        for number in range(begin, min(begin + AT_ONCE, last)):
            _add(changes, made, number, _renamed(names(0, blind), names(number, blind)))
        yield changes


def _renamed(before: tuple[str, ...], after: tuple[str, ...]) -> Rename:
    pairs = tuple(zip(before, after, strict=True))

    def renamed(text: str) -> str:
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return renamed


def _add(changes: Changes, made: Tables, number: int, renamed: Rename) -> None:
    changes.aggregates += [_aggregate(row, renamed) for row in made.aggregates.values()]
    changes.facts += [_fact(row, number, renamed) for row in made.facts.values()]
    changes.receipts += [_receipt(row, number) for row in made.receipts.values()]
    changes.claims |= {renamed(claim): renamed(holder) for claim, holder in made.claims.items()}


def _aggregate(row: Aggregate, renamed: Rename) -> Aggregate:
    copy = row.copy()
    copy.id, copy.key, copy.v = renamed(row.id), renamed(row.key), 1
    copy.part, copy.state = partition_of(copy.key), renamed((row.state or b"").decode()).encode()
    return copy


def _fact(row: FactRow, number: int, renamed: Rename) -> FactRow:
    attributes = {name: renamed(value) for name, value in row.attributes.items()} | {"id": derived(row.attributes["id"], str(number))}
    key = renamed(row.key)
    return replace(
        row, id=renamed(row.id), aggregate=renamed(row.aggregate), key=key, part=partition_of(key), attributes=attributes,
        data=renamed(row.data.decode()).encode(),
    )  # fmt: skip


def _receipt(row: Receipt, number: int) -> Receipt:
    return replace(row, id=derived(row.id, str(number)), offset=number)


async def fill(store: Store, made: Tables, first: int, last: int, blind: Blind, clean: Clean) -> None:
    """These are open, and what was said of them is published, as the process knows that wrote it."""
    for changes in open_referrals(made, first, last, blind):
        await store.commit(changes)
        await store.mark_published([fact.id for fact in changes.facts])
        for row in changes.aggregates:
            clean.remember(row.id, row.v)


__all__ = ("SERVICE", "asked", "fill", "names", "record", "template")
