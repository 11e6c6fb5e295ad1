"""What a service has said, read back to be counted: as of any instant, a page of history at a time, beside what is decided."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.kernel import Change, kind_of
from infra.commands import Counter
from infra.http import Answer, Guarded
from infra.process import Parts
from infra.service import Service
from infra.store import Store

PAGE = 200
ACTION = "see-measures"
Said = list[tuple[str, Change]]


class Measure(Protocol):
    """A number with the cases behind it."""

    def told(self) -> dict[str, Any]: ...


Count = Callable[[Said, datetime], Iterable[Measure]]


async def said(service: Service, store: Store, kinds: Collection[str], as_of: datetime) -> Said:
    """What these kinds of aggregates had said by then, each aggregate in its own order. As of means: recorded by then."""
    found: Said = []
    for kind in sorted(kinds):
        after = f"{kind}/"
        while page := [one for one in await store.subjects(after, PAGE) if kind_of(one) == kind]:
            histories = await store.histories(page)
            found += [(row.aggregate, data) for one in page for row in histories.get(one, ()) if (data := _read(service, row, as_of))]
            after = page[-1]
    return found


def _read(service: Service, row: Any, as_of: datetime) -> Change | None:
    kind = service.says.get(row.attributes["type"])
    return kind.model_validate_json(row.data) if kind and row.topic in service.own_topics and row.recorded_at <= as_of else None


def pages(service: Service, kinds: Collection[str], count: Count) -> Callable[[Parts, Store, Counter | None], Sequence[BaseRoute]]:
    """`GET /v1/measures?as_of=…`: every measure of a service with its cases. Nobody sees them where nobody can be known."""

    def routes(made: Parts, store: Store, counter: Counter | None) -> Sequence[BaseRoute]:
        async def measures(request: Request) -> Response:
            as_of = _instant(request, made.clock.now())
            counted = count(await said(service, store, kinds, as_of), as_of)
            body = {"as_of": as_of, "measures": [one.told() for one in counted]}
            return Response(orjson.dumps(body), media_type="application/json")

        return [Guarded("/v1/measures", measures, action=ACTION, door=counter.door)] if counter else []

    return routes


def _instant(request: Request, now: datetime) -> datetime:
    stated = request.query_params.get("as_of")
    try:
        found = datetime.fromisoformat(stated) if stated else now
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        why = "as_of is no instant with its offset, such as 2026-03-02T09:00:00+00:00"
        raise Answer("TL-1604", "a parameter of the request is not valid", why, "correct it", "as_of", 400)
    return found
