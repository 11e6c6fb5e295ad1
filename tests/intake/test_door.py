"""Records at the front door: natives, envelopes and what is refused before anything is parsed."""

import base64
import gzip
import json
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import partners
from services.intake import codes, door

NATIVE = {"ce_type": b"referral.requested.v1", "content-type": b"application/json"}
ASKED: dict[str, Any] = {
    "reference": "R-1", "requested_at": "2026-03-01T09:30:00-05:00", "service": "outpatient-therapy", "urgency": "urgent",
    "person": {"identifiers": [{"system": "urn:example:mrn", "value": "MRN-7"}], "family_name": "Example", "birth_date": "1990-01-02"},
}  # fmt: skip


def asked(**changes: Any) -> bytes:
    return orjson.dumps({**ASKED, **changes})


def one(value: bytes | None, headers: dict[str, bytes | None] | None = None, partner: str = "acme") -> door.Entry:
    (entry,) = door.entries(partner, NATIVE if headers is None else headers, value)
    return entry


def told(entry: door.Entry) -> list[tuple[str, str]]:
    return [(reason.code, reason.pointer) for reason in entry.reasons]


def test_a_native_referral_is_an_event_with_readable_personal_values():
    entry = one(asked())
    assert (entry.pointer, entry.outcome, entry.reference, entry.reasons) == ("", "event", "R-1", ())
    assert isinstance(entry.event, partners.ReferralRequested)
    assert entry.event.person.family_name is not None and entry.event.person.family_name.plain == "Example"


@pytest.mark.parametrize("kind, data", [
    (partners.ReferralAmended, {"reference": "R-1", "urgency": "emergency"}),
    (partners.ReferralWithdrawn, {"reference": "R-1", "reason": "moved-away"}),
])  # fmt: skip
def test_every_native_type_is_heard(kind: type[partners.FromPartner], data: dict[str, Any]):
    entry = one(orjson.dumps(data), {"ce_type": kind.type.encode()})
    assert entry.outcome == "event" and type(entry.event) is kind


def test_an_amendment_of_nothing_is_returned():
    entry = one(orjson.dumps({"reference": "R-1", "urgency": None}), {"ce_type": b"referral.amended.v1"})
    assert (entry.outcome, told(entry)) == ("return", [(codes.NOTHING_CHANGES, "")])


def test_every_problem_of_a_native_event_is_told_by_its_pointer_and_the_number_is_kept():
    person = {"identifiers": [{"system": ""}], "birth_date": "1990-13-01", "phone": 5550100}
    entry = one(asked(requested_at="yesterday", service="two words", urgency="soon", person=person))
    assert entry.outcome == "return" and entry.reference == "R-1" and entry.event is None
    assert set(told(entry)) == {
        (codes.NOT_AN_INSTANT, "/requested_at"), (codes.NOT_A_CODE, "/service"), (codes.NOT_LISTED, "/urgency"),
        (codes.WRONG_LENGTH, "/person/identifiers/0/system"), (codes.MISSING, "/person/identifiers/0/value"),
        (codes.NOT_A_DAY, "/person/birth_date"), (codes.WRONG_TYPE, "/person/phone"),
    }  # fmt: skip


@pytest.mark.parametrize("instant", [
    1_772_000_000, 1_772_000_000.5, "1772000000", "2026-03-01", "2026-03-01T09:30:00", "0001-01-01T00:00:00+14:00", [], "", True,
])  # fmt: skip
def test_an_instant_is_a_whole_one_with_a_zone_or_it_is_returned(instant: Any):
    assert told(one(asked(requested_at=instant))) == [(codes.NOT_AN_INSTANT, "/requested_at")]


@pytest.mark.parametrize("day", [631_152_000, "631152000", "1990", "1990-01", "1990-01-02T00:00:00", "1990-01-02T00:00:00Z"])
def test_a_birth_date_is_a_whole_day_or_it_is_returned(day: Any):
    assert told(one(asked(person={"birth_date": day}))) == [(codes.NOT_A_DAY, "/person/birth_date")]


@pytest.mark.parametrize("claimed", ["umbrella", "", "ACME", 7, ["acme"]])
def test_a_message_that_names_another_partner_is_looked_at_by_one_of_us(claimed: Any):
    entry = one(asked(partner=claimed))
    assert (entry.outcome, told(entry), entry.reference) == ("quarantine", [(codes.OTHER_PARTNER, "/partner")], "R-1")


def test_naming_the_topics_own_partner_or_none_is_fine():
    assert one(asked(partner="acme")).outcome == one(asked(partner=None)).outcome == "event"


def test_headers_claim_no_identity():
    assert one(asked(), {**NATIVE, "ce_source": b"/partners/umbrella"}).outcome == "event"


def test_a_misspelt_field_is_told_beside_the_event():
    entry = one(asked(urgancy="emergency", person={"family_name": "Example", "brithdate": "1990-01-02"}))
    assert entry.outcome == "event" and told(entry) == [(codes.UNREAD, ""), (codes.UNREAD, "/person")]


@pytest.mark.parametrize("kind, code", [
    (b"referral.requested.v2", codes.VERSION_UNHEARD), (b"referral.forgotten.v1", codes.TYPE_UNHEARD), (b"\xff\xfe", codes.TYPE_UNHEARD),
])  # fmt: skip
def test_a_type_that_nobody_hears_is_returned_with_what_is_heard(kind: bytes, code: str):
    entry = one(asked(), {"ce_type": kind})
    assert (entry.outcome, told(entry), entry.reference) == ("return", [(code, "")], "R-1")
    assert "referral.requested.v1" in entry.reasons[0].fix


def test_something_that_says_nothing_of_itself_is_returned():
    assert told(one(asked(), {})) == [(codes.UNTYPED, "")]


def structured(**changes: Any) -> bytes:
    return orjson.dumps({"specversion": "1.0", "id": "1", "source": "/x", "type": "referral.requested.v1", "data": ASKED, **changes})


@pytest.mark.parametrize("headers", [{"content-type": b"application/cloudevents+json; charset=utf-8"}, {}, {"content-type": None}])
def test_a_structured_event_is_read_by_its_own_type_with_pointers_into_the_record(headers: dict[str, bytes | None]):
    assert one(structured(), headers).outcome == "event"
    assert told(one(structured(data={**ASKED, "service": 1}), headers)) == [(codes.WRONG_TYPE, "/data/service")]


def test_structured_data_may_be_base64_and_is_held_to_the_same_limits():
    packed = base64.b64encode(asked()).decode()
    assert one(structured(data_base64=packed), {}).pointer == "/data_base64"
    deep = base64.b64encode(b"[" * 70 + b"]" * 70).decode()
    assert told(one(structured(data_base64=deep), {})) == [(codes.TOO_DEEP, "/data_base64")]
    assert told(one(structured(data_base64="%%"), {})) == [(codes.NOT_JSON, "/data_base64")]


def test_a_structured_event_without_data_or_type_is_returned():
    content: dict[str, bytes | None] = {"content-type": b"application/cloudevents+json"}
    assert told(one(structured(data=None), content)) == [(codes.NO_DATA, "/data")]
    assert told(one(structured(type=None), content)) == [(codes.UNTYPED, "/type")]
    assert told(one(structured(data=[1]), content)) == [(codes.NOT_AN_OBJECT, "/data")]


def test_in_a_batch_a_bad_neighbour_costs_the_others_nothing():
    batch = orjson.dumps([orjson.loads(structured()), 5, {"type": "x"}, orjson.loads(structured())])
    found = door.entries("acme", {"content-type": b"application/cloudevents-batch+json"}, batch)
    assert [(entry.pointer, entry.outcome) for entry in found] == [
        ("/0/data", "event"), ("/1", "return"), ("/2", "return"), ("/3/data", "event"),
    ]  # fmt: skip


DEEP_ARRAY, DEEP_OBJECT = b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65


@pytest.mark.parametrize("value, code", [
    (None, codes.EMPTY), (b"", codes.EMPTY), (b" \n", codes.EMPTY),
    (b'{"a":"' + b"x" * (256 << 10) + b'"}', codes.TOO_LARGE),
    (gzip.compress(b"0" * 1_000_000), codes.COMPRESSED), (zlib.compress(b"0" * 1_000_000), codes.COMPRESSED),
    (b"\xef\xbb\xbf" + asked(), codes.BYTE_ORDER_MARK), (asked().decode().encode("utf-16"), codes.NOT_UTF8),
    (b'{"a":"\xff"}', codes.NOT_UTF8),
    (b"MSH|^~\\&|", codes.NOT_JSON), (b"<Bundle/>", codes.NOT_JSON), (asked() + b"x", codes.NOT_JSON), (b'{"a":"\\ud800"}', codes.NOT_JSON),
    (DEEP_ARRAY, codes.TOO_DEEP), (DEEP_OBJECT, codes.TOO_DEEP), (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, codes.TOO_DEEP),
    (b"[" * 200_000, codes.NOT_JSON),
    (asked()[:-1] + b',"x":NaN}', codes.NOT_A_NUMBER), (asked()[:-1] + b',"x":-Infinity}', codes.NOT_A_NUMBER),
    (asked()[:-1] + b',"urgency":"routine"}', codes.NAME_TWICE), (asked()[:-1] + b',"urgency" : "urgent"}', codes.NAME_TWICE),
    (asked()[:-1] + b',"\\u0075rgency":"routine"}', codes.NAME_TWICE), (b"[]", codes.NOT_AN_OBJECT), (b"7", codes.NOT_AN_OBJECT),
])  # fmt: skip
def test_what_is_no_message_is_returned_with_its_reason(value: bytes | None, code: str):
    entry = one(value)
    assert entry.outcome == "return" and told(entry) == [(code, "")]


@pytest.mark.parametrize("text", ['NaN Infinity "quoted" a:b {[{[', "back\\slash\\", '\\"', "\\\\", 'x":"y'])
def test_what_stands_inside_a_string_is_no_structure(text: str):
    entry = one(asked(reason=text))
    assert entry.outcome == "event" and isinstance(entry.event, partners.ReferralRequested)
    assert entry.event.reason is not None and entry.event.reason.plain == text


def test_sixty_four_levels_are_not_too_deep():
    entry = one(asked()[:-1] + b',"x":' + b"[" * 63 + b"]" * 63 + b"}")
    assert told(entry) == [(codes.UNREAD, "")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
)


@given(json_values)
@settings(deadline=None)
def test_no_lawful_json_is_taken_for_a_doubled_name_or_too_deep(value: Any):
    for text in (
        orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME) if _fits(value) else b"",
        json.dumps(value, indent=1).encode(),
    ):
        found = door._json(text)
        assert getattr(found, "code", "") not in (codes.NAME_TWICE, codes.TOO_DEEP, codes.NOT_A_NUMBER, codes.NOT_UTF8)


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


header_values = st.none() | st.binary(max_size=40) | st.sampled_from([
    b"application/fhir+json", b"application/cloudevents+json", b"application/json", *(kind.encode() for kind in door.NATIVE),
])  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["content-type", "ce_type", "ce_id", "ce_source"]), header_values),
    st.none() | st.binary(max_size=400) | json_values.map(lambda value: json.dumps(value).encode()),
)
@settings(deadline=None, max_examples=300)
def test_whatever_comes_ends_in_at_least_one_entry_and_no_exception(headers: dict[str, bytes | None], value: bytes | None):
    found = door.entries("acme", headers, value)
    assert found
    assert all(codes.DEFECT not in (reason.code for reason in entry.reasons) for entry in found)
    assert all((entry.event is not None) == (entry.outcome == "event") for entry in found)


def test_a_defect_of_ours_is_quarantined_not_raised(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(door, "_read", broken)
    entry = one(asked())
    assert (entry.outcome, told(entry)) == ("quarantine", [(codes.DEFECT, "")])


def test_no_reason_shows_what_the_input_held():
    marker = "Zzyzx-Private"
    for field in ASKED:
        entry = one(asked(**{field: {marker: [marker]}}))
        assert marker not in repr(entry.reasons) and entry.reasons
    assert marker not in repr(one(asked(**{marker: marker})).reasons)


def test_an_answer_stays_small_however_much_is_wrong():
    entry = one(asked(person={"identifiers": [{}] * 40_000}))
    assert told(entry) == [(codes.WRONG_LENGTH, "/person/identifiers")]


def test_every_code_is_of_this_door_and_says_what_to_do():
    assert all(code == cause.code and code.startswith("TL-3") and len(code) == 7 for code, cause in codes.CAUSES.items())
    assert all(cause.what and cause.fix for cause in codes.CAUSES.values())
    named = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert named == codes.CAUSES.keys(), "two causes under one code"
