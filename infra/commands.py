"""Commands over HTTP: what a person asks for becomes a message, takes the same path as every event, and is answered once.

The rules. `Idempotency-Key` is required: the same key, caller and body get the first answer again, another body under it is an
error. `If-Match` is the version the caller saw: where it is given it must be the current one (412). It is required (428) only where
the table says `versioned`, for commands that overwrite what was read; others are decided on the current state by the one writer
that can refuse them, and demanding a version would turn unrelated changes into failures. The answer names the first fact that
followed, so that the caller can wait until a read model has seen it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticKnownError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.kernel import OUTSIDE, Actor, Command, Message, Reason, derived
from contracts.upkeep import Origin
from infra.clock import Clock
from infra.http import Answer, Door, Guarded, busy
from infra.service import Item, Outcome

ANSWER_WITHIN_S = 10.0
KEY = re.compile(r"[\x21-\x7e]{16,128}")
NAME = re.compile(r"[A-Za-z0-9._:-]{1,100}")
ETAG = re.compile(r'"(\d{1,15})"')
TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SHOWN = {"min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of", "expected", "pattern", "field_type", "actual_length"}
"""What of a rule may be told; everything else in a validation error may be the caller's input."""

Settle = Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]
C = TypeVar("C", bound=Command)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its class, where it is posted, what it is about, and the action that a rule must allow.

    `subject` is filled from the path (`/things/{id}/close` → `thing/{id}`); `{new}` in it is an id derived from caller and key.
    `versioned`: it may only be given with the version it was decided on.
    """

    command: type[Command]
    path: str
    subject: str
    action: str
    versioned: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """Where commands are taken: the one way to a decision, and whether there is room for more."""

    service: str
    settle: Settle
    door: Door
    clock: Clock
    pressure: Callable[[], bool] = lambda: False
    settling: set[asyncio.Future[Any]] = field(default_factory=set, compare=False)

    async def decide(self, message: Message) -> Outcome:
        return (await self.within(lambda: self.settle([item_of(message)])))[0]

    async def within(self, work: Callable[[], Awaitable[T]]) -> T:
        """What came of it; TL-1505 where there is no room, or where it is not known in time: then it goes on, and is not cancelled."""
        if self.pressure():
            raise busy("commands are refused for the moment", "facts are waiting to be published")
        task = asyncio.ensure_future(work())
        self.settling.add(task)
        task.add_done_callback(self.settling.discard)
        done, _ = await asyncio.wait({task}, timeout=ANSWER_WITHIN_S)
        if not done:
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise busy("the outcome is not known yet")
        return task.result()


def commands(counter: Counter, table: Sequence[Entry]) -> list[Guarded]:
    """The routes of a service's commands."""
    return [Guarded(entry.path, _endpoint(counter, entry), action=entry.action, door=counter.door, methods=("POST",)) for entry in table]


def _endpoint(counter: Counter, entry: Entry) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        message = await _message(counter, entry, request)
        return answer(await counter.decide(message), message)

    return post


def clicked(counter: Counter, request: Request, command: Command, subject: str, *meaning: str) -> Message:
    """A command that a page's button stands for. Its id derives from what it means, so that a second click is the first one."""
    return message_of(counter, request, derived("clicked", request.state.principal.id, subject, *meaning), command, subject)


def message_of(counter: Counter, request: Request, id: str, command: Command, subject: str, **stated: Any) -> Message:
    """A command as whoever asks gives it, now."""
    principal = request.state.principal
    return Message(
        id, command, subject, f"http:{counter.service}", at=counter.clock.now(), actor=Actor(principal.kind, principal.id),
        correlation=request.state.request, **stated,
    )  # fmt: skip


def item_of(message: Message) -> Item:
    return Item("command", message, Origin(topic=message.topic, entry=message.subject), receipt=message.id)


async def _message(counter: Counter, entry: Entry, request: Request) -> Message:
    principal, key = request.state.principal, key_of(request)
    subject = _subject(entry, request.path_params, derived("new", principal.id, key))
    expects = _expects(entry, request)
    body = await body_of(request)
    return message_of(
        counter, request, derived("command", principal.id, key), parsed(entry.command, body), subject,
        traceparent=trace_of(request), expects=expects, fingerprint=fingerprint(key, request.url.path, body),
    )  # fmt: skip


def fingerprint(key: str, path: str, body: bytes) -> str:
    """What was asked, whatever the order and spacing of its JSON. The key, which is not stored, keeps it from being guessed."""
    with suppress(ValueError):  # numbers this reader does not take: compared as they came
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return sha256(b"\0".join((key.encode(), path.encode(), body))).hexdigest()


def key_of(request: Request) -> str:
    stated = request.headers.getlist("idempotency-key")
    if len(stated) != 1 or not KEY.fullmatch(stated[0]):
        why = "a command needs exactly one, of 16 to 128 visible characters"
        raise Answer("TL-1511", "the Idempotency-Key is missing or malformed", why, "send a new UUID for each new command", status=400)
    return stated[0]


def trace_of(request: Request) -> str:
    """The caller's trace, if it is one."""
    stated = request.headers.get("traceparent", "")
    return stated if TRACE.fullmatch(stated) else ""


def _subject(entry: Entry, parameters: Mapping[str, Any], new: str) -> str:
    if not all(NAME.fullmatch(str(value)) for value in parameters.values()):
        raise HTTPException(404)
    return entry.subject.format(**parameters, new=new)


def _expects(entry: Entry, request: Request) -> int | None:
    stated = request.headers.getlist("if-match")
    if not stated:
        if entry.versioned:
            fix = "read the item and send its ETag as If-Match"
            raise Answer("TL-1512", "this command needs the version it was decided on", fix=fix, status=428)
        return None
    match = ETAG.fullmatch(stated[0]) if len(stated) == 1 else None
    if match is None:
        raise Answer("TL-1513", "If-Match is not one strong ETag", fix='send it as it was given, like "7"', status=400)
    return int(match[1])


async def body_of(request: Request) -> bytes:
    """A JSON body, an empty one for none; 415 for anything else."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if (body and kind != "application/json") or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415)
    return body or b"{}"


def parsed(command: type[C], body: bytes) -> C:
    """The command in a body. Fields it does not have are refused: a person's misspelling must not be a silent default."""
    try:
        return command.model_validate_json(body, context=OUTSIDE, extra="forbid")
    except ValidationError as error:
        reasons = reasons_of(error, command)
    raise Answer("TL-1514", "the body is not this command", fix="correct what `errors` points at", status=422, errors=reasons)


def reasons_of(error: ValidationError, kind: type[BaseModel]) -> tuple[Reason, ...]:
    """What is wrong where, from rules and the names of known fields only: a pointer's unknown parts become `*`."""
    known = field_names(kind)
    return tuple(_reason(detail, known) for detail in error.errors(include_url=False, include_input=False))


def _reason(detail: ErrorDetails, known: frozenset[str]) -> Reason:
    pointer = "".join(f"/{part if isinstance(part, int) or part in known else '*'}" for part in detail["loc"])
    context = {name: value for name, value in detail.get("ctx", {}).items() if name in SHOWN}
    try:
        rule = PydanticKnownError(cast(Any, detail["type"]), detail.get("ctx")).message_template.format_map(_Told(context))
    except KeyError:  # a type of our own: its code says it
        rule = ""
    return Reason(detail["type"], pointer, rule.removesuffix(", ").removesuffix(": "))


class _Told(dict[str, Any]):
    """What may be told; the rest reads as nothing."""

    def __missing__(self, _: str) -> str:
        return ""


@cache
def field_names(kind: type[BaseModel]) -> frozenset[str]:
    """The names of every field anywhere inside a model, as its JSON Schema has them."""
    return frozenset(_names(kind.model_json_schema()))


def _names(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for part in schema for name in _names(part)]
    if not isinstance(schema, dict):
        return []
    own = list(schema.get("properties", ())) if isinstance(schema.get("properties"), dict) else []
    return own + [name for part in schema.values() for name in _names(part)]


@dataclass(frozen=True, slots=True)
class Told:
    """What a command that was taken is answered. `sequence` 0: nothing followed, because it was so already."""

    subject: str
    sequence: int
    version: int
    again: bool = False
    """Whether this is the first answer to the same command, told once more."""


def answer(outcome: Outcome, message: Message) -> Response:
    taken = told(outcome, message)
    headers = {"etag": f'"{taken.version}"'} if taken.version else {}
    headers |= {"idempotency-replayed": "true"} if taken.again else {}
    return Response(orjson.dumps(said(taken)), headers=headers, media_type="application/json")


def said(taken: Told) -> dict[str, Any]:
    return {"subject": taken.subject, "sequence": taken.sequence, "version": taken.version}


def told(outcome: Outcome, message: Message) -> Told:
    """What became of it, where it was taken; an Answer says why not."""
    match outcome.kind:
        case "event" | "nothing":
            return Told(outcome.subject or message.subject, outcome.sequence, outcome.version)
        case "duplicate":
            return _repeated(outcome, message)
        case "stale":
            why = "somebody changed it after you read it"
            tag = {"etag": f'"{outcome.version}"'}
            raise Answer("TL-1515", "the item has another version", why, "read it again and decide anew", status=412, headers=tag)
        case "refused":
            raise Answer(
                "TL-1516", "this cannot be done now", fix="see `errors`, and `allowed` for what can", status=409,
                errors=outcome.reasons, allowed=outcome.allowed,
            )  # fmt: skip
    raise Answer("TL-1517", "this could not be decided", "nothing was changed; an operator was told", "report the request id", status=500)


def _repeated(outcome: Outcome, message: Message) -> Told:
    """The first answer again, for the same body."""
    if outcome.fingerprint != message.fingerprint:
        fix = "send a new Idempotency-Key with a new command"
        raise Answer("TL-1518", "this Idempotency-Key was used for another command", fix=fix, status=422)
    subject, sequence, version = outcome.answer.decode().rsplit(" ", 2)
    return Told(subject or message.subject, int(sequence), int(version), again=True)
