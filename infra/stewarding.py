"""What a steward asks of a service over HTTP: show a quarantined input, decide it again, as it was or repaired, set it aside, release
what a failed message holds up.

Each is done once by its nature: what is not kept any more is not decided again, so no Idempotency-Key is asked for. Who may is the
role that owns what is kept (`Service.steward`), and a data steward.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.kernel import Code, Command
from infra.access import Rule, Scope, rule
from infra.commands import NAME, Counter, body_of, parsed
from infra.http import Answer, Guarded
from infra.keeping import INPUT, subject_of
from infra.replay import Replayer
from infra.service import Outcome, Service
from infra.settle import Settler
from infra.upkeep import Upkeep

ACTION = "keep"
STILL = ("quarantined", "parked", "failed")


class Replay(Command):
    """Decide this input again, as it came: what stood in its way was mended."""

    type: ClassVar = "replay"


class Reveal(Command):
    """Show what this input holds, for this reason: the reading is a fact with a name behind it."""

    type: ClassVar = "reveal"
    reason: Code


class Repair(Command):
    """Decide this input with `value` in the place of its bytes, under its own identity: what it held stays sealed as it came."""

    type: ClassVar = "repair"
    value: str


class Discard(Command):
    """Nothing follows from this input, for this reason."""

    type: ClassVar = "discard"
    reason: Code


class Release(Command):
    """Decide, in order, what is held back: what made its first message fail was mended."""

    type: ClassVar = "release"


def access(service: Service) -> Mapping[str, Rule]:
    """The line of a service's table for its stewards."""
    return {ACTION: rule(service.steward.removeprefix("role/"), "data-steward", scope=Scope.ANY)}


@dataclass(frozen=True, slots=True)
class Stewarding:
    """Where what was kept is asked about."""

    settler: Settler
    replayer: Replayer
    counter: Counter

    def routes(self) -> list[Guarded]:
        made: tuple[tuple[str, Callable[[Request], Any]], ...] = (
            (f"/v1/{INPUT}s/{{id}}/replay", self.replay),
            (f"/v1/{INPUT}s/{{id}}/reveal", self.reveal),
            (f"/v1/{INPUT}s/{{id}}/repair", self.repair),
            (f"/v1/{INPUT}s/{{id}}/discard", self.discard),
            ("/v1/parked/{kind}/{id}/release", self.release),
        )
        return [Guarded(path, endpoint, action=ACTION, door=self.counter.door, methods=("POST",)) for path, endpoint in made]

    async def replay(self, request: Request) -> Response:
        (name,) = _named(request)
        parsed(Replay, await body_of(request))
        return await self._answer(subject_of(name), await self.counter.within(lambda: self._by(request).replay(name)))

    async def reveal(self, request: Request) -> Response:
        """`value`, as text: what is no UTF-8 in it is shown as such."""
        (name,) = _named(request)
        why = parsed(Reveal, await body_of(request))
        held = await self.counter.within(lambda: self._by(request).reveal(name, why.reason))
        return Response(orjson.dumps({"value": held.decode("utf-8", "replace")}), media_type="application/json")

    async def repair(self, request: Request) -> Response:
        (name,) = _named(request)
        mended = parsed(Repair, await body_of(request)).value.encode()
        return await self._answer(subject_of(name), await self.counter.within(lambda: self._by(request).replay(name, mended)))

    async def discard(self, request: Request) -> Response:
        (name,) = _named(request)
        why = parsed(Discard, await body_of(request))
        await self.counter.within(lambda: self._by(request).discard(name, why.reason))
        return await self._answer(subject_of(name), [])

    async def release(self, request: Request) -> Response:
        subject = "/".join(_named(request))
        parsed(Release, await body_of(request))
        return await self._answer(subject, await self.counter.within(lambda: self._by(request).release(subject)))

    def _by(self, request: Request) -> Upkeep:
        return Upkeep(self.settler, self.replayer, request.state.principal.id)

    async def _answer(self, subject: str, outcomes: list[Outcome]) -> Response:
        """What still fails stays where it was, and says why; else the last fact about the subject, for reading one's own write."""
        if outcomes and outcomes[-1].kind in STILL:
            why = "nothing was lost: it stays where it was, with its owner and its deadline"
            raise Answer("TL-4203", "what is kept here still cannot be used", why, status=409, errors=outcomes[-1].reasons)
        row = (await self.settler.store.load([subject]))[subject]
        return Response(
            orjson.dumps({"subject": subject, "sequence": row.seq.get(self.settler.service.topic, 0), "version": row.v}),
            media_type="application/json",
        )


def _named(request: Request) -> tuple[str, ...]:
    """What the path names: a receipt, or an aggregate's kind and id."""
    names = tuple(str(request.path_params[part]) for part in ("kind", "id") if part in request.path_params)
    if not all(NAME.fullmatch(name) for name in names):
        raise HTTPException(404)
    return names
