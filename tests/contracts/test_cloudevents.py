"""The documented attributes are the ones that are written, and any CloudEvents library reads them."""

import json
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat

from contracts import samples
from contracts.attributes import ATTRIBUTES, CORE
from infra import envelope

EXAMPLES = sorted(samples.FOLDER.glob("*/*.json"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def halves(saved: dict[str, Any]) -> tuple[dict[str, str], Any]:
    return {name: value for name, value in saved.items() if name != "data"}, saved["data"]


def difference(ours: set[str], documented: set[str]) -> set[str]:
    return ours ^ documented


def test_the_envelope_writes_exactly_the_documented_attributes():
    assert difference(set(envelope.ATTRIBUTES), {attribute.name for attribute in ATTRIBUTES}) == set()
    assert difference(set(envelope.EXTERNAL), {attribute.name for attribute in ATTRIBUTES if attribute.on_partner_out}) == set()


def test_the_envelope_uses_the_documented_headers():
    written = [header for header, _ in envelope.headers({attribute.name: "x" for attribute in ATTRIBUTES})]
    assert written == [attribute.header for attribute in ATTRIBUTES]


def test_names_are_scalars_that_cloudevents_allows_and_the_core_is_required():
    assert all(attribute.name.isalnum() and attribute.name.islower() and len(attribute.name) <= 20 for attribute in ATTRIBUTES)
    assert all(attribute.required for attribute in ATTRIBUTES if attribute.name in CORE)


@each_example
def test_what_we_write_is_read_by_the_official_library(path):
    attributes, data = halves(json.loads(path.read_text("utf-8")))
    key = attributes.get("partitionkey")
    message = kafka.KafkaMessage(dict(envelope.headers(attributes)), key, json.dumps(data).encode())
    event = kafka.from_kafka(message, JSONFormat())
    read = {name: str(value) for name, value in event.get_attributes().items() if name != "time"}
    assert read == {name: value for name, value in attributes.items() if name != "time"}
    assert event.get_data() == data


@each_example
@pytest.mark.parametrize("write", [kafka.to_binary, kafka.to_structured])
def test_what_the_official_library_writes_in_either_mode_is_read_by_us(path, write):
    attributes, data = halves(json.loads(path.read_text("utf-8")))
    event = JSONFormat().read(None, path.read_bytes())
    message = write(event, JSONFormat())
    read, value = envelope.received(list(message.headers.items()), message.value)
    assert read == attributes
    assert json.loads(value) == data


def test_an_undocumented_attribute_is_seen():
    assert difference({"id", "shoesize"}, {"id"}) == {"shoesize"}
