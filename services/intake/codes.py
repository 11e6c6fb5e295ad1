"""Every reason the front door can give: a stable code, what is wrong, what to do next, and what becomes of the entry.

The one table from which the list of errors is generated. No text here ever holds a value of an input: a name in braces is
filled from our own tables only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.kernel import Reason

Weight = Literal["issue", "return", "quarantine"]
"""`issue` travels along with an event; `return`: the sender can mend it, or nobody hears it; `quarantine`: one of us must look."""
Outcome = Literal["event", "return", "quarantine"]
_WEIGHTS: tuple[Weight, ...] = ("issue", "return", "quarantine")
REASONS_MAX = 50
"""Of one entry: an answer must stay small, however much is wrong."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of the table. `fix` says what to do next."""

    code: str
    weight: Weight
    what: str
    fix: str


CAUSES: dict[str, Cause] = {}


def _cause(code: str, weight: Weight, what: str, fix: str) -> str:
    CAUSES[code] = Cause(code, weight, what, fix)
    return code


def reason(code: str, pointer: str = "", **names: str) -> Reason:
    """The reason as it is told: its text says what is wrong and what to do."""
    cause = CAUSES[code]
    return Reason(code, pointer, f"{cause.what}; {cause.fix}".format_map(names) if names else f"{cause.what}; {cause.fix}")


def told(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, the heaviest first, and no more than anybody would read."""
    return tuple(sorted(dict.fromkeys(reasons), key=lambda each: -_WEIGHTS.index(CAUSES[each.code].weight))[:REASONS_MAX])


def outcome_of(reasons: Iterable[Reason]) -> Outcome:
    """The heaviest reason decides. All of them are told to the sender, whatever the outcome."""
    weights = {CAUSES[each.code].weight for each in reasons}
    return "quarantine" if "quarantine" in weights else "return" if "return" in weights else "event"


# The record, before anything in it is understood.
EMPTY = _cause("TL-3001", "return", "the record has no body", "send the message; a tombstone deletes nothing here")
TOO_LARGE = _cause("TL-3002", "return", "the record is larger than 256 KiB", "send fewer entries at once, and attachments by reference")
COMPRESSED = _cause("TL-3003", "return", "the body is compressed", "send plain UTF-8 JSON, compression off")
BYTE_ORDER_MARK = _cause("TL-3004", "return", "the body starts with a byte order mark", "send UTF-8 without one")
NOT_UTF8 = _cause("TL-3005", "return", "the body is not UTF-8", "send UTF-8")
NOT_JSON = _cause("TL-3006", "return", "the body is not JSON", "send FHIR R4 or CloudEvents as JSON (no XML, no HL7 v2)")
TOO_DEEP = _cause("TL-3007", "return", "the JSON is nested deeper than 64", "send it flatter")
NOT_A_NUMBER = _cause("TL-3008", "return", "NaN or Infinity is not JSON", "leave the field out")
NAME_TWICE = _cause("TL-3009", "return", "an object holds one name twice, so one of the two values would be lost", "send each name once")
NOT_AN_OBJECT = _cause("TL-3010", "return", "a JSON object is needed here", "send one object")
UNTYPED = _cause(
    "TL-3011",
    "return",
    "nothing says what this is",
    "set the header ce_type, or content-type application/fhir+json, or send a resourceType",
)
TYPE_UNHEARD = _cause("TL-3012", "return", "nobody here hears this event type", "heard are {heard}, and FHIR R4 resources")
VERSION_UNHEARD = _cause("TL-3013", "return", "this version of the event type is not heard", "heard are {heard}")
TOO_MANY = _cause("TL-3014", "return", "the message holds more than 1,000 entries", "send fewer at once")
NO_DATA = _cause("TL-3015", "return", "the CloudEvent carries no data", "put the event into data, or FHIR into data or data_base64")
DEFECT = _cause("TL-3999", "quarantine", "reading this failed, by a defect of ours", "nothing to do; we look at it")

# Native events.
MISSING = _cause("TL-3101", "return", "a field that must be there is missing", "send it")
WRONG_TYPE = _cause("TL-3102", "return", "a value is of the wrong JSON type", "send the type that the schema names")
WRONG_LENGTH = _cause("TL-3103", "return", "a value is empty or too long", "keep to the lengths of the schema")
NOT_LISTED = _cause("TL-3104", "return", "a value is not one of the list", "send one of the schema's values")
NOT_AN_INSTANT = _cause("TL-3105", "return", "this is not an instant", "send RFC 3339 with a zone, like 2026-03-01T09:30:00-05:00")
NOT_A_DAY = _cause("TL-3106", "return", "this is not a day", "send a day like 1990-12-31, or leave the field out")
OTHER_PARTNER = _cause(
    "TL-3107", "quarantine", "the message names another partner than the topic's own", "send it on your own topic; we look at it meanwhile"
)
UNREAD = _cause("TL-3108", "issue", "there are fields here that nobody reads", "check their names against the schema")
NOT_A_CODE = _cause("TL-3109", "return", "a code may hold no blanks", "send the code, not its text")
NOTHING_CHANGES = _cause("TL-3110", "return", "the amendment changes nothing", "send at least one field besides the reference")

_INVALID = {
    "missing": MISSING, "string_too_long": WRONG_LENGTH, "string_too_short": WRONG_LENGTH, "too_long": WRONG_LENGTH,
    "literal_error": NOT_LISTED, "string_pattern_mismatch": NOT_A_CODE,
}  # fmt: skip


def invalid(kind: str) -> str:
    """The code for a kind of error of the parser's."""
    is_instant, is_day = kind.startswith(("datetime", "timezone")), kind.startswith("date_")
    return _INVALID.get(kind, NOT_AN_INSTANT if is_instant else NOT_A_DAY if is_day else WRONG_TYPE)


# FHIR: what is heard.
NO_KIND = _cause("TL-3201", "return", "there is no resourceType", "send FHIR R4 resources")
KIND_UNHEARD = _cause(
    "TL-3202",
    "return",
    "nobody here hears {kind} yet",
    "send a ServiceRequest, a Task about one, an Appointment, an Encounter or a ClaimResponse",
)
NO_RESOURCE = _cause(
    "TL-3203", "return", "the entry holds no resource", "send the resource; reads and patches by operation are not answered here"
)
DELETION = _cause(
    "TL-3204", "quarantine", "a ServiceRequest is deleted by its address", "send it with status revoked; we look at it meanwhile"
)
STU3 = _cause("TL-3205", "return", "this is FHIR STU3", "send it as R4: a ServiceRequest, an Appointment")
NO_REPORT = _cause(
    "TL-3206", "return", "the answer does not say where the referral stands", "send the Task about it, with its status and lastModified"
)
FOCUS_UNHEARD = _cause("TL-3207", "return", "this Task is about no ServiceRequest", "name the ServiceRequest in Task.focus")
NO_REQUEST = _cause("TL-3208", "return", "the Task asks for a ServiceRequest that did not come with it", "send both in one Bundle")
NOT_YET = _cause("TL-3209", "return", "this is a draft", "send it again when it is active")
FORBIDS = _cause("TL-3210", "return", "the request says that something must not be done, or is only an option", "nobody here hears that")
PART_OF_CLAIM = _cause(
    "TL-3211",
    "return",
    "this ServiceRequest is a line of a Claim, which nobody here hears yet",
    "send it without the Claim to ask for care",
)
NO_STAY = _cause(
    "TL-3213", "return", "this Encounter is neither a stay nor a visit", "nobody here hears those; send admissions, discharges and visits"
)
NOT_BOOKED = _cause("TL-3214", "return", "nobody agreed to this appointment yet", "send it again once it is booked")
SEVERAL_PEOPLE = _cause("TL-3215", "return", "this appointment is of several people", "send one for each of them, with its own identifier")
BILL = _cause("TL-3212", "return", "this ClaimResponse is about a bill", "nobody here hears those; send answers to prior authorizations")

# FHIR: what the sender must say.
NO_REFERENCE = _cause("TL-3301", "return", "the referral has no number of yours", "send ServiceRequest.identifier")
LONG_REFERENCE = _cause("TL-3302", "return", "your referral number is longer than 200 characters", "send a shorter one")
NO_STATUS = _cause("TL-3303", "return", "there is no status", "send one")
NO_INSTANT = _cause("TL-3304", "return", "nothing says when care was asked for, so no clock can start", "send ServiceRequest.authoredOn")
COARSE_INSTANT = _cause("TL-3305", "return", "a month or a year starts no clock", "send authoredOn to the second, with a zone")
NO_PERSON = _cause("TL-3306", "return", "it does not say whom it is for", "send the Patient, or its identifier")
NOT_A_PERSON = _cause("TL-3307", "return", "the subject is not a Patient", "a referral is for one person; send a Patient")
BLANK_PERSON = _cause(
    "TL-3308", "return", "the Patient says nothing by which a person could be found", "send an identifier, a name or a phone"
)
NO_TRACE = _cause(
    "TL-3309", "return", "the answer names no submission of ours", "send the Claim's own identifier back in ClaimResponse.identifier"
)
NO_STAY_NUMBER = _cause(
    "TL-3310", "return", "the stay has no lasting number, so its discharge could not find its admission", "send Encounter.identifier"
)
NO_STAY_INSTANT = _cause(
    "TL-3311", "return", "nothing says when the person was admitted or left", "send Encounter.period, with its end once they left"
)

NO_VISIT_NUMBER = _cause("TL-3312", "return", "the visit has no number of yours", "send its identifier")
NO_VISIT_INSTANT = _cause("TL-3313", "return", "nothing says when the visit begins or began", "send Appointment.start, or Encounter.period")
NO_REPORT_INSTANT = _cause("TL-3314", "return", "nothing says when it was so", "send Task.lastModified to the second, with a zone")

# FHIR: one of us must look.
DANGLING = _cause(
    "TL-3401", "quarantine", "a resource is named that the message does not hold", "send it in the same Bundle; we look at it meanwhile"
)
AMBIGUOUS = _cause(
    "TL-3402", "quarantine", "more than one resource answers to one reference", "give each its own fullUrl; we look at it meanwhile"
)
WRONG_ADDRESS = _cause(
    "TL-3403", "quarantine", "a resource's fullUrl and its type and id disagree", "make them agree; we look at it meanwhile"
)
UNKNOWN_CODE = _cause(
    "TL-3404", "quarantine", "the meaning hangs on a code that nobody knows", "use the standard's codes; we look at it meanwhile"
)
BROKEN_INSTANT = _cause(
    "TL-3405", "quarantine", "this is not an instant", "send it as FHIR writes it, with a zone; we look at it meanwhile"
)
DISAGREE = _cause(
    "TL-3406", "quarantine", "what the ServiceRequest and its Task say cannot both be so", "make them agree; we look at it meanwhile"
)
ON_HOLD = _cause("TL-3407", "quarantine", "the referral is on hold", "send active or revoked; we look at it meanwhile")
TWO_PEOPLE = _cause(
    "TL-3408", "quarantine", "the ServiceRequest and its Task name different people", "make them agree; we look at it meanwhile"
)
DECEASED = _cause("TL-3409", "quarantine", "the person may be reported dead", "say it as FHIR does; we look at it meanwhile")
MODIFIED = _cause(
    "TL-3410", "quarantine", "a modifier changes the meaning in a way nobody here knows", "send it without; we look at it meanwhile"
)
LABEL_UNREADABLE = _cause("TL-3411", "quarantine", "a security label cannot be read", "send its code; we look at it meanwhile")
SAME_NUMBER = _cause(
    "TL-3412",
    "quarantine",
    "two requests of one message say different things under one number",
    "send the one that stands; we look at it meanwhile",
)
REPLACED = _cause("TL-3413", "quarantine", "this Patient was replaced by another", "send the one that stands; we look at it meanwhile")
UNFIT = _cause("TL-3414", "quarantine", "what was read does not fit our own contract", "nothing to do; we look at it")
NO_ACTION = _cause("TL-3441", "quarantine", "an item has no review action code", "send one of X12 306; we look at it meanwhile")
NO_ITEM = _cause("TL-3442", "quarantine", "the answer decides on no item", "send what was decided on each; we look at it meanwhile")
NO_LINE = _cause("TL-3443", "quarantine", "an item does not say which line it is about", "send itemSequence; we look at it meanwhile")
NOT_ACTIVE = _cause("TL-3444", "quarantine", "this answer is not active any more", "send the one that stands; we look at it meanwhile")

# FHIR: taken all the same, and told.
DEATH_NOTED = _cause(
    "TL-3519", "issue", "the person is reported dead", "nothing to do; nobody makes contact until one of us has verified it"
)
INVALID_PART = _cause("TL-3501", "issue", "this part is not valid FHIR R4; the referral was read without it", "mend it")
WEAK_REFERENCE = _cause(
    "TL-3502", "issue", "no identifier of the ServiceRequest; another number was taken as yours", "send ServiceRequest.identifier"
)
OTHER_INSTANT = _cause("TL-3503", "issue", "no authoredOn; the clock starts at this instant instead", "send ServiceRequest.authoredOn")
DAY_ONLY = _cause("TL-3504", "issue", "a day without a time; it was taken as noon UTC of that day", "send the time and the zone")
PARTIAL_BIRTH_DATE = _cause(
    "TL-3505", "issue", "a birth date without its day was left out, not guessed", "send the whole date when it is known"
)
BROKEN_BIRTH_DATE = _cause("TL-3506", "issue", "this birth date is no date and was left out", "send a day like 1990-12-31")
UNUSABLE_IDENTIFIER = _cause(
    "TL-3507",
    "issue",
    "an identifier without a system, value or real address, or no longer in use, was left out",
    "send both system and value",
)
UNFIT_VALUE = _cause("TL-3508", "issue", "a value that is too long or has no usable form was left out", "keep to the lengths of our schema")
WEAK_NUMBER = _cause("TL-3520", "issue", "no identifier; the resource's own id was taken as its number", "send its identifier")
UNCODED_SERVICE = _cause(
    "TL-3509", "issue", "the service asked for has no usable code; a person will choose", "send ServiceRequest.code with a coding"
)
PRIORITIES_DIFFER = _cause("TL-3510", "issue", "ServiceRequest and Task differ in priority; the more urgent was taken", "make them agree")
STRICTEST_LABEL = _cause(
    "TL-3511", "issue", "a restricted record was labelled as 42 CFR Part 2, our strictest", "nothing, or label it 42CFRPart2"
)
CONSENT_INACTIVE = _cause("TL-3512", "issue", "this consent is not active and was not taken", "send the one that stands")
CONSENT_UNCLEAR = _cause("TL-3513", "issue", "several consents came and none is named by the request", "name one in supportingInfo")
DISPLAY_DIFFERS = _cause("TL-3514", "issue", "code and display disagree; the code was taken", "make them agree")
PERSON_BY_LINK = _cause("TL-3515", "issue", "the person is known only by a link to your system", "send the Patient in the same Bundle")
MISPLACED = _cause("TL-3516", "issue", "the resource lies in the entry itself", "put it under entry.resource")
CUT = _cause("TL-3517", "issue", "the reason was longer than 20,000 characters and was cut", "send a shorter one")
ADDED_ITEMS = _cause("TL-3518", "issue", "items that the payer added itself were not taken", "decide on the items that were asked for")
