"""Saved examples: complete events in structured form, never edited and never deleted.

`index.txt` lists each with its SHA-256 (`sha256sum -c` reads it). Everybody in them is invented.
"""

import hashlib
import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts import catalogue, shapes
from contracts.answers import OUTBOUND
from contracts.attributes import ATTRIBUTES
from contracts.kernel import OUTSIDE, SEALED_PREFIX, Event
from contracts.partners import INBOUND

FOLDER = Path(__file__).parent / "examples"
INDEX = FOLDER / "index.txt"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
INVENTED = {
    "family_name": ("Testperson", "Exampleton", "Sampleford"),
    "given_name": ("Alexa Example", "Robin Example", "Sam Example"),
    "name": ("Example House", "Sample Clinic"),
    "phone": ("+1-202-555-0101", "+1-202-555-0143", "+1-202-555-0199"),
    "postal_code": ("00000", "99999"),
    "language": ("en", "es"),
    "system": ("https://example.org/ids/member", "https://example.org/ids/chart"),
    "service": ("outpatient-therapy", "intensive-outpatient"),
    "owner": ("role/intake-desk", "staff/7"),
    "role": ("role/intake-desk", "role/coordinator"),
    "by": ("staff/7", "staff/12"),
    "to": ("staff/12", "staff/19"),
    "partner": ("example-hospital", "example-clinic"),
    "pointer": ("/person/birth_date", "/requested_at"),
    "topic": ("partner-in-example-hospital",),
    "reference": ("EX-1001", "EX-1002"),
    "action": ("acknowledge", "triage"),
    "waiting_on": ("desk/example-house", "partner/example-hospital"),
    "rule": ("acknowledge-routine", "triage-routine"),
    "allowed": ("AcknowledgeRequest", "WithdrawRequest"),
    "reason": ("no-capacity", "not-needed"),
    "left": ("staff/3", "staff/4"),
    "channel": ("phone", "walk-in"),
    "alert": ("0f0e9d3c-5a44-5b61-9d7e-2b6f7f0a1c11", "7b1c2d4e-93aa-5f10-8d55-6a0e4f1b2c33"),
    "alerts": ("0f0e9d3c-5a44-5b61-9d7e-2b6f7f0a1c11", "7b1c2d4e-93aa-5f10-8d55-6a0e4f1b2c33"),
    "milestone": ("unanswered/2026-03-02T12:00:00+00:00", "overdue/2026-03-02T15:00:00+00:00"),
    "cause": ("placement.offer-unanswered.v1", "request.overdue.v1"),
    "rung": ("owner", "network-lead"),
    "rungs": ("owner", "network-lead"),
    "told": ("staff/7", "staff/12"),
    "ladder": ("ladder",),
    "channels": ("email", "inbox"),
    "next_channel": ("inbox",),
    "locale": ("en", "es"),
    "zone": ("America/New_York", "America/Denver"),
    "code": ("250", "451"),
    "reader": ("staff/12", "staff/31"),
    "roles": ("coordinator", "program-desk"),
    "page": ("/pending", "/items/{id:path}"),
    "filters": ("urgency", "tab"),
    "records": ("record/1", "record/2"),
    "organisations": ("example-hospital",),
    "claim": ("5f2a-17", "5f2a-18"),
    "quiet_from": ("21:00",),
    "quiet_until": ("07:00",),
    "digest_at": ("08:00",),
    "backup": ("staff/12", "staff/19"),
    "subscriber": ("role/network-lead", "staff/19"),
    "area": ("oak-county", "elm-county"),
    "needs": ("youth", "substance-use"),
    "dangers": ("attempt", "overdose"),
    "skills": ("youth", "peer"),
    "speaks": ("es", "so"),
    "languages": ("en", "es"),
    "areas": ("oak-county", "elm-county"),
}
"""What fields of these names hold."""
POINTS_AT = {
    "record": "record", "other": "record", "others": "record", "avoid": "program",
    "person": "person", "people": "person", "request": "request", "waits_for": "request",
    "team": "team", "facility": "facility", "facilities": "facility", "episode": "episode", "plan": "plan", "contact": "contact",
    "program": "program", "released": "program", "consent": "consent", "desk": "desk", "staff": "staff",
    "item": "placement", "notice": "notice",
}  # fmt: skip
"""Fields that hold the id of something, by its kind."""


def saved(wire_type: str) -> list[Path]:
    return sorted((FOLDER / wire_type).glob("*.json"))


def make(event: type[Event], name: str) -> Path:
    """Save one more example, the same for the same type and name. One that exists is left alone."""
    path = FOLDER / event.type / f"{name}.json"
    if not path.exists():
        dice = random.Random(f"{event.type}/{name}")
        data = _Builder(shapes.schema_of(event), dice).whole()
        event.model_validate(data, context=OUTSIDE if event in (*INBOUND, *OUTBOUND) else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(complete(event, data, dice), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def complete(event: type[Event], data: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The data of an event, without what is None, with the attributes that its topic family carries."""
    kind, subject = event.type.partition(".")[0], _uuid(dice)
    home = next((topic.owner for topic in catalogue.TOPICS if event in topic.events), "intake").replace("*", "worklist")
    values = {
        "specversion": "1.0", "id": _uuid(dice), "source": f"/example-network/{home.replace('_', '-')}", "type": event.type,
        "subject": f"{kind}/{subject}", "time": _instant(NOON), "datacontenttype": "application/json",
        "sequence": f"{dice.randint(1, 9):020}", "partitionkey": f"{kind}/{subject}", "recordedtime": _instant(NOON + timedelta(seconds=2)),
        "authtype": "user", "authid": "staff/7", "causesubject": "EX-1001",
        "causetopic": "partner-in-example-hospital" if home == "intake" else "intake-events",
        "causesequence": f"{dice.randint(1, 9):020}", "causeid": _uuid(dice), "correlationid": _uuid(dice),
        "traceparent": f"00-{dice.randbytes(16).hex()}-{dice.randbytes(8).hex()}-01",
    }  # fmt: skip
    if data.get("sensitivity"):
        values |= {"sensitivity": data["sensitivity"], "consentid": data["consent"]}
    names = {attribute.name for attribute in ATTRIBUTES}
    if event in OUTBOUND:
        names, values["subject"] = {a.name for a in ATTRIBUTES if a.on_partner_out}, f"request/{subject}"
    elif event in INBOUND:
        names = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype"}
        values |= {"source": "/example-hospital/referrals", "subject": data["reference"]}
    told = {name: value for name, value in data.items() if value is not None}
    return {name: value for name, value in values.items() if name in names} | {"data": told}


def digests() -> dict[str, str]:
    return {path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(FOLDER.glob("*/*.json"))}


def listed() -> dict[str, str]:
    """What the index says, by path."""
    lines = INDEX.read_text("utf-8").splitlines() if INDEX.exists() else []
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def damage(listed: dict[str, str], found: dict[str, str]) -> list[str]:
    """What happened to saved examples that must never happen."""
    gone = [f"contracts/examples/{path} was deleted: bring it back (facts are for ever)" for path in listed if path not in found]
    edited = [p for p, digest in found.items() if listed.get(p, digest) != digest]
    return gone + [f"contracts/examples/{p} was edited: restore it and save a new one beside it" for p in edited]


class _Builder:
    """Data that fits a schema, every field filled, from seeded dice."""

    def __init__(self, schema: shapes.Schema, dice: random.Random) -> None:
        self.schema, self.dice = schema, dice

    def whole(self) -> dict[str, Any]:
        return self.value("", self.schema)  # type: ignore[no-any-return]

    def value(self, name: str, schema: shapes.Schema) -> Any:
        if "$ref" in schema:
            return self.value(name, self.schema["$defs"][schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return self.value(name, next(branch for branch in schema["anyOf"] if branch.get("type") != "null"))
        if "const" in schema or "enum" in schema:
            return schema.get("const") or self.dice.choice([value for value in schema["enum"] if value])
        return self._by_type(schema["type"])(name, schema)

    def _by_type(self, kind: str) -> Callable[[str, shapes.Schema], Any]:
        return {"object": self._object, "array": self._array, "string": self._string}.get(kind, lambda *_: self._number(kind))

    def _object(self, name: str, schema: shapes.Schema) -> dict[str, Any]:
        if "properties" in schema:
            return {field: self.value(field, inner) for field, inner in schema["properties"].items()}
        inner = schema.get("additionalProperties")
        return {f"{name}/{_uuid(self.dice)}": self.value(name, inner)} if isinstance(inner, dict) else {}

    def _array(self, name: str, schema: shapes.Schema) -> list[Any]:
        parts = schema.get("prefixItems") or [schema.get("items", {"type": "string"})] * max(1, schema.get("minItems", 1))
        return [self.value(name, part) for part in parts]

    def _string(self, name: str, schema: shapes.Schema) -> str:
        if schema.get("x-personal") and "x-readable" in schema:
            return f"{SEALED_PREFIX}v1:" + urlsafe_b64encode(self.dice.randbytes(36)).decode()
        if (form := schema.get("format")) in ("date-time", "date"):
            instant = NOON + timedelta(minutes=self.dice.randrange(1, 5000))
            return _instant(instant) if form == "date-time" else f"{self.dice.randint(1950, 2005)}-01-01"
        if name in POINTS_AT:
            return f"{POINTS_AT[name]}/{_uuid(self.dice)}"
        return self.dice.choice(INVENTED.get(name, (f"{name or 'example'}-{self.dice.randint(1, 99)}".replace("_", "-"),)))

    def _number(self, kind: str) -> Any:
        return {"integer": self.dice.randint(1, 5), "number": self.dice.randint(1, 5) / 2, "boolean": True}.get(kind)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _uuid(dice: random.Random) -> str:
    return str(UUID(bytes=dice.randbytes(16), version=4))
