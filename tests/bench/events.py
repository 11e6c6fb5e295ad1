"""What is measured with: partner events as large as the floor's, events of a given size, FHIR bundles; and their preloading."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from confluent_kafka import Producer

from contracts.catalogue import PARTNER_IN, PARTNER_OUT
from deploy import topics
from deploy.local.engines import Engines
from infra.envelope import headers

REASON_AT_LEAST = 1
SOURCE = "/p"
ASKED_AT = datetime.now(UTC).isoformat(timespec="seconds")
"""Now: a request of long ago would be late, and every lateness a fact more."""
NATIVE, FHIR = "application/json", "application/fhir+json"


@dataclass(frozen=True)
class Sent:
    """One record a partner publishes."""

    partner: str
    id: str
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes

    @property
    def bytes(self) -> int:
        return len(self.key) + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


def floor_bytes(events: int) -> int:
    """Key and value of one record of the floor's, as it makes them for a run of that many events."""
    body = {"id": str(uuid.uuid4()), "subject": f"r{events // 3 - 1}", "type": "referral.requested.v1", "n": events - 1}
    body["data"] = {"urgency": "urgent", "program": "outpatient", "zip": "43004", "reason": "x" * 200}
    return len(orjson.dumps(body)) + len(str(body["subject"]))


def referrals(partners: list[str], count: int, record_bytes: int) -> Iterator[Sent]:
    """One request and two amendments a referral, interleaved as the floor's: i mod (count / 3). Every record is filled to that size."""
    each = max(1, count // 3)
    for i in range(count):
        number = i % each
        yield _filled(partners[number % len(partners)], number, record_bytes, amends=i >= each)


def mixed(partners: list[str], count: int, record_bytes: int, ago: int) -> Iterator[Sent]:
    """As many requests as ever, each amended twice: after `ago` other referrals were requested, and after twice as many."""
    for i in range(count):
        number, turn = divmod(i, 3)
        number = max(0, number - ago * turn)
        yield _filled(partners[number % len(partners)], number, record_bytes, amends=turn > 0)


def bundles(partners: list[str], count: int) -> Iterator[Sent]:
    """One new referral each, as FHIR."""
    for number in range(count):
        yield _sent(partners[number % len(partners)], number, "", FHIR, orjson.dumps(bundle(number)))


def _filled(partner: str, number: int, record_bytes: int, *, amends: bool) -> Sent:
    body = _amendment(number) if amends else _request(number)
    kind = "referral.amended.v1" if amends else "referral.requested.v1"
    bare = _sent(partner, number, kind, NATIVE, orjson.dumps(body | {"reason": ""}))
    body["reason"] = "x" * max(REASON_AT_LEAST, record_bytes - bare.bytes)
    return _sent(partner, number, kind, NATIVE, orjson.dumps(body))


def _sent(partner: str, number: int, kind: str, content: str, value: bytes) -> Sent:
    id = uuid.uuid4().hex
    said = {"specversion": "1.0", "id": id, "source": SOURCE, "type": kind, "datacontenttype": content}
    return Sent(partner, id, f"r{number}".encode(), headers(said), value)


def _request(number: int) -> dict[str, object]:
    person = {"identifiers": [{"system": "urn:mrn", "value": f"m{number}"}], "given_name": f"P{number}"}
    return {
        "reference": f"r{number}", "requested_at": ASKED_AT, "service": "outpatient", "urgency": "urgent", "person": person,
    }  # fmt: skip


def _amendment(number: int) -> dict[str, object]:
    return {"reference": f"r{number}", "urgency": "urgent"}


def bundle(number: int) -> dict[str, object]:
    """A made-up message as an EHR sends it: ServiceRequest, Task, Patient and Organization, about 3 KiB."""
    entry = [{"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": each} for each in _resources(number)]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-01T00:00:00Z", "entry": entry}


def _resources(number: int) -> list[dict[str, object]]:
    patient, request, sender = f"Patient/p{number}", f"ServiceRequest/s{number}", "Organization/o1"
    return [
        {
            "resourceType": "ServiceRequest", "id": f"s{number}", "status": "active", "intent": "order", "priority": "urgent",
            "identifier": [{"system": "urn:example:orders", "value": f"R-{number}", "type": {"coding": [{"code": "PLAC"}]}}],
            "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "3457005", "display": "Patient referral"}]}],
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "75516001", "display": "Psychotherapy"}], "text": "therapy"},
            "subject": {"reference": patient}, "requester": {"reference": sender}, "authoredOn": ASKED_AT,
            "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F32.1"}], "text": "x" * 200}],
            "note": [{"time": "2026-01-01T00:00:00Z", "text": "y" * 200}],
        },
        {
            "resourceType": "Task", "id": f"t{number}", "status": "requested", "intent": "order", "priority": "urgent",
            "focus": {"reference": request}, "for": {"reference": patient}, "requester": {"reference": sender},
            "authoredOn": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:00Z",
        },
        {
            "resourceType": "Patient", "id": f"p{number}", "active": True, "gender": "unknown", "birthDate": "1990-01-02",
            "identifier": [{"use": "usual", "system": "urn:example:mrn", "value": f"MRN-{number}"}],
            "name": [{"use": "official", "family": f"Sample{number}", "given": ["Pat", "Q."]}],
            "telecom": [{"system": "phone", "use": "mobile", "value": "555-0102", "rank": 1}],
            "address": [{"use": "home", "line": ["1 Example Street"], "city": "Sampletown", "state": "OH", "postalCode": "43004"}],
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
        },
        {
            "resourceType": "Organization", "id": "o1", "active": True, "name": "Example Clinic",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
            "telecom": [{"system": "phone", "value": "555-0100"}],
        },
    ]  # fmt: skip


def preload(engines: Engines, events: Iterable[Sent]) -> tuple[int, int]:
    """Publish these and wait until all are acknowledged; how many, and the largest record's key, headers and value in bytes."""
    producer = Producer(
        {**engines.kafka_config("admin"), "linger.ms": 20, "batch.size": 1 << 18, "enable.idempotence": True, "log_level": 3}
    )
    count = largest = 0
    for event in events:
        _produce(producer, event)
        count, largest = count + 1, max(largest, event.bytes)
    left = producer.flush(120)
    if left:
        raise RuntimeError(f"{left} events were not acknowledged")
    return count, largest


def _produce(producer: Producer, event: Sent, told: Callable[..., None] | None = None) -> None:
    while True:
        try:
            producer.produce(PARTNER_IN + event.partner, event.value, event.key, headers=list(event.headers), on_delivery=told)
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.1)


def new_partners(engines: Engines, count: int) -> list[str]:
    """Partners of one run, which nobody had before."""
    run = uuid.uuid4().hex[:6]
    names = [f"b{run}-{n}" for n in range(count)]
    engines.add_partners(*names)
    return names


def forget(engines: Engines, partners: Iterable[str]) -> None:
    """Their topics with all that is in them."""
    topics.remove(engines.admin(), [prefix + name for name in partners for prefix in (PARTNER_IN, PARTNER_OUT)])
