"""From what a batch decided to the rows of one transaction: sealed, serialised, addressed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from contracts.kernel import Message, Sealable
from infra.breathing import breaths
from infra.envelope import sequence_text
from infra.packing import size_of
from infra.publisher import RECORD_BYTES_MAX
from infra.records import packed
from infra.sealing import seal_bytes, seal_here
from infra.store import Changes, FactRow, Receipt, Rejected
from infra.telemetry import child
from infra.working import Kept, Said, Working

Keys = Mapping[str, bytes]
LARGE = RECORD_BYTES_MAX // 2
"""Below this no fact can be too large: attributes are short."""


def records_to_seal(work: Working) -> set[str]:
    """Whose data keys this batch needs: the records whose values are said, and kept inputs from outside."""
    said = {one.fact.data.record for one in work.said if isinstance(one.fact.data, Sealable)}
    return said | {kept.receipt.id for kept in work.kept.values() if kept.item.kind == "outside"}


async def changes(work: Working, keys: Keys, source: str) -> tuple[Changes, list[FactRow]]:
    """What one transaction writes, and the facts among it in the order in which they were said.

    Values are sealed where they are: a fact and the state that was folded from it hold the same tokens. Raises Rejected.
    """
    recorded, rows = work.now.isoformat(), list[FactRow]()
    async for portion in breaths(work.said):
        for said in portion:
            if isinstance(said.fact.data, Sealable):
                seal_here(said.fact.data, said.fact.data.record, keys.get(said.fact.data.record))
            rows.append(fact_row(said, source, work.now, recorded))
    if any(len(row.data) > LARGE and size_of(row) > RECORD_BYTES_MAX for row in rows):
        raise Rejected("a fact could never be published")
    for subject in work.became:
        state = work.states[subject]
        work.changed[subject].state = None if state is None else state.__pydantic_serializer__.to_json(state, exclude_none=True)
    receipts = [*work.receipts.values(), *(_with_bytes(kept, keys) for kept in work.kept.values())]
    return Changes(list(work.changed.values()), rows, receipts, dict(work.claims)), rows


def fact_row(said: Said, source: str, now: datetime, recorded: str) -> FactRow:
    """The fact as it is stored and published; listeners outside get the reduced attributes."""
    fact, cause = said.fact, said.cause
    attributes = {
        "specversion": "1.0",
        "id": said.id,
        "source": source,
        "type": fact.data.type,
        "subject": fact.subject,
        "time": fact.at.astimezone(UTC).isoformat() if fact.at else recorded,
        "datacontenttype": "application/json",
        "sequence": sequence_text(said.sequence),
    }
    if fact.topic:
        consent = fact.consent or cause.consent
        attributes |= {"consentid": consent} if consent else {}
    else:
        attributes |= _inner(said, cause, recorded)
    body = fact.data.__pydantic_serializer__.to_json(fact.data, exclude_none=True)
    name = f"{fact.subject}/{said.topic}/{attributes['sequence']}"
    return FactRow(name, fact.subject, said.topic, said.sequence, said.key, said.part, attributes, body, now)


def _inner(said: Said, cause: Message, recorded: str) -> dict[str, str]:
    """What only we see of a fact: where it belongs, who acted, what it answers, how it may be handled."""
    named = {
        "partitionkey": said.key,
        "recordedtime": recorded,
        "authtype": cause.actor.type,
        "authid": cause.actor.id,
        "causetopic": cause.topic,
        "causesubject": cause.subject,
        "causesequence": sequence_text(cause.sequence) if cause.sequence else "",
        "causeid": cause.id,
        "correlationid": cause.correlation or cause.id,
        "sensitivity": said.fact.sensitivity or cause.sensitivity,
        "consentid": said.fact.consent or cause.consent,
        "traceparent": child(cause.traceparent),
    }
    return {name: value for name, value in named.items() if value}


def _with_bytes(kept: Kept, keys: Keys) -> Receipt:
    """What is kept of a message: from outside sealed under a key of its own; what we said ourselves is sealed inside already."""
    if kept.item.record is None:
        return kept.receipt
    raw = packed(kept.item.record)
    if kept.item.kind == "outside":
        raw = seal_bytes(raw, keys[kept.receipt.id], kept.receipt.id)
    return replace(kept.receipt, raw=raw)
