"""People in crisis at the front door: said on a topic of their own, about somebody who may still be nobody."""

import re
from typing import Any

import orjson

from contracts.catalogue import CRISIS_INTAKE
from contracts.kernel import OUTSIDE
from infra.audit import findings
from infra.envelope import headers
from infra.records import Record
from infra.runtime import Limits, Runtime
from services.intake.app import SERVICE
from services.intake.commands import EnterContact
from tests.intake.desk import PERSON, Desk, request

SSN = {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-00-0001"}


def contact(reference: str = "C-1", **changes: Any) -> dict[str, Any]:
    body = {"reference": reference, "contacted_at": "2026-03-02T08:59:00Z", "source": "crisis-line", "relation": "family"}
    return body | {"caller_name": "Kin Testperson", "call_back": "+1-202-555-0143", "area": "oak-county", "danger": "high"} | changes


async def report(desk: Desk, body: dict[str, Any], partner: str = "crisis-line-county") -> list[str]:
    desk.offset += 1
    names = {"type": "contact.reported.v1", "id": f"e-{desk.offset}", "datacontenttype": "application/json"}
    record = Record(f"partner-in-{partner}", 0, desk.offset, tuple(headers(names)), orjson.dumps(body))
    return [outcome.kind for outcome in await desk.settler.settle(list(desk.reader.items(record)))]


def crisis(desk: Desk) -> list[dict[str, Any]]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.topic == CRISIS_INTAKE]


async def test_a_contact_is_said_on_the_crisis_topic_about_a_provisional_record(desk: Desk) -> None:
    assert await report(desk, contact()) == ["event"]
    (said,) = crisis(desk)
    assert said["provisional"] and said["person"].startswith("person/") and said["contacted_at"] == "2026-03-02T08:59:00Z"
    assert said["call_back"].startswith("sealed:") and b"Testperson" not in b"".join(row.data for row in desk.log.rows)
    assert desk.answers("crisis-line-county")[0]["outcome"] == "event"
    row = next(row for row in desk.log.rows if row.topic == CRISIS_INTAKE)
    assert row.attributes["partitionkey"] == row.aggregate and row.attributes["sequence"].endswith("01")


async def test_the_same_contact_again_is_the_same_and_more_of_it_amends_it(desk: Desk) -> None:
    await report(desk, contact())
    await report(desk, contact())
    assert desk.answers("crisis-line-county")[-1]["outcome"] == "duplicate" and len(crisis(desk)) == 1
    await report(desk, contact(danger="imminent"))
    assert crisis(desk)[1]["danger"] == "imminent" and crisis(desk)[1]["person"] == crisis(desk)[0]["person"]


async def test_who_it_is_about_is_found_by_an_identifier_of_the_network_at_once_or_later(desk: Desk) -> None:
    known = PERSON | {"identifiers": [SSN]}
    await desk.send("requested", request(person=known))
    person = desk.one("record")[1].person
    await report(desk, contact("C-1", person={"identifiers": [SSN]}))
    assert crisis(desk)[0]["person"] == person and not crisis(desk)[0]["provisional"]
    await report(desk, contact("C-2"))
    assert crisis(desk)[1]["provisional"] and crisis(desk)[1]["person"] != person
    await report(desk, contact("C-2", person={"identifiers": [SSN]}))
    assert crisis(desk)[2]["person"] == person and "record.linked.v1" in desk.said()


async def test_a_person_enters_a_contact_that_came_by_telephone(desk: Desk) -> None:
    entered = EnterContact.model_validate(contact("D-1", partner="own-desk"), context=OUTSIDE)
    assert (await desk.command("", entered)).kind == "event"
    assert crisis(desk)[0]["partner"] == "own-desk" and desk.answers("own-desk") == []


async def test_an_instant_that_is_none_is_returned_to_its_sender(desk: Desk) -> None:
    assert await report(desk, contact(contacted_at=1)) in (["refused"], ["quarantined"])
    assert crisis(desk) == []


async def test_its_history_is_whole_on_its_own_topic(desk: Desk) -> None:
    await report(desk, contact())
    await report(desk, contact(danger="imminent"))
    subject, _ = desk.one("contact")
    facts = [row for row in desk.log.rows if row.aggregate == subject]
    assert findings(SERVICE, desk.tables.aggregates[subject], facts) == []


async def test_crisis_partners_are_read_by_a_stream_of_their_own(desk: Desk) -> None:
    patterns = {stream.group: stream.pattern for stream, _ in Runtime(SERVICE, desk.settler, [], Limits(lanes=1)).subscriptions}
    for topic, group in (("partner-in-crisis-line-county", "intake.crisis"), ("partner-in-riverbend", "intake.partners")):
        assert [name for name, pattern in patterns.items() if pattern and re.match(pattern, topic)] == [group]
