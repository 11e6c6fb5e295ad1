"""The code tables of FHIR's referrals: what is heard of FHIR here, and what each code means to us."""

from typing import Literal

from contracts.partners import CalledOffBy, Channel, StayKind, VisitStep

Stance = Literal["ask", "draft", "hold", "report", "withdraw"]
"""What a status says to us: care is asked for, not yet, not now, this became of it, taken back."""

HEARD = {
    "ServiceRequest": "a referral",
    "Task": "the state of a referral's ServiceRequest",
    "Appointment": "a visit: booked, come to, missed, called off",
    "Encounter": "a stay or a visit, by its class",
    "ClaimResponse": "a payer's answer to a prior authorization",
}
"""Kinds of resource that are entries and heard. A new listener moves its kind here from `UNHEARD`."""

UNHEARD = frozenset((
    "AppointmentResponse", "CarePlan", "Claim", "Communication", "CommunicationRequest",
    "CoverageEligibilityRequest", "CoverageEligibilityResponse", "EpisodeOfCare", "ProcedureRequest", "ReferralRequest",
    "Slot",
))  # fmt: skip
"""Kinds that stand for themselves, so each is an entry of its own, but that nobody hears yet. Every other kind only serves these."""

SERVING = frozenset((
    "ActivityDefinition", "AllergyIntolerance", "Composition", "Condition", "Consent", "Coverage", "Endpoint", "Flag", "Goal", "Group",
    "HealthcareService", "List", "Location", "Medication", "MedicationDispense", "MedicationRequest", "MedicationStatement",
    "MessageHeader", "Observation", "OperationOutcome", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure",
    "Provenance", "QuestionnaireResponse", "RelatedPerson", "Schedule", "Subscription",
))  # fmt: skip
"""Kinds that may be named when they come alone; other kinds are returned without their name."""

STAYS: dict[str, StayKind] = {
    "IMP": "hospital", "ACUTE": "hospital", "NONAC": "hospital", "OBSENC": "hospital", "SS": "hospital", "EMER": "ed",
}  # fmt: skip
VISITS: dict[str, Channel] = {"AMB": "in-person", "HH": "in-person", "FLD": "in-person", "VR": "video"}
"""Encounter.class of a stay and of a visit. A virtual one is by video, unless its type says that it was by telephone."""
NEITHER = frozenset(("PRENC",))

STU3_ONLY = frozenset(("ReferralRequest", "ProcedureRequest"))
CLAIMS = frozenset(("Claim",))
"""What takes a ServiceRequest that it refers to as a line of its own."""

REQUEST_SAYS: dict[str, Stance] = {
    "active": "ask", "draft": "draft", "on-hold": "hold", "completed": "report", "revoked": "withdraw", "entered-in-error": "withdraw",
}  # fmt: skip
"""ServiceRequest.status. `unknown` is missing on purpose: its sender does not know either."""

TASK_SAYS: dict[str, Stance] = {
    "requested": "ask", "received": "ask", "accepted": "ask", "ready": "ask", "in-progress": "ask", "draft": "draft", "on-hold": "hold",
    "completed": "report", "failed": "report", "rejected": "report", "cancelled": "withdraw", "entered-in-error": "withdraw",
}  # fmt: skip
"""Task.status. `failed` is a report like `rejected`, and never taken for it: why it failed is for a person to read."""

APPOINTMENT_SAYS: dict[str, VisitStep | None] = {
    "proposed": None, "pending": None, "waitlist": None, "booked": "booked", "arrived": "arrived", "checked-in": "arrived",
    "fulfilled": "attended", "noshow": "missed", "cancelled": "cancelled", "entered-in-error": "entered-in-error",
}  # fmt: skip
VISIT_SAYS: dict[str, VisitStep | None] = {
    "planned": "booked", "arrived": "arrived", "triaged": "arrived", "in-progress": "attended", "onleave": "attended",
    "finished": "attended", "cancelled": "cancelled", "entered-in-error": "entered-in-error",
}  # fmt: skip
"""Appointment.status, and Encounter.status of a visit. None: nobody agreed to it yet. `unknown` is missing on purpose."""
CPT, HCPCS = "http://www.ama-assn.org/go/cpt", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
EVALUATIONS = frozenset(((CPT, "90791"), (CPT, "90792"), (HCPCS, "H0001"), (HCPCS, "H0031")))
"""A psychiatric diagnostic evaluation, and an assessment of mind or substance: what an initial evaluation is billed as."""
CANCELLED_BY: dict[str, CalledOffBy] = {"pat": "client", "prov": "program", "maint": "program"}
"""How HL7's reasons to cancel an appointment begin, and who that was; of the others nobody can say."""

INTENTS = frozenset(("proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order", "instance-order"))
NOT_AN_ASK = ("option",)

URGENCIES = {"stat": "emergency", "asap": "urgent", "urgent": "urgent", "routine": "routine"}
RANK = ("emergency", "urgent", "routine")

BSER = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
_OPEN = frozenset(("requested", "received", "accepted", "ready", "in-progress", "on-hold"))
_UNDER_WAY = frozenset(("accepted", "ready", "in-progress", "on-hold"))
BSER_STATUSES: dict[str, tuple[str, frozenset[str]]] = {
    "2.0": ("Service Request Created", frozenset(("draft", "requested", "received", "in-progress", "on-hold"))),
    "3.0": ("Service Request Accepted", _UNDER_WAY),
    "4.0": ("Service Request Declined", frozenset(("rejected",))),
    "5.x": ("Service Request Fulfillment Initiated", _UNDER_WAY),
    "5.1.1": ("Service Request Event Scheduled", _UNDER_WAY),
    "5.1.2": ("Scheduled Service Request Event Unattended", _UNDER_WAY),
    "5.1.3": ("Scheduled Service Request Event Cancelled", _UNDER_WAY | {"cancelled"}),
    "5.1.4": ("Service Request Event Completed", _UNDER_WAY | {"completed"}),
    "5.2": ("Service Request Cancellation Requested", _OPEN | {"cancelled"}),
    "5.4": ("Service Request Cancellation Requested", _OPEN | {"cancelled"}),
    "6.0": ("Service Request Fulfillment Cancelled", frozenset(("cancelled", "failed", "entered-in-error"))),
    "7.0": ("Service Request Fulfillment Completed", frozenset(("completed", "failed"))),
}
"""Task.businessStatus in both published versions (STU 1: `5.x`, `5.4`; 2.0: `5.1.1`-`5.1.4`, `5.2`): display, and the statuses it fits;
among them those with which we send it ourselves, since it may come back as it was sent."""
BSER_OTHER_DISPLAYS = {"5.x": "Service Request Event State Change"}
CANCELLATION_ASKED = frozenset(("5.2", "5.4"))

ACT, CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PART2 = frozenset(("42CFRPART2", "ETH", "ETHUD", "SUD", "OPIOIDUD"))
RESTRICTED = frozenset(("R", "V"))
"""Labels that mean, or are kept like, a record of a 42 CFR Part 2 program."""

REVIEW_ACTIONS: dict[str, tuple[str, ...]] = {
    "A1": ("certified in total",), "A2": ("certified partial", "certified in part"), "A3": ("not certified",), "A4": ("pended",),
    "A5": ("upheld", "denial upheld"), "A6": ("modified",), "C": ("cancelled", "canceled"), "CT": ("contact payer",),
    "NA": ("no action required", "not required"),
}  # fmt: skip
"""X12 306, what a payer decided on a line: its words, in lower case and without marks."""

OURS = "urn:throughline:service"
"""The code system of our own service codes: they are taken bare."""
SYSTEMS = {
    "http://snomed.info/sct": "sct", "http://loinc.org": "loinc", CPT: "cpt", HCPCS: "hcpcs",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes": "sdohcc",
}  # fmt: skip
"""Short names of code systems in a service token; any other system stands there with its whole URI."""
UNCODED = "unspecified"
AT_THE_SENDER = "urn:throughline:sender:Patient"
"""The system of a person known only by the sender's own resource id."""
