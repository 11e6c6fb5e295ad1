"""Records that no partner should send, each with what must become of it."""

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.words import MARK

Headers = list[tuple[str, bytes | None]]
JSON: Headers = [("content-type", b"application/json")]
REQUESTED: Headers = [*JSON, ("ce_type", b"referral.requested.v1")]
BODY_BYTES_MAX = 256 << 10


@dataclass(frozen=True, slots=True)
class Rubbish:
    """One kind of it. `refused`: the broker must not take it. Headers of values that are not text may stand beside a sound body."""

    name: str
    expected: Literal["event", "return", "quarantine", "refused"]
    headers: Headers
    value: Callable[[dict[str, Any]], bytes | None]
    compressed: bool = False


def _sound(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _with(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda body: json.dumps({**body, **changes}).encode()


def _person(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda body: json.dumps({**body, "person": {**body["person"], **changes}}).encode()


def _nested(body: dict[str, Any]) -> bytes:
    return b'{"reference":' + b"[" * 5_000 + b"]" * 5_000 + b"}"


def _twice(body: dict[str, Any]) -> bytes:
    return json.dumps(body)[:-1].encode() + b',"service":"another"}'


KINDS = (
    Rubbish("null header", "event", [*REQUESTED, ("x-null", None)], _sound),
    Rubbish("binary header", "event", [*REQUESTED, ("x-binary", b"\xff\xfe\x00\x80")], _sound),
    Rubbish("binary type", "return", [*JSON, ("ce_type", b"\xff\xfe\xfd")], _sound),
    Rubbish("null type", "return", [*JSON, ("ce_type", None)], _sound),
    Rubbish("tombstone", "return", REQUESTED, lambda body: None),
    Rubbish("no body", "return", REQUESTED, lambda body: b""),
    Rubbish("not JSON", "return", REQUESTED, lambda body: b'{"reference": ' + MARK.encode()),
    Rubbish("not UTF-8", "return", REQUESTED, lambda body: b'{"reference":"\xff\xfe"}'),
    Rubbish("not a number", "return", REQUESTED, lambda body: _sound(body)[:-1] + b',"weight":NaN}'),
    Rubbish("no object", "return", REQUESTED, lambda body: json.dumps([MARK]).encode()),
    Rubbish("one name twice", "return", REQUESTED, _twice),
    Rubbish("nested deeply", "return", REQUESTED, _nested),
    Rubbish("wrong type", "return", REQUESTED, _with(service=7, urgency={"of": MARK})),
    Rubbish("wrong instant", "return", REQUESTED, _with(requested_at="yesterday")),
    Rubbish("no such day", "return", REQUESTED, _person(birth_date="1990-02-31")),
    Rubbish("empty text", "return", REQUESTED, _person(family_name="")),
    Rubbish("unknown type", "return", [*JSON, ("ce_type", b"referral.imagined.v1")], _sound),
    Rubbish("unknown version", "return", [*JSON, ("ce_type", b"referral.requested.v9")], _sound),
    Rubbish("compressed body", "return", REQUESTED, lambda body: gzip.compress(_sound(body))),
    Rubbish("another partner's name", "quarantine", REQUESTED, _with(partner="somebody-else")),
    Rubbish("answers elsewhere", "event", [*REQUESTED, ("reply_to", b"intake-events")], _sound),
    Rubbish("too large", "refused", REQUESTED, _with(reason=MARK * (BODY_BYTES_MAX // len(MARK)))),
    Rubbish("compressed bomb", "refused", REQUESTED, _with(reason=MARK * 40_000), compressed=True),
)


def kinds(*expected: str) -> Iterable[Rubbish]:
    return (kind for kind in KINDS if kind.expected in expected)
