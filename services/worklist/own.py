"""How somebody is told, as they see and change it: ways, quiet hours, digest, too much at once, away; and what is held for them now."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from infra.http import Answer
from services.worklist import words
from services.worklist.acting import Acting
from services.worklist.api import waited
from services.worklist.asking import Asked, asking
from services.worklist.fields import Form
from services.worklist.filling import LABELS
from services.worklist.forms_told import FORMS
from services.worklist.local import Local
from services.worklist.rows import Row
from services.worklist.telling import BOUNCED, HELD

USUAL = {"locale": "en", "digest_at": "08:00", "hourly_max": 20}
"""What is so for whoever never said how they want to be told (notification's defaults; a test holds them together)."""


class Own:
    """The page of whoever looks, about themselves alone. What they say of it is sent on to its owner in their own name."""

    def __init__(self, acting: Acting, alerts: str) -> None:
        """`alerts`: where notification's own pages are; empty: below this address."""
        self._alerts = alerts
        self._acting, self._site, self.answers = acting, acting.site, acting.answers

    def routes(self) -> list[BaseRoute]:
        return [
            self._site.guarded("/me", self.show, "see-inbox"),
            *asking(self._acting, "/me/{command}", "see-inbox", self._asked),
        ]

    async def show(self, request: Request) -> Response:
        await waited(self.answers, request)
        known, names, now = await self.answers.told_as(request.state.principal), await self.answers.names.known(), self.answers.clock.now()
        stands, waits = list(facts(known, names, now, request.state.local)), held(known, now)
        return self._site.render(
            "me.html", request, facts=stands, held=waits, forms=FORMS, alerts=self._alerts, summary=f"{len(waits)} held"
        )

    async def _asked(self, request: Request) -> Asked:
        known = await self.answers.told_as(request.state.principal)
        stated = {**USUAL, **known.get("prefers", {}), "backup": known.get("backup")}
        return Asked(_form(request), request.state.principal.id, "/me", _filled(stated))


def _form(request: Request) -> Form:
    found = next((form for form in FORMS if form.command == request.path_params["command"]), None)
    if found is None:
        raise Answer("TL-1501", "there is no such page", status=404)
    return found


def _filled(stated: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in stated.items() if value is not None}


def facts(known: Mapping[str, Any], names: Mapping[str, str], now: datetime, local: Local) -> Iterator[tuple[str, str]]:
    """What stands, a line each."""
    prefers = {**USUAL, **known.get("prefers", {})}
    ways = [LABELS.get(way, words.plain(way)) for way in known.get("ways", ()) if BOUNCED + way not in known]
    yield "Ways", ", then ".join([*ways, "this inbox"])
    yield from ((f"Nothing since {local.told(at)}", words.way(name.removeprefix(BOUNCED))) for name, at in _all(known, BOUNCED))
    yield "Language", LABELS[prefers["locale"]]
    yield "Clock", local.zone
    yield "Quiet", f"from {prefers['quiet_from']} until {prefers['quiet_until']}" if prefers.get("quiet_from") else "never"
    yield "What is routine", f"once a day, at {prefers['digest_at']}"
    yield "Within an hour", f"{prefers['hourly_max']} messages at most; what is more comes as one"
    if (until := known.get("away_until")) and until > now:
        instead = f"{words.who(known['backup'], names)} is told" if known.get("backup") else "nobody stands in"
        yield "Away", f"until {local.told(until)}; {instead}"


def held(known: Mapping[str, Any], now: datetime) -> list[Row]:
    """What they will be told of later, the next first, and why not now."""
    waits = sorted((one for _, one in _all(known, HELD)), key=lambda one: one["until"])
    return [{"what": words.action(one.get("action") or ""), "until": one["until"], "why": words.HELD[one["why"]]} for one in waits]


def _all(known: Mapping[str, Any], part: str) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in sorted(known.items()) if name.startswith(part)]
