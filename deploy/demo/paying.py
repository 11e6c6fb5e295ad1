"""Authorizations of the example network move: desks find out whether the payer must be asked and ask it, and the payer, played by the
demo as every other partner is, answers on its own topic, line by line."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from confluent_kafka import Consumer

from contracts.answers import AuthorizationRequested
from contracts.kernel import derived
from contracts.payers import Payer
from deploy.demo.acting import LEAD, Hands, Row, id_of, on_duty, together
from deploy.demo.feed import Published, published
from deploy.demo.publishing import from_the_first, publish_as
from deploy.network import Network
from deploy.running import Running

WITHIN_S = 60.0
ANSWERS = (("A1",), ("A1", "A3"), ("A4",))
"""In turn: all allowed; the first line allowed and the others refused; not decided yet."""
ACTIONS = "https://codesystem.x12.org/005010/306"
REVIEW = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"


def authorized(hands: Hands, network: Network, rows: Sequence[Row]) -> Counter[str]:
    """Of accepted referrals: determined by the program's desk, and put to the payer where it wants to be asked."""
    payer = next((payer for payer in network.payers if payer.partner), None)
    if payer is None:
        return Counter()
    determined = together(rows, lambda row: _determine(hands, network, row, payer))
    submitted = together(determined, lambda row: _submit(hands, network, row))
    answered = list(_answers(hands.running, payer.partner or "", len(submitted)))
    publish_as(hands.running, payer.partner or "", answered)
    return Counter({"determined": len(determined), "put to the payer": len(submitted), "answered by it": len(answered)})


def _determine(hands: Hands, network: Network, row: Row, payer: Payer) -> bool:
    """Once the board shows it: authorization hears of the yes a moment later than the desk that gave it."""
    until = time.monotonic() + WITHIN_S
    item = f"authorization/{id_of(row)}"
    while not hands.running.knows(item, LEAD) and time.monotonic() < until:
        time.sleep(0.2)
    body = {"payer": payer.id, "member": f"EX-{derived('member', item)[:8]}"}
    return _asked_by_desk(hands, network, f"/v1/authorizations/{id_of(row)}/determine", body)


def _submit(hands: Hands, network: Network, row: Row) -> bool:
    return _asked_by_desk(hands, network, f"/v1/authorizations/{id_of(row)}/submit-authorization", {"diagnosis": "F33.1"})


def _asked_by_desk(hands: Hands, network: Network, path: str, body: Mapping[str, str]) -> bool:
    """By the desk of the program that took the person; which one that is, authorization knows: the others are refused."""
    people = {person.id: person for person in (on_duty(network, program.desk) for program in network.programs)}
    return any(hands.give(person, "authorization", path, body) for person in people.values())


def _answers(running: Running, payer: str, many: int) -> Iterator[Published]:
    """One to each submission that the payer reads on its topic."""
    consumer, until = from_the_first(running, payer), time.monotonic() + WITHIN_S
    try:
        for asked in _asked(consumer, many, until):
            answer = ANSWERS[int(derived("answer", asked["reference"])[:8], 16) % len(ANSWERS)]
            yield response(payer, asked, answer)
    finally:
        consumer.close()


def _asked(consumer: Consumer, many: int, until: float) -> Iterator[Any]:
    while many and time.monotonic() < until:
        for message in consumer.consume(500, 0.2):
            if not message.error() and dict(message.headers() or ()).get("ce_type") == AuthorizationRequested.type.encode():
                many -= 1
                yield orjson.loads(message.value() or b"")


def response(payer: str, asked: dict[str, Any], answer: Sequence[str]) -> Published:
    """A ClaimResponse to a submission: `answer` is what becomes of its lines, the last word of all that are left."""
    entries = {entry["resource"]["resourceType"]: entry for entry in asked["bundle"]["entry"]}
    claim, patient, reference = entries["Claim"]["resource"], entries["Patient"], asked["reference"]
    items = [_item(item["sequence"], answer[min(at, len(answer) - 1)]) for at, item in enumerate(claim["item"])]
    said = {
        "resourceType": "ClaimResponse", "id": derived("response", reference), "status": "active", "use": "preauthorization",
        "created": claim["created"], "identifier": claim["identifier"], "patient": {"reference": patient["fullUrl"]},
        "outcome": "complete", "item": items,
    }  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": f"urn:uuid:{said['id']}", "resource": said}, patient]}
    attributes = {"id": derived(payer, reference), "source": f"/{payer}/um", "datacontenttype": "application/fhir+json"}
    return published(payer, reference, orjson.dumps(bundle), attributes)


def _item(line: int, code: str) -> dict[str, Any]:
    reasons = [{"url": "reasonCode", "valueCodeableConcept": {"coding": [{"code": "84"}]}}] if code == "A3" else []
    action = {"url": f"{REVIEW}reviewActionCode", "valueCodeableConcept": {"coding": [{"system": ACTIONS, "code": code}]}}
    review = {"url": f"{REVIEW}reviewAction", "extension": [action, *reasons]}
    return {"itemSequence": line, "adjudication": [{"category": {"coding": [{"code": "submitted"}]}, "extension": [review]}]}
