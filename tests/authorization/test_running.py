"""Authorization and the front door as real processes, on a real broker and database: from a program's yes to a payer's no, and a crash."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer, Producer

from contracts.assignment import PlacementAccepted
from deploy.access import partner_principal, service_principal
from deploy.local import ports
from deploy.local.engines import Engines
from deploy.running import Running
from infra.envelope import headers, sequence_text
from infra.identity import Principal
from tests.authorization.stories import MANAGED, NINE, RESIDENTIAL, TABLES
from tests.intake.test_payer import item, response
from tests.running import Services

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]
PLATFORM, DESK = (
    Principal("staff/platform", frozenset({"platform"})),
    Principal("staff/31", frozenset({"program-desk", "intake-desk"}), frozenset({"program/harbor"})),
)
PERSON = {"family_name": "Testperson", "given_name": "Ada", "identifiers": [{"system": "urn:riverbend:mrn", "value": "m-1"}]}
REFERRAL = {
    "partner": "riverbend", "reference": "R-1", "channel": "phone", "requested_at": "2026-03-02T08:00:00Z", "person": PERSON,
    "service": RESIDENTIAL, "urgency": "routine",
}  # fmt: skip
SECONDS_MAX = 60


class House:
    """Two services, and raw clients beside them."""

    def __init__(self, engines: Engines, services: Services) -> None:
        self.engines, self.services, self.running = engines, services, Running(engines.settings)
        self.events: dict[tuple[str, str], tuple[str, Any]] = {}
        config = engines.kafka_config(service_principal("worklist"))
        self.reader = Consumer({**config, "group.id": "worklist.test", "auto.offset.reset": "earliest"})
        self.reader.subscribe(["intake-events", "authorization-events"])

    def post(self, service: str, path: str, body: dict[str, Any], principal: Principal = DESK, meaning: str = "") -> dict[str, Any]:
        answer = self.running.post(service, path, orjson.dumps(body), principal, meaning)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def publish(self, principal: str, topic: str, key: str, named: list[tuple[str, bytes]], value: bytes) -> None:
        producer = Producer({**self.engines.kafka_config(principal), "acks": "all"})
        partition = {"partition": 0} if topic.startswith("partner-in-") else {}
        producer.produce(topic, value, key, headers=named, **partition)
        assert producer.flush(20) == 0

    def heard(self, kind: str, many: int = 1) -> list[Any]:
        """The data of all facts of that type so far, once there are so many. A fact that was published again is the same fact."""
        deadline = time.monotonic() + SECONDS_MAX
        while len(found := [data for said, data in self.events.values() if said == kind]) < many:
            said = [said for said, _ in self.events.values()]
            assert time.monotonic() < deadline, f"not within {SECONDS_MAX} s: {many} of {kind}; {said}"
            self.poll()
        return found

    def poll(self) -> None:
        message = self.reader.poll(0.2)
        if message is not None and not message.error():
            named = dict(message.headers() or ())
            fact = named["ce_subject"].decode(), named["ce_sequence"].decode()
            self.events[fact] = named["ce_type"].decode(), orjson.loads(message.value())


@pytest.fixture
def house(new_engines: Callable[..., Engines]) -> Iterator[House]:
    engines = new_engines(http_port=ports.free_port(7))
    engines.add_partners("riverbend", MANAGED)
    with Services(engines) as services:
        house = House(engines, services)
        try:
            services.start("intake", "authorization")
            yield house
        finally:
            house.reader.close()


def answer_to(reference: str, *items: dict[str, Any], **told: Any) -> bytes:
    """What the payer says to that submission."""
    trace = [{"system": "urn:example:PATIENT_EVENT_TRACE_NUMBER", "value": reference}]
    return orjson.dumps(response(*items, identifier=trace, disposition="for Ada Testperson", **told))


def test_from_a_programs_yes_to_the_payers_answer_and_over_a_crash(house: House):
    house.post("authorization", "/v1/requirements", TABLES.model_dump(mode="json"), PLATFORM)
    house.post("intake", "/v1/referrals", REFERRAL)
    record = house.heard("request.received.v1")[0]["record"]
    key = record.partition("/")[2]
    house.post("authorization", f"/v1/coverages/{key}/record-coverage", {"payer": MANAGED, "member": "EX-MEMBER-1"})
    accepted = PlacementAccepted(
        program="program/harbor", by="staff/31", released=(), desk="desk/harbor", service=RESIDENTIAL, urgency="routine",
        requested_at=NINE, record=record,
    )  # fmt: skip
    named = headers(
        {"type": accepted.type, "id": "accepted-1", "subject": "placement/x1", "sequence": sequence_text(1), "time": NINE.isoformat()}
    )
    told = accepted.model_dump_json(exclude_none=True).encode()
    house.publish(service_principal("assignment"), "assignment-events", "placement/x1", named, told)
    determined = house.heard("authorization.determined.v1")[0]
    assert determined["payer"] == MANAGED and determined["next"]["owner"] == "desk/harbor"

    house.post("authorization", "/v1/authorizations/x1/submit-authorization", {"diagnosis": "F33.1"})
    submitted = house.heard("authorization.submitted.v1")[0]
    assert submitted["member"].startswith("sealed:") and submitted["diagnosis"].startswith("sealed:")
    house.heard("exchange.opened.v1")

    house.services.kill("authorization")
    fhir, payer = [("content-type", b"application/fhir+json")], partner_principal(MANAGED)
    answer = answer_to(submitted["reference"], item("A3", 1, "Not Certified"), item("A1", 2))
    house.publish(payer, f"partner-in-{MANAGED}", "c1", fhir, answer)
    house.heard("payer-response.received.v1", 2)
    house.services.start("authorization")
    (denied,) = house.heard("authorization.denied.v1")
    (approved,) = house.heard("authorization.approved.v1")
    assert (denied["line"], denied.get("reasons", [])) == (1, [])
    assert {step["action"] for step in denied["steps"]} >= {"decide-on-appeal", "chase-reason"}
    assert approved["line"] == 2 and house.heard("authorization.put-at-risk.v1")[0]["risk"] == "denied"

    house.publish(payer, f"partner-in-{MANAGED}", "c2", fhir, answer)
    house.heard("payer-response.received.v1", 4)
    filed = house.post("authorization", "/v1/authorizations/x1/file-appeal", {"line": 1}, meaning="appeal")
    assert filed == house.post("authorization", "/v1/authorizations/x1/file-appeal", {"line": 1}, meaning="appeal")
    upheld = answer_to(submitted["reference"], item("A5", 1, "Upheld"), created=datetime.now(UTC).isoformat())
    house.publish(payer, f"partner-in-{MANAGED}", "c3", fhir, upheld)
    first, second = house.heard("authorization.denied.v1", 2)
    assert (first, second["line"], second["upheld"]) == (denied, 1, True), "the repeated answer decides nothing, before the appeal or after"
    assert len(house.heard("authorization.appeal-filed.v1")) == len(house.heard("authorization.approved.v1")) == 1
    assert "Testperson" not in repr(house.events) and "EX-MEMBER-1" not in repr(house.events) and "F33.1" not in repr(house.events)
