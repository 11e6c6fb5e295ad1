"""From what a batch decided to the rows of one transaction: sealed, serialised, addressed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from contracts.kernel import Change, Event, Sealable
from infra.envelope import EXTERNAL, reduced, sequence_text
from infra.packing import size_of
from infra.publisher import RECORD_BYTES_MAX
from infra.records import packed
from infra.sealing import personal_fields, seal, seal_bytes
from infra.store import Changes, FactRow, Receipt, Rejected
from infra.telemetry import child
from infra.working import Kept, Said, Working, evolved, parsed

Keys = Mapping[str, bytes]


def records_to_seal(work: Working) -> set[str]:
    """Whose data keys this batch needs: the records whose values are said, and kept inputs from outside."""
    said = {one.fact.data.record for one in work.said if isinstance(one.fact.data, Sealable)}
    return said | {kept.receipt.id for kept in work.kept if kept.item.kind == "outside"}


def changes(work: Working, keys: Keys, source: str) -> tuple[Changes, list[FactRow]]:
    """What one transaction writes, and the facts among it in the order in which they were said."""
    sealed = [_sealed(one, keys) for one in work.said]
    rows = [fact_row(one, data, source, work.now) for one, data in zip(work.said, sealed, strict=True)]
    if too_large := [row.id for row in rows if size_of(row) > RECORD_BYTES_MAX]:
        raise Rejected(f"{len(too_large)} facts could never be published")
    for subject, state in _final_states(work, sealed).items():
        work.changed[subject].state = None if state is None else state.__pydantic_serializer__.to_json(state, exclude_none=True)
    receipts = [*work.receipts.values(), *(_with_bytes(kept, keys) for kept in work.kept)]
    return Changes(list(work.changed.values()), rows, receipts, dict(work.claims)), rows


def _sealed(said: Said, keys: Keys) -> Event:
    data = said.fact.data
    return seal(data, data.record, keys.get(data.record)) if isinstance(data, Sealable) else data


def _final_states(work: Working, sealed: list[Event]) -> dict[str, Any]:
    """States as a fold over the facts as they are stored: where a value was sealed, the same token stands in both."""
    states = {said.fact.subject: work.states[said.fact.subject] for said in work.said}
    personal = {said.fact.subject for said in work.said if personal_fields(type(said.fact.data))}
    for subject in personal:
        states[subject] = parsed(work.service, work.loaded.aggregates.get(subject))
    for said, data in zip(work.said, sealed, strict=True):
        if said.fact.subject in personal and isinstance(data, Change):
            states[said.fact.subject] = evolved(work.service, said.fact.subject, states[said.fact.subject], data)
    return states


def fact_row(said: Said, data: Event, source: str, now: datetime) -> FactRow:
    """The fact as it is stored and published; listeners outside get the reduced attributes."""
    cause, recorded = said.cause, now.isoformat()
    attributes = {
        "specversion": "1.0",
        "id": said.id,
        "source": source,
        "type": data.type,
        "subject": said.fact.subject,
        "time": said.fact.at.astimezone(UTC).isoformat() if said.fact.at else recorded,
        "datacontenttype": "application/json",
        "sequence": sequence_text(said.sequence),
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
        "consentid": cause.consent,
        "traceparent": child(cause.traceparent),
    }
    if said.fact.topic:
        attributes = reduced(attributes, EXTERNAL)
    body = data.__pydantic_serializer__.to_json(data, exclude_none=True)
    name = f"{said.fact.subject}/{said.topic}/{sequence_text(said.sequence)}"
    return FactRow(name, said.fact.subject, said.topic, said.sequence, said.key, said.part, attributes, body, now)


def _with_bytes(kept: Kept, keys: Keys) -> Receipt:
    """What is kept of a message: from outside sealed under a key of its own; what we said ourselves is sealed inside already."""
    if kept.item.record is None:
        return kept.receipt
    raw = packed(kept.item.record)
    if kept.item.kind == "outside":
        raw = seal_bytes(raw, keys[kept.receipt.id], kept.receipt.id)
    return replace(kept.receipt, raw=raw)
