"""Rows as documents.

An aggregate is `{_id, v, part, due_at, state, about}`: `state` and `about` (all else that the runtime keeps) are JSON text,
because the server's cost of an update grows with the fields it sets, most of all with nested ones. A field that a later version
adds to a row goes beside them, never into `about`: at the top level an older build leaves alone what it does not know.
"""

from typing import Any

import orjson

from infra.store.instants import not_before
from infra.store.port import Aggregate, FactRow, Receipt

Document = dict[str, Any]

WAITING = frozenset({"early", "parked"})
SEEN_TO = frozenset({"parked", "quarantined"})
"""What a person must see to."""
RECEIPT_FIELDS = (
    "state", "topic", "partition", "offset", "entry", "answer", "raw", "aggregate", "order", "waits_for", "received_at", "expires_at",
)  # fmt: skip
NO_RECEIPT = Receipt("", "event")


def aggregate_insert(row: Aggregate) -> Document:
    fields = {"_id": row.id, "part": row.part, **_aggregate_fields(row)}
    if row.due_at:
        fields["due_at"] = not_before(row.due_at)
    if row.errand_at:
        fields |= {"errand_at": not_before(row.errand_at), "lane": row.lane}
    if row.whose:
        fields["whose"] = row.whose
    return fields


def aggregate_update(row: Aggregate) -> Document:
    """Only against the version before; only the fields that are known."""
    fields = _aggregate_fields(row)
    gone: Document = {}
    if row.due_at:
        fields["due_at"] = not_before(row.due_at)
    else:
        gone["due_at"] = ""
    if row.errand_at:
        fields |= {"errand_at": not_before(row.errand_at), "lane": row.lane}
    elif row.lane:
        gone["errand_at"] = ""
    if row.whose:
        fields["whose"] = row.whose
    elif row.whose is not None:
        gone["whose"] = ""
    change = {"$set": fields, "$unset": gone} if gone else {"$set": fields}
    return {"q": {"_id": row.id, "v": row.v - 1}, "u": change}


def _aggregate_fields(row: Aggregate) -> Document:
    about = {
        "sv": row.sv, "key": row.key, "seq": row.seq, "wm": row.wm, "kept": row.kept, "parked": row.parked, "spent": row.spent,
    }  # fmt: skip
    state = None if row.state is None else row.state.decode()
    return {"v": row.v, "state": state, "about": orjson.dumps(about).decode()}


def aggregate(document: Document) -> Aggregate:
    about, state = orjson.loads(document["about"]), document["state"]
    return Aggregate(
        document["_id"],
        document["v"],
        about["sv"],
        None if state is None else state.encode(),
        about["key"],
        document["part"],
        about["seq"],
        about["wm"],
        document.get("due_at"),
        tuple(about["kept"]),
        about["parked"],
        tuple(about["spent"]),
        document.get("errand_at"),
        document.get("lane", ""),
        document.get("whose"),
    )


def fact_insert(row: FactRow) -> Document:
    return {
        "_id": row.id,
        "aggregate": row.aggregate,
        "topic": row.topic,
        "sequence": row.sequence,
        "key": row.key,
        "part": row.part,
        "attributes": orjson.dumps(dict(row.attributes)).decode(),
        "data": row.data.decode(),
        "recorded_at": row.recorded_at,
    }


def fact(document: Document) -> FactRow:
    return FactRow(
        document["_id"],
        document["aggregate"],
        document["topic"],
        document["sequence"],
        document["key"],
        document["part"],
        orjson.loads(document["attributes"]),
        document["data"].encode(),
        document["recorded_at"],
    )


def receipt_insert(row: Receipt) -> Document:
    return {"_id": row.id, **_receipt_fields(row)}


def receipt_update(row: Receipt) -> Document:
    """Only from the state it must be in now."""
    fields = _receipt_fields(row)
    gone = dict.fromkeys((name for name in (*RECEIPT_FIELDS, "waits_in", "held") if name not in fields), "")
    return {"q": {"_id": row.id, "state": row.was}, "u": {"$set": fields, "$unset": gone} if gone else {"$set": fields}}


def _receipt_fields(row: Receipt) -> Document:
    """What is not said is not stored. For their indexes: `waits_in` while the message waits, `held` while a person must see to it."""
    fields = {name: value for name in RECEIPT_FIELDS if (value := getattr(row, name)) != getattr(NO_RECEIPT, name)}
    fields["state"] = row.state
    if row.state in WAITING:
        fields["waits_in"] = row.aggregate
    if row.state in SEEN_TO:
        fields["held"] = row.state
    if row.answer:
        fields["answer"] = row.answer.decode()
    return fields


def receipt(document: Document) -> Receipt:
    fields = {name: document[name] for name in RECEIPT_FIELDS if name in document}
    fields["answer"] = fields.get("answer", "").encode()
    return Receipt(document["_id"], **fields)


def claim_insert(claim: tuple[str, str]) -> Document:
    return {"_id": claim[0], "holder": claim[1]}
