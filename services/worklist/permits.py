"""Consents in words: who may be told of somebody's protected care, under which consent, until when, at any instant. Pure."""

from collections.abc import Sequence
from datetime import datetime

from contracts.consents import EVERYBODY, Permit
from services.worklist import words
from services.worklist.items import Document, by_kind
from services.worklist.rows import Row

KIND = "consent"
TOLD = {"program": "programs", "payer": "the payer", "sender": "its sender"}


def shown(items: Sequence[Document], at: datetime) -> list[Row]:
    """Of each referral that is protected: what may be disclosed at that instant. Whoever has an open question comes first."""
    return [_shown(item, at) for item in items if item["kind"] == KIND]


def _shown(item: Document, at: datetime) -> Row:
    section = by_kind(item["sections"]).get(KIND, {})
    permit = Permit(**section.get("permit", {}))
    opens = [TOLD[one] for one in EVERYBODY if permit.opens(one, at)]
    emergency = permit.emergency_until if permit.emergency_until and at < permit.emergency_until else None
    return {
        "item": item["_id"],
        "of": f"{words.kind('referral')} {words.short(item['_id'])}",
        "referral": f"referral/{item['_id'].partition('/')[2]}",
        "may": f"{' and '.join(filter(None, (', '.join(opens[:-1]), opens[-1])))} may be told" if opens else "nobody may be told",
        "shut": not opens,
        "under": permit.consent or "",
        "until": permit.until,
        "over": bool(permit.until and permit.until <= at),
        "emergency": emergency,
        "status": words.status(item["status"]) if item.get("status") else "",
        "open": item["open"],
    }
