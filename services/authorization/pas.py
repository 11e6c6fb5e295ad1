"""What is put to a payer, as Da Vinci PAS has it: a collection Bundle with the Claim first.

It holds nothing about the person. The front door, which sends it, fills in what only its own record and this submission's sealed
values say: Patient, the member number of the Coverage, the diagnosis.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from contracts.authorization import LineAsked
from contracts.kernel import derived
from services.authorization.authorization import Authorization

Json = dict[str, Any]
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
X12, TERMS = "https://codesystem.x12.org/005010/", "http://terminology.hl7.org/CodeSystem/"
TRACE, ITEM_TRACE = "urn:throughline:PATIENT_EVENT_TRACE_NUMBER", "urn:throughline:ITEM_TRACE_NUMBER"
OURS = "urn:throughline:service"


def bundle(state: Authorization, reference: str, lines: Sequence[LineAsked], expedited: bool, at: datetime) -> Json:
    """`reference` is our number, which the payer sends back; an item's sequence is the number of our line."""
    at_text = at.astimezone(UTC).isoformat()
    urls = {name: f"urn:uuid:{derived('pas', reference, name)}" for name in ("claim", "patient", "insurer", "provider", "coverage")}
    resources = {
        "claim": _claim(reference, lines, expedited, at_text, urls),
        "insurer": _organization("insurer", "PR", state.payer or "unknown"),
        "provider": _organization("requestor", "X3", state.program),
        "coverage": _coverage(state, urls),
        "patient": {"resourceType": "Patient", "meta": _profile("beneficiary")},
    }
    entries = [{"fullUrl": urls[name], "resource": {**body, "id": urls[name].rpartition(":")[2]}} for name, body in resources.items()]
    return {
        "resourceType": "Bundle", "meta": _profile("pas-request-bundle"), "type": "collection", "timestamp": at_text,
        "identifier": {"system": "urn:throughline:submission", "value": reference}, "entry": entries,
    }  # fmt: skip


def _claim(reference: str, lines: Sequence[LineAsked], expedited: bool, at: str, urls: dict[str, str]) -> Json:
    urgent = _extension("levelOfServiceCode", valueCodeableConcept=_concept(f"{X12}1338", "U"))
    return {
        "resourceType": "Claim", "meta": _profile("claim"), **({"extension": [urgent]} if expedited else {}),
        "identifier": [{"system": TRACE, "value": reference}], "status": "active", "use": "preauthorization", "created": at,
        "type": _concept(f"{TERMS}claim-type", "professional"), "patient": {"reference": urls["patient"]},
        "insurer": {"reference": urls["insurer"]}, "provider": {"reference": urls["provider"]},
        "priority": _concept(f"{TERMS}processpriority", "stat" if expedited else "normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": urls["coverage"]}}],
        "item": [_item(reference, line) for line in lines],
    }  # fmt: skip


def _item(reference: str, line: LineAsked) -> Json:
    """Initial, or the renewal of care that goes on (X12 1322)."""
    period = {name: day.isoformat() for name, day in (("start", line.starts_on), ("end", line.ends_on)) if day}
    return {
        "sequence": line.line,
        "extension": [
            _extension("itemTraceNumber", valueIdentifier={"system": ITEM_TRACE, "value": f"{reference}/{line.line}"}),
            _extension("serviceItemRequestType", valueCodeableConcept=_concept(f"{X12}1525", "HS")),
            _extension("certificationType", valueCodeableConcept=_concept(f"{X12}1322", "R" if line.renews else "I")),
        ],
        "productOrService": _concept(OURS, line.service),
        "quantity": {"value": line.units, "unit": line.unit},
        **({"servicedPeriod": period} if period else {}),
    }


def _coverage(state: Authorization, urls: dict[str, str]) -> Json:
    plan = {"class": [{"type": _concept(f"{TERMS}coverage-class", "plan"), "value": state.plan}]} if state.plan else {}
    return {
        "resourceType": "Coverage", "meta": _profile("coverage"), "status": "active", "beneficiary": {"reference": urls["patient"]},
        "payor": [{"reference": urls["insurer"]}], **plan,
    }  # fmt: skip


def _organization(profile: str, kind: str, named: str) -> Json:
    return {
        "resourceType": "Organization", "meta": _profile(profile), "active": True, "type": [_concept(f"{X12}98", kind)],
        "identifier": [{"system": "urn:throughline:organization", "value": named}], "name": named,
    }  # fmt: skip


def _profile(name: str) -> Json:
    return {"profile": [f"{PAS}profile-{name}"]}


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _extension(name: str, **value: Any) -> Json:
    return {"url": f"{PAS}extension-{name}", **value}
