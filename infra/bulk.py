"""Many commands of one kind in one request: each is decided by itself and answered by itself, so that one refusal holds up no other.

Ids derive from caller, key and item. The same request again gives what was taken its first answer; what was refused is decided anew.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from contracts.kernel import Command, Message, Reason, derived
from infra import commands
from infra.commands import NAME, Counter, body_of, fingerprint, item_of, key_of, message_of, parsed, told, trace_of
from infra.http import Answer, Guarded, said
from infra.service import Outcome

MANY_MAX = 200


@dataclass(frozen=True, slots=True)
class Bulk:
    """One command about many: `named` is the list in the body that says which, `subject` what each is (`thing/{id}`).

    `action` is asked once, of nothing in particular: its rule must not be scoped.
    """

    command: type[Command]
    path: str
    subject: str
    named: str
    action: str


def bulk(counter: Counter, table: Sequence[Bulk]) -> list[Guarded]:
    """The routes of a service's commands about many."""
    return [Guarded(one.path, _endpoint(counter, one), action=one.action, door=counter.door, methods=("POST",)) for one in table]


def _endpoint(counter: Counter, entry: Bulk) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        messages = await _messages(counter, entry, request)
        outcomes = await counter.within(lambda: counter.settle([item_of(one) for one in messages]))
        told = [_told(outcome, message, request) for outcome, message in zip(outcomes, messages, strict=True)]
        return Response(orjson.dumps({"results": told}), media_type="application/json")

    return post


async def _messages(counter: Counter, entry: Bulk, request: Request) -> list[Message]:
    principal, key = request.state.principal, key_of(request)
    ids, body = _apart(await body_of(request), entry.named)
    command, print_ = parsed(entry.command, body), fingerprint(key, request.url.path, body)
    return [
        message_of(
            counter, request, derived("command", principal.id, key, id), command, entry.subject.format(id=id),
            traceparent=trace_of(request), fingerprint=print_,
        )
        for id in ids
    ]  # fmt: skip


def _apart(body: bytes, named: str) -> tuple[list[str], bytes]:
    """Which, each once, and the command without them. A body that is none is left for the command's own reader to refuse."""
    try:
        stated = orjson.loads(body)
    except ValueError:
        stated = None
    ids = stated.pop(named, None) if isinstance(stated, dict) else None
    if not isinstance(ids, list) or not 0 < len(ids) <= MANY_MAX or not all(isinstance(id, str) and NAME.fullmatch(id) for id in ids):
        wrong = (Reason("many", f"/{named}", f"name 1 to {MANY_MAX}, each by its id"),)
        raise Answer("TL-1519", "the body does not say of which", fix="correct what `errors` points at", status=422, errors=wrong)
    return list(dict.fromkeys(ids)), orjson.dumps(stated)


def _told(outcome: Outcome, message: Message, request: Request) -> dict[str, Any]:
    """The answer that the command would have had alone."""
    try:
        return commands.said(told(outcome, message))
    except Answer as problem:
        return {"subject": message.subject, "problem": said(problem, request.state.request)}
