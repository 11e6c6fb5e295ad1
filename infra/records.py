"""A Kafka record as the runtime keeps it: what must be known to decide on it again, byte for byte."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson


class Received(Protocol):
    """What a client library hands us (aiokafka's ConsumerRecord has these)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...
    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `value` is None for a tombstone; header values may be null or any bytes; `timestamp` in ms, -1 where unknown."""

    topic: str
    partition: int
    offset: int
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    timestamp: int = -1


def packed(record: Received) -> bytes:
    """The record as JSON, bytes in base64: what is kept (sealed) of an input that waits for a person."""
    headers = [[name, None if value is None else base64.b64encode(value).decode()] for name, value in record.headers]
    value = None if record.value is None else base64.b64encode(record.value).decode()
    return orjson.dumps({"topic": record.topic, "partition": record.partition, "offset": record.offset, "headers": headers, "value": value})


def unpacked(raw: bytes) -> Record:
    """The inverse of `packed`."""
    kept: dict[str, Any] = orjson.loads(raw)
    headers = tuple((name, None if value is None else base64.b64decode(value)) for name, value in kept["headers"])
    value = None if kept["value"] is None else base64.b64decode(kept["value"])
    return Record(kept["topic"], kept["partition"], kept["offset"], headers, value)
