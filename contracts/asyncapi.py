"""The AsyncAPI document: every topic, who sends and who receives on it, and what a message looks like in Kafka."""

import inspect
import json
from collections.abc import Iterable
from typing import Any

from contracts import catalogue, samples, shapes
from contracts.answers import OUTBOUND
from contracts.attributes import ATTRIBUTES, CORE, Attribute
from contracts.catalogue import SERVICES, Topic
from contracts.kernel import Event
from contracts.partners import INBOUND

Document = dict[str, Any]
PARTNER = {
    "description": "The partner's id. It is its identity: access rules allow each partner its own two topics only.",
    "examples": ["example-hospital"],
}


FHIR = {
    "name": "fhir",
    "title": "FHIR R4",
    "summary": "A Bundle, or a ServiceRequest or Task by itself: the front door reads it as the native events.",
    "contentType": "application/fhir+json",
    "payload": {"type": "object", "properties": {"resourceType": {"type": "string"}}, "required": ["resourceType"]},
    "bindings": {"kafka": {"key": {"type": "string", "description": "The partner's choice"}, "bindingVersion": "0.5.0"}},
}


def document() -> Document:
    """AsyncAPI 3.1 of the whole network, made from the catalogue."""
    topics = {topic.name.removesuffix("-{partner}"): topic for topic in every_topic()}
    events = catalogue.event_types()
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Throughline",
            "version": "1.0.0",
            "description": "Coordinates behavioral-health care on top of the EHRs that document it. Every message is a CloudEvent 1.0: "
            "attributes in Kafka headers (binary mode), JSON data in the value. Partners may also send structured mode.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic) for name, topic in topics.items()},
        "operations": dict(operation for name, topic in topics.items() for operation in _operations(name, topic)),
        "components": {
            "messages": {wire_type: _message(event) for wire_type, event in events.items()} | {"fhir": FHIR},
            "schemas": {name: schema for event in events.values() for name, schema in _schemas(event).items()},
            "messageTraits": {family: {"headers": _headers(family)} for family in ("events", "partner-in", "partner-out")},
        },
    }


def every_topic() -> tuple[Topic, ...]:
    return (*catalogue.TOPICS, catalogue.partner_in("{partner}"), catalogue.partner_out("{partner}"))


def family_of(event: type[Event]) -> str:
    return "partner-in" if event in INBOUND else "partner-out" if event in OUTBOUND else "events"


def first_sentence(event: type[Event]) -> str:
    return inspect.cleandoc(event.__doc__ or "").split("\n")[0]


def _channel(topic: Topic) -> Document:
    limits = {"max.message.bytes": int(topic.config["max.message.bytes"])} if "max.message.bytes" in topic.config else {}
    others = {key: value for key, value in topic.config.items() if key not in limits}
    settings = {"cleanup.policy": ["delete"], "retention.ms": topic.retention_ms, **limits, **others}
    kafka = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": settings, "bindingVersion": "0.5.0"}
    return {
        "address": topic.name,
        "description": f"Owned by {_who(topic.owner)}; heard by {', '.join(map(_who, topic.listeners))}. Keyed by {topic.key}.",
        **({"parameters": {"partner": PARTNER}} if "{partner}" in topic.name else {}),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)},
        "bindings": {"kafka": kafka if "{partner}" not in topic.name else {k: v for k, v in kafka.items() if k != "topic"}},
    }


def _message_names(topic: Topic) -> list[str]:
    return [event.type for event in topic.events] + (["fhir"] if topic.name.startswith(catalogue.PARTNER_IN) else [])


def _who(name: str) -> str:
    return {"*": "every service", "partner-{partner}": "the partner"}.get(name, name)


def _operations(channel: str, topic: Topic) -> Iterable[tuple[str, Document]]:
    senders = SERVICES if topic.owner == "*" else (topic.owner,)
    for action, parties in (("send", senders), ("receive", topic.listeners)):
        for party in parties:
            name = f"{party.removesuffix('-{partner}')}.{action}.{channel}"
            yield (
                name,
                {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": f"{_who(party)}: {action} on {topic.name}"},
            )


def _message(event: type[Event]) -> Document:
    partner = family_of(event) != "events"
    key = "Partner's own reference" if partner else "Aggregate key: its partition for ever"
    correlated = {} if partner else {"correlationId": {"location": "$message.header#/ce_correlationid"}}
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": first_sentence(event),
        "description": inspect.cleandoc(event.__doc__ or ""),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{event.type}"},
        "traits": [{"$ref": f"#/components/messageTraits/{family_of(event)}"}],
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}},
        **correlated,
        "examples": [_example(json.loads(path.read_text("utf-8")), path.stem) for path in samples.saved(event.type)],
    }


def _example(event: Document, name: str) -> Document:
    headers = {attribute.header: event[attribute.name] for attribute in ATTRIBUTES if attribute.name in event}
    return {"name": name, "headers": headers, "payload": event["data"]}


def _headers(family: str) -> Document:
    chosen, required = _attributes(family)
    return {
        "type": "object",
        "description": "CloudEvents attributes, binary mode; header values are UTF-8 text.",
        "properties": {attribute.header: attribute.shape for attribute in chosen},
        "required": [attribute.header for attribute in chosen if attribute.name in required],
    }


def _attributes(family: str) -> tuple[list[Attribute], set[str]]:
    if family == "partner-in":
        return [a for a in ATTRIBUTES if a.name in (*CORE, "subject", "time", "datacontenttype")], set(CORE)
    return [a for a in ATTRIBUTES if family == "events" or a.on_partner_out], {a.name for a in ATTRIBUTES if a.required}


def _schemas(event: type[Event]) -> dict[str, Document]:
    """An event's schema and those it refers to. Partners' forms of a model have a name of their own: they are not sealed."""
    prefix = "" if family_of(event) == "events" else "Readable"

    def moved(node: shapes.Schema) -> shapes.Schema:
        if isinstance(node.get("$ref"), str):
            return {**node, "$ref": f"#/components/schemas/{prefix}{node['$ref'].rpartition('/')[2]}"}
        return node

    schema = shapes.rewritten(shapes.schema_of(event), moved)
    own = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}
    return {event.type: own, **{f"{prefix}{name}": inner for name, inner in schema.get("$defs", {}).items()}}
