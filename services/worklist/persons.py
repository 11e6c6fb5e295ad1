"""The page of one person, across the records that are linked: what is open and why, consents, who owned what when, what happened."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.worklist import history, permits, questions, reaching, seeing, then, timeline
from services.worklist.fields import Form
from services.worklist.forms import first
from services.worklist.forms_record import RECORD_FORMS
from services.worklist.forms_team import TEAM_FORMS
from services.worklist.items import Document, by_kind
from services.worklist.pages import Site, in_emergency
from services.worklist.rows import Members, Row, event, summary_of

PASSED = timedelta(hours=1)
"""From then on an appointment that nobody settled has passed."""


class Persons:
    """People. Each part is shown as far as it may be seen."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/people/{id:path}", self.person, "see-item")]

    async def person(self, request: Request) -> Response:
        """Everything about one person. `as_of` asks for all of it as it was: known then, and true then."""
        record, (at, asked_at), now = request.path_params["id"], then.asked(request), self.answers.clock.now()
        records = await questions.cluster(self.answers.board, record)
        known = [item for item in await questions.of_person(self.answers.board, records) if item["kind"] != seeing.TEAM]
        members = await self.answers.members(request.state.principal, known)
        items = [item for item in known if self._visible(request, item, members)]
        entries = await self._entries(items)
        moments = {id: history.moments(id, each) for id, each in entries.items()}
        rows = await self._rows(request, items, members, moments)
        names = await self.answers.names.known()
        story = sorted((one for each in entries.values() for one in each), key=lambda one: (one["recorded"], one["sequence"]))
        told = [{**event(entry, names), "item": entry["item"]} for entry in story]
        details = await self.answers.details(request.state.principal, record)
        given: Row = {"record": record, "records": records, "details": details}
        given |= {"of_them": reaching.of_them(details.known, names) if details else []}
        given |= {"open": [row for row in rows if row["open"]], "closed": [row for row in rows if not row["open"]]}
        given |= {"owned_by": [{**row, "owners": timeline.owners(moments[row["item"]], names, now)} for row in rows]}
        given |= {"days": timeline.days(told, request), "parts": timeline.parts(story, request)}
        given |= {"visits": _visits(items, now), "permits": permits.shown(items, now)}
        given |= {"asked_at": asked_at, "then": await self._then(request, entries, at)}
        given |= {"team": seeing.shown(await seeing.of(self.answers.board, record), names), "forms": TEAM_FORMS}
        given |= {"about_them": await self._about_them(request, record)}
        given |= {"may_team": bool(request.state.principal.roles & set(TEAM_FORMS[0].roles))}
        return self.site.render("person.html", request, summary=f"{len(given['open'])} open", **given)

    async def _entries(self, items: Sequence[Document]) -> dict[str, history.Entries]:
        every = await asyncio.gather(*(questions.timeline(self.answers.board, item["_id"]) for item in items))
        return {item["_id"]: each for item, each in zip(items, every, strict=True)}

    async def _rows(self, request: Request, items: Sequence[Document], members: Members, moments: Mapping[str, Any]) -> list[Row]:
        """Each with why its next step is what it is, and what of it is theirs to do."""
        rows = await self.answers.rows(request.state.principal, items, "person", whole=True, members=members)
        may = not in_emergency(request)
        does = {row["item"]: first(row, request.state.principal) if may and row["open"] else None for row in rows}
        return [{**row, "more": [], "do": does[row["item"]], "why": timeline.why(moments[row["item"]])} for row in rows]

    async def _then(self, request: Request, entries: Mapping[str, history.Entries], at: datetime | None) -> list[Row]:
        """All that was open of what may be seen, and what might be disclosed, by each of the two answers."""
        answers = then.both(entries, at) if at else []
        for one in answers:
            rows = await self.answers.rows(request.state.principal, one["items"], "as of")
            one |= {"rows": [then.as_at(row, at) for row in rows if at and row["open"]]}
            one |= {"permits": permits.shown(one["items"], at) if at else []}
        return answers

    async def _about_them(self, request: Request, record: str) -> list[Form]:
        """What may be done about the person themselves, by whoever may act on their record."""
        principal, found = request.state.principal, await questions.item(self.answers.board, record)
        if found is None or in_emergency(request) or not self.site.door.access.may(principal, "act", summary_of(found)):
            return []
        return [form for form in RECORD_FORMS if principal.roles & set(form.roles)]

    def _visible(self, request: Request, item: Document, members: Members) -> bool:
        """By itself: that there is a referral for substance use is protected as well."""
        return self.site.door.access.may(request.state.principal, "see-item", summary_of(item, members))


def _visits(items: Iterable[Document], now: datetime) -> list[Row]:
    """Appointments that stand, the next first; one that has passed and was not settled says so."""
    found: list[Row] = []
    for item in items:
        for section in by_kind(item["sections"]).values():
            booked: list[Mapping[str, Any]] = [
                value for name, value in section.items() if name.startswith("visit_") and isinstance(value, dict)
            ]
            found += [{"at": one["at"], "item": item["_id"], "passed": one["at"] < now - PASSED} for one in booked]
    return sorted(found, key=lambda one: one["at"])
