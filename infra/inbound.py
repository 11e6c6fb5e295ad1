"""From records to items: what was heard from our own services, and what senders outside published. Never raises over an input."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import ValidationError

from contracts.kernel import Actor, Message, Reason, derived
from contracts.upkeep import Origin
from infra.envelope import OPAQUE, attributes_of, type_of
from infra.records import Received
from infra.service import Item, Service

UNREADABLE = "TL-4003"
UNPLACED = "TL-4004"
TOO_MANY = Reason("TL-4006", fix="send them in smaller messages")
HELD_MAX = 20
"""Entries of one record that are held for a person: each keeps the whole record, so that it can be read again."""


class Reader:
    """Reads records for one service. Types that it does not hear cost a look at one header."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def items(self, record: Received) -> Sequence[Item]:
        """The items of one record, in order; none when its type is not heard."""
        if self._service.outside and record.topic.startswith(self._service.outside):
            return self._outside(record)
        kind = type_of(record.headers)
        return (self._heard(record, kind),) if kind in self._service.hears else ()

    def _heard(self, record: Received, kind: str) -> Item:
        said = attributes_of(record.headers)
        origin = Origin(topic=record.topic, partition=record.partition, offset=record.offset)
        message = Message(
            said.get("id") or derived(record.topic, str(record.partition), str(record.offset)),
            None,
            said.get("subject", ""),
            record.topic,
            int(sequence) if (sequence := said.get("sequence", "")).isdecimal() else 0,
            instant(said.get("time", "")),
            Actor(said.get("authtype", "system"), who if OPAQUE.fullmatch(who := said.get("authid", "")) else ""),
            said.get("correlationid", ""),
            said.get("traceparent", ""),
            said.get("sensitivity", ""),
            said.get("consentid", ""),
        )
        if not (message.sequence and message.subject):
            return self._unreadable(message, origin, record, (Reason(UNPLACED, fix="the speaker must say subject and sequence"),))
        try:
            data = self._service.hears[kind].model_validate_json(record.value or b"")
        except ValidationError as error:
            return self._unreadable(message, origin, record, tuple(map(_reason, error.errors(include_url=False, include_input=False))))
        return Item("heard", replace(message, data=data), origin, record=record)

    def _unreadable(self, message: Message, origin: Origin, record: Received, reasons: tuple[Reason, ...]) -> Item:
        """One of our own services broke its contract: one of us must look."""
        return Item("heard", message, origin, message.id, record, "quarantine", reasons)

    def _outside(self, record: Received) -> Sequence[Item]:
        """Identity is the topic. The sender's own ids and traces are not trusted beyond it."""
        assert self._service.door
        sender = record.topic.removeprefix(self._service.outside)
        said = attributes_of(record.headers)
        cause = (said.get("source", ""), said["id"]) if "id" in said else (str(record.partition), str(record.offset))
        items: list[Item] = []
        for arrival in self._service.door(sender, record):
            receipt = derived(record.topic, *cause, arrival.pointer)
            origin = Origin(topic=record.topic, partition=record.partition, offset=record.offset, entry=arrival.pointer)
            notes = arrival.reasons if arrival.outcome == "event" else ()
            message = Message(receipt, arrival.event, topic=record.topic, actor=Actor("service_account", sender), notes=notes)
            verdict, reasons = arrival.outcome, arrival.reasons
            if verdict == "quarantine" and sum(item.verdict == "quarantine" for item in items) >= HELD_MAX:
                verdict, reasons = "return", (TOO_MANY, *reasons)
            items.append(Item("outside", message, origin, receipt, record, verdict, reasons, arrival.reference))
        return items


def instant(text: str) -> datetime:
    """A CloudEvents instant; long ago when it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _reason(error: object) -> Reason:
    where = "/".join(str(part) for part in error["loc"])  # type: ignore[index]
    return Reason(UNREADABLE, f"/{where}", f"must satisfy {error['type']}")  # type: ignore[index]
