"""The page of one case: what is next and why, what may be done, who owned it when, and one timeline of everything."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from infra.identity import Principal
from services.worklist import about, agreed, history, permits, questions, seeing, sides, telling, then, timeline, words
from services.worklist.api import known
from services.worklist.forms import ON_ITS_PAGE, offered
from services.worklist.front_door import OPENED, OPENINGS
from services.worklist.items import Document, by_kind
from services.worklist.pages import Site, in_emergency
from services.worklist.patches import Patch
from services.worklist.rows import Members, Row, event, summary_of


class Cases:
    """Items."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/items/{id:path}", self.item, "see-item")]

    async def item(self, request: Request) -> Response:
        """One case. `as_of` asks for it as it was: known then, and true then."""
        found, (at, asked_at) = await known(self.answers, request), then.asked(request)
        entries = await questions.timeline(self.answers.board, found["_id"])
        names, now = await self.answers.names.known(), self.answers.clock.now()
        beside = await self._beside(found)
        members = await self.answers.members(request.state.principal, [found, *beside])
        (row,) = await self.answers.rows(request.state.principal, [found], "item", whole=True, members=members)
        messages = await questions.messages(self.answers.board, found["_id"])
        moments = history.moments(found["_id"], entries)
        given: Row = {
            "row": row,
            "why": timeline.why(moments),
            "facts": [*self._facts(found, names), *await self._agreement(found, now), *await self._sides(found)],
            "asked_at": asked_at,
            "then": await self._then(request, found, entries, at),
        }
        given |= {"owners": timeline.owners(moments, names, now), "clocks": timeline.clocks(moments, names, now)}
        story = await self._with_messages(entries, messages)
        given |= {"days": timeline.days([event(entry, names) for entry in story], request), "parts": timeline.parts(story, request)}
        given |= {"beside": [one for one in beside if self._visible(request, one, members)], "line": words.action}
        told = telling.of_item(by_kind(found["sections"]), [by_kind(one["sections"]) for one in messages])
        given |= {"told": [timeline.reached(one, names) for one in told], "permits": await self._permits(request, found, now)}
        given |= {"carried_on": [] if in_emergency(request) else _carried_on(found["_id"], given["beside"], request.state.principal)}
        may = [] if in_emergency(request) else offered(row, request.state.principal)
        given |= {
            "may": may,
            "leads": next((form.command for form in may if form.command not in ON_ITS_PAGE), ""),
            "lines": about.lines(by_kind(found["sections"]).get("authorization", {})),
        }
        given |= {"openings": await self._openings(request, found, names)}
        return self.site.render("item.html", request, summary=f"{row['action']}, {row['due_in_words']}", **given)

    async def _permits(self, request: Request, found: Document, now: datetime) -> list[Row]:
        """What may be disclosed of a referral, as far as whoever looks may see the consent."""
        if found["kind"] not in ("referral", permits.KIND):
            return []
        kept = await seeing.beside(self.answers.board, [found["_id"]], permits.KIND)
        members = await self.answers.members(request.state.principal, kept)
        return permits.shown([one for one in kept if self._visible(request, one, members)], now)

    async def _beside(self, found: Document) -> list[Document]:
        """What else is open for the person."""
        record = found.get("record") or ""
        known = await questions.beside(self.answers.board, {record} - {""})
        return [one for one in known.get(record, ()) if one["_id"] != found["_id"]]

    async def _openings(self, request: Request, found: Document, names: Mapping[str, str]) -> list[Row]:
        """Who opened a person in an emergency, when, why and in which words: for whoever reviews it alone. The last time of each."""
        if not self.site.may(request.state.principal, "see-emergencies"):
            return []
        section = by_kind(found["sections"]).get(OPENINGS, {})
        told = sorted((one for name, one in section.items() if name.startswith(OPENED)), key=_latest)
        words_of = await self.answers.people.said(request.state.principal, found, [one["words"] for one in told])
        return [{**one, "who": words.who(one["by"], names), "words": said} for one, said in zip(told, words_of, strict=True)]

    def _visible(self, request: Request, item: Document, members: Members) -> bool:
        """By itself: that there is a referral for substance use is protected as well."""
        return self.site.door.access.may(request.state.principal, "see-item", summary_of(item, members))

    async def _with_messages(self, entries: Sequence[Patch], messages: Sequence[Document]) -> list[Patch]:
        """What happened to an item, and to what people were sent about it, as it was recorded."""
        sent = await asyncio.gather(*(questions.timeline(self.answers.board, one["_id"]) for one in messages))
        return sorted(chain(entries, *sent), key=itemgetter("recorded"))

    async def _then(self, request: Request, found: Document, entries: Sequence[Patch], at: datetime | None) -> list[Row]:
        answers = then.both({found["_id"]: entries}, at) if at else []
        for one in answers:
            rows = await self.answers.rows(request.state.principal, one["items"], "as of")
            one |= {"rows": [then.as_at(row, at) for row in rows if at], "permits": []}
        return answers

    async def _agreement(self, found: Document, now: datetime) -> list[tuple[str, str]]:
        """Under which agreement its sender sent it."""
        partners = {one["_id"]: one for one in (await self.answers.names.listed()).partners}
        sender = partners.get(f"partner/{found.get('partner')}") if found["kind"] == "referral" else None
        told = agreed.line(by_kind(sender["sections"]).get("partner", {}), now) if sender else ""
        return [("Agreement", told)] if told else []

    async def _sides(self, found: Document) -> list[tuple[str, Any]]:
        """Where it stands by the word of each side, once a partner has said anything of it."""
        if found["kind"] not in ("referral", "view"):
            return []
        kept = await seeing.beside(self.answers.board, [found["_id"]], "view")
        return [line for one in kept for line in sides.lines(by_kind(one["sections"]).get("view", {}))]

    def _facts(self, found: Document, names: Mapping[str, str]) -> list[tuple[str, Any]]:
        named = (
            ("Urgency", words.URGENCIES.get(found.get("urgency") or "", "")),
            ("Service", words.plain(found.get("service") or "")),
            ("From", words.who(f"partner/{found['partner']}", names) if found.get("partner") else ""),
            ("Their number", found.get("reference") or ""),
            ("Program", words.who(found.get("program"), names)),
            ("Asked", found.get("requested_at")),
            ("Visit", found.get("visit_at")),
            ("Label", "42 CFR Part 2" if found.get("sensitivity") else ""),
        )
        return [(name, value) for name, value in named if value]


def _latest(opening: Mapping[str, Any]) -> datetime:
    return opening["at"]  # type: ignore[no-any-return]


def _carried_on(item: str, beside: Sequence[Document], principal: Principal) -> list[Row]:
    """What may be done for a referral that a program has by its plan, which goes by the same number: there visits are booked."""
    number = item.partition("/")[2]
    plans = [one for one in beside if one["_id"] == f"plan/{number}" and item != one["_id"]]
    rows = [{"item": one["_id"], "lead": one.get("lead"), "allowed": (one.get("next") or {}).get("allowed", ())} for one in plans]
    return [{"form": form, "item": row["item"]} for row in rows for form in offered(row, principal)]
