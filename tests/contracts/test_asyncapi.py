"""The AsyncAPI document says what the catalogue says, and the official parser accepts it."""

import shutil
import subprocess
import warnings
from pathlib import Path

import pytest

from contracts import asyncapi, catalogue
from contracts.attributes import ATTRIBUTES

CHECK = Path(__file__).with_name("asyncapi_check.mjs")
DOCUMENT = asyncapi.document()
NOT_HAD = 3


def test_every_topic_is_a_channel_and_every_event_a_message_with_examples():
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == {topic.name for topic in asyncapi.every_topic()}
    messages = DOCUMENT["components"]["messages"]
    assert set(messages) == {*catalogue.event_types(), "fhir"}
    assert [name for name, message in messages.items() if name != "fhir" and not message["examples"]] == []


def test_every_service_has_an_operation_for_each_topic_it_says_or_hears():
    for service in catalogue.SERVICES:
        for topic in catalogue.heard_by(service):
            assert f"{service}.receive.{topic.name}" in DOCUMENT["operations"]
        said = [topic for topic in catalogue.TOPICS if topic.owner in (service, "*")]
        assert all(f"{service}.send.{topic.name}" in DOCUMENT["operations"] for topic in said)
    assert {"intake.receive.partner-in", "intake.send.partner-out", "partner.send.partner-in"} <= set(DOCUMENT["operations"])


def test_partners_see_fewer_headers_than_we_do():
    traits = DOCUMENT["components"]["messageTraits"]
    assert len(traits["events"]["headers"]["properties"]) == len(ATTRIBUTES)
    assert "ce_causeid" not in traits["partner-out"]["headers"]["properties"]


def test_partners_see_readable_forms_and_our_own_topics_sealed_ones():
    schemas = DOCUMENT["components"]["schemas"]
    assert "x-readable" in schemas["Identifier"]["properties"]["value"]
    assert "x-readable" not in schemas["ReadableIdentifier"]["properties"]["value"]


def parser(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the official parser, or skip so that nobody overlooks it."""
    if not shutil.which("node") or not shutil.which("npm"):
        missing = "AsyncAPI NOT VALIDATED: node and npm are not installed"
    else:
        done = subprocess.run(["node", CHECK, path], capture_output=True, text=True, timeout=240)
        if done.returncode != NOT_HAD:
            return done
        missing = f"AsyncAPI NOT VALIDATED: {done.stderr.strip()}"
    warnings.warn(missing, stacklevel=2)
    pytest.skip(missing)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_official_parser_accepts_the_document():
    done = parser(Path(asyncapi.__file__).with_name("asyncapi.json"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_official_parser_refuses_a_broken_document(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"asyncapi": "3.1.0", "info": {"title": "Without a version"}, "channels": {}}', "utf-8")
    assert parser(broken).returncode == 1
