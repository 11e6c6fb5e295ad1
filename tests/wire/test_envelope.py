"""The envelope is CloudEvents' Kafka binding, and reading it survives whatever a sender puts there."""

import json
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from infra.envelope import (
    ATTRIBUTES,
    EXTERNAL,
    HEADERS_MAX,
    NotAnEnvelope,
    attributes_of,
    headers,
    media_type,
    received,
    reduced,
    sequence_text,
    structured,
    type_of,
)

FULL = {
    "specversion": "1.0",
    "id": "6a5be0f8-0c1b-5d0e-9d6a-1f2f5a3c7e11",
    "source": "/network/service",
    "type": "thing.happened.v1",
    "subject": "thing/7",
    "time": "2026-01-02T03:04:05.678900Z",
    "datacontenttype": "application/json",
    "sequence": sequence_text(17),
    "partitionkey": "thing/7",
    "recordedtime": "2026-01-02T03:04:06Z",
    "authtype": "user",
    "authid": "staff/7",
    "causetopic": "other-events",
    "causesubject": "other/1",
    "causesequence": sequence_text(3),
    "causeid": "c-1",
    "correlationid": "c-0",
    "sensitivity": "part2",
    "consentid": "consent/1",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
DATA = {"name": "Ωmega", "n": 1, "items": [1.5, None, True]}


def test_every_attribute_comes_back_as_it_was_sent_and_in_order() -> None:
    assert tuple(FULL) == ATTRIBUTES
    assert list(attributes_of(headers(FULL)).items()) == list(FULL.items())


def test_sequences_are_twenty_digits_so_that_text_order_is_number_order() -> None:
    assert sorted(map(sequence_text, (10, 9, 2**63))) == [sequence_text(n) for n in (9, 10, 2**63)]
    assert len(sequence_text(1)) == 20


def test_empty_attributes_are_not_sent_and_a_name_that_is_not_ours_is_an_error() -> None:
    assert headers({"id": "1", "subject": ""}) == [("ce_id", b"1")]
    with pytest.raises(KeyError):
        headers({"reply_to": "elsewhere"})


def test_listeners_outside_get_the_core_the_sequence_and_the_consent() -> None:
    outside = reduced(FULL, EXTERNAL)
    assert "causeid" not in outside and "authid" not in outside and "traceparent" not in outside
    assert {"sequence", "consentid", "id", "type"} <= outside.keys()


# --- with the CloudEvents project's own binding, both ways ---


def test_the_cloudevents_sdk_reads_what_we_write() -> None:
    message = binding.KafkaMessage(headers=dict(headers(FULL)), key=b"thing/7", value=json.dumps(DATA).encode())
    event = binding.from_binary(message, JSONFormat())
    assert event.get_data() == DATA
    assert event.get_time() is not None and event.get_time().isoformat() == "2026-01-02T03:04:05.678900+00:00"
    said = {name: value for name, value in event.get_attributes().items() if name != "time"}
    assert said == {name: value for name, value in FULL.items() if name != "time"}


def sdk_event() -> Any:
    attributes = {"type": "a.b.v1", "source": "/them", "id": "1", "subject": "s", "datacontenttype": "application/json", "sequence": "5"}
    return CloudEvent(attributes, DATA)


def test_we_read_what_the_cloudevents_sdk_writes_in_binary_mode() -> None:
    message = binding.to_binary(sdk_event(), JSONFormat())
    attributes, data = received(list(message.headers.items()), message.value)
    assert json.loads(data) == DATA
    assert attributes["type"] == "a.b.v1" and attributes["sequence"] == "5" and attributes["datacontenttype"] == "application/json"


def test_we_read_what_the_cloudevents_sdk_writes_in_structured_mode() -> None:
    message = binding.to_structured(sdk_event(), JSONFormat())
    attributes, data = received(list(message.headers.items()), message.value)
    assert json.loads(data) == DATA
    assert attributes["source"] == "/them" and attributes["subject"] == "s"


def test_we_read_binary_data_that_the_cloudevents_sdk_writes_in_structured_mode() -> None:
    event = CloudEvent({"type": "a", "source": "/them", "datacontenttype": "application/octet-stream"}, b"\x00\xff")
    message = binding.to_structured(event, JSONFormat())
    assert received(list(message.headers.items()), message.value)[1] == b"\x00\xff"


# --- what senders may do to us ---


@pytest.mark.parametrize("bad", [None, b"", b"\xff\xfe", b"x" * 1025, b"line\nbreak", b"nul\x00"])
def test_a_header_that_is_no_value_is_as_if_it_had_not_been_sent(bad: bytes | None) -> None:
    sent = [("ce_id", b"1"), ("ce_subject", bad), ("ce_type", b"t")]
    assert attributes_of(sent) == {"id": "1", "type": "t"}


def test_names_we_do_not_know_are_gone() -> None:
    strange = [("reply_to", b"victim"), ("correlation_id", b"x"), ("ce_", b"x"), ("ce_admin", b"1"), ("id", b"x"), ("", b"x")]
    assert attributes_of(strange) == {}


def test_the_first_usable_value_stands_and_the_cheap_look_sees_the_same() -> None:
    twice = [("ce_type", None), ("ce_type", b"\xff"), ("ce_type", b"first"), ("ce_type", b"second")]
    assert attributes_of(twice)["type"] == type_of(twice) == "first"


def test_headers_beyond_the_limit_are_not_looked_at() -> None:
    many = [("x", b"y")] * HEADERS_MAX + [("ce_type", b"late")]
    assert type_of(many) == "" and attributes_of(many) == {}
    assert type_of(many[1:]) == "late"


def test_a_tracing_header_without_prefix_is_heard_too() -> None:
    assert attributes_of([("traceparent", b"00-x")]) == {"traceparent": "00-x"}


NAMES = ["ce_type", "ce_id", "content-type", "ce_subject", "reply_to", "ce_x", ""]
header_lists = st.lists(st.tuples(st.sampled_from(NAMES), st.none() | st.binary(max_size=40)), max_size=80)


@given(header_lists)
def test_no_headers_at_all_make_reading_raise(sent: list[tuple[str, bytes | None]]) -> None:
    assert attributes_of(sent).get("type", "") == type_of(sent)
    assert attributes_of(sent).keys() <= set(ATTRIBUTES)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.booleans() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_a_structured_value_is_read_or_refused_and_never_anything_else(value: Any) -> None:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        attributes, _ = structured(raw)
    except NotAnEnvelope:
        return
    assert attributes.keys() <= set(ATTRIBUTES) and isinstance(json.loads(raw), dict)


def test_structured_data_keeps_its_very_bytes() -> None:
    text = '{"id":"1", "data" : {"amount": 1.10, "big": 123456789012345678901234567890}, "type":"t"}'
    assert structured(text.encode()) == ({"id": "1", "type": "t"}, b'{"amount": 1.10, "big": 123456789012345678901234567890}')


def test_structured_text_that_is_not_json_is_the_text_itself() -> None:
    assert structured(b'{"datacontenttype":"text/plain","data":"h\\u00e9"}')[1] == "hé".encode()


def test_structured_attributes_are_scalars_in_canonical_text() -> None:
    value = b'{"id":7,"subject":true,"type":{"no":1},"source":null,"sequence":"x\\ny","authid":1.5}'
    assert structured(value)[0] == {"id": "7", "subject": "true"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "not-json"),
        (b"[]", "not-json"),
        (b'{"a":1,}', "not-json"),
        (b'{"a":1}x', "not-json"),
        (b'{"a":NaN}', "not-json"),
        (b'{"data":1,"data":2}', "not-json"),
        (b'{"data":' + b"[" * 100_000, "not-json"),
        (b'{"data":' + b"9" * 10_000 + b"}", "not-json"),
        (b"\xff{}", "not-utf-8"),
        (b'{"datacontenttype":"text/plain","data":"\\ud800"}', "not-utf-8"),
        (b'{"data_base64":"%"}', "data-not-base64"),
        (b'{"data_base64":"AA==","data":1}', "data-ambiguous"),
        (b" " * (1 << 20) + b"{}", "too-large"),
    ],
)
def test_a_broken_structured_value_is_refused_by_code(value: bytes, code: str) -> None:
    with pytest.raises(NotAnEnvelope) as refused:
        structured(value)
    assert refused.value.code == code and str(refused.value) == code


def test_media_types_are_compared_without_case_and_parameters() -> None:
    assert media_type("Application/CloudEvents+JSON; charset=UTF-8") == "application/cloudevents+json"
    assert received([("content-type", b"Application/CloudEvents+JSON; charset=UTF-8")], b'{"id":"1"}') == ({"id": "1"}, b"")
    assert received([("content-type", b"application/json")], None) == ({"datacontenttype": "application/json"}, b"")
