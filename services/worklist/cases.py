"""Pages of one case and of one person: what is next and why, what may be done, and one timeline of everything."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.identity import Principal
from services.worklist import about, agreed, history, questions, seeing, sides, telling, words
from services.worklist.api import known
from services.worklist.fields import Form, at
from services.worklist.filling import UNCLEAR, clock_of, shown, unsent
from services.worklist.forms import first, offered
from services.worklist.forms_record import RECORD_FORMS
from services.worklist.forms_team import TEAM_FORMS
from services.worklist.items import Document, by_kind
from services.worklist.local import OFFSET, Unclear
from services.worklist.pages import Site, late_by
from services.worklist.projections import OPENED, OPENINGS, Patch
from services.worklist.relay import Fault
from services.worklist.rows import Listed, Members, Row, event, summary_of

AS_OF = at("as_of", "When", required=False, now=False)
TIMELINE_PARTS = {
    "crisis": ("episode", "contact"),
    "authorization": ("authorization",),
    "notifications": ("alert", "notice"),
    "care": ("plan", "care", "transition"),
    "referral": ("request", "placement"),
}
"""What a timeline can be narrowed to, by the kind of the aggregate that an event is about."""


class Cases:
    """Items and people."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [
            self.site.guarded("/items/{id:path}", self.item, "see-item"),
            self.site.guarded("/people/{id:path}", self.person, "see-item"),
        ]

    async def item(self, request: Request) -> Response:
        """One case. `as_of` asks for it as it was: known then, and true then."""
        found, (at, asked_at) = await known(self.answers, request), _asked_at(request)
        entries = await questions.timeline(self.answers.board, found["_id"])
        names, now = await self.answers.names.known(), self.answers.clock.now()
        beside = await self._beside(found)
        members = await self.answers.members(request.state.principal, [found, *beside])
        (row,) = await self.answers.rows(request.state.principal, [found], "item", whole=True, members=members)
        messages = await questions.messages(self.answers.board, found["_id"])
        given: Row = {
            "row": row,
            "facts": [*self._facts(found, names), *await self._agreement(found, now), *await self._sides(found)],
            "asked_at": asked_at,
            "zone": clock_of(request.query_params, request).zone,
            "then": await self._then(request, found, entries, at),
        }
        given |= {"owners": [_held(one, names, now) for one in history.owners(found["_id"], entries)]}
        given |= {"clocks": [_ran(one, names, now) for one in history.clocks(found["_id"], entries)]}
        story = await self._with_messages(entries, messages)
        given |= {"days": _days([event(entry, names) for entry in story], request), "parts": _parts(story, request)}
        given |= {"beside": [one for one in beside if self._visible(request, one, members)], "line": words.action}
        told = telling.of_item(by_kind(found["sections"]), [by_kind(one["sections"]) for one in messages])
        given |= {"told": [_reached(one, names) for one in told]}
        given |= {"carried_on": [] if _emergency(request) else _carried_on(found["_id"], given["beside"], request.state.principal)}
        given |= {
            "may": [] if _emergency(request) else offered(row, request.state.principal),
            "lines": about.lines(by_kind(found["sections"]).get("authorization", {})),
        }
        given |= {"openings": await self._openings(request, found, names)}
        return self.site.render("item.html", request, summary=f"{row['action']}, {row['due_in_words']}", **given)

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

    async def person(self, request: Request) -> Response:
        """Everything about one person, across the records that are linked. Each part is shown as far as it may be seen."""
        record = request.path_params["id"]
        records = await questions.cluster(self.answers.board, record)
        known = [item for item in await questions.of_person(self.answers.board, records) if item["kind"] != seeing.TEAM]
        members = await self.answers.members(request.state.principal, known)
        items = [item for item in known if self._visible(request, item, members)]
        rows = await self.answers.rows(request.state.principal, items, "person", whole=True, members=members)
        names = await self.answers.names.known()
        entries = [entry for item in items for entry in await questions.timeline(self.answers.board, item["_id"])]
        told = sorted(
            ({**event(entry, names), "item": entry["item"]} for entry in entries), key=lambda one: (one["recorded"], one["sequence"])
        )
        details = await self.answers.details(request.state.principal, record)
        mine = [{**row, "more": [], "do": None if _emergency(request) else first(row, request.state.principal)} for row in rows]
        given: Row = {"record": record, "records": records, "details": details, "open": [row for row in mine if row["open"]]}
        given |= {"closed": [row for row in rows if not row["open"]], "days": _days(told, request), "parts": _parts(entries, request)}
        given |= {"visits": _visits(items, self.answers.clock.now())}
        given |= {"team": seeing.shown(await seeing.of(self.answers.board, record), names), "forms": TEAM_FORMS}
        given |= {"about_them": await self._about_them(request, record)}
        given |= {"may_team": bool(request.state.principal.roles & set(TEAM_FORMS[0].roles))}
        return self.site.render("person.html", request, summary=f"{len(given['open'])} open", **given)

    async def _about_them(self, request: Request, record: str) -> list[Form]:
        """What may be done about the person themselves, by whoever may act on their record."""
        principal, found = request.state.principal, await questions.item(self.answers.board, record)
        if found is None or _emergency(request) or not self.site.door.access.may(principal, "act", summary_of(found)):
            return []
        return [form for form in RECORD_FORMS if principal.roles & set(form.roles)]

    def _visible(self, request: Request, item: Document, members: Members) -> bool:
        """By itself: that there is a referral for substance use is protected as well."""
        return self.site.door.access.may(request.state.principal, "see-item", summary_of(item, members))

    async def _with_messages(self, entries: Sequence[Patch], messages: Sequence[Document]) -> list[Patch]:
        """What happened to an item, and to what people were sent about it, as it was recorded."""
        sent = await asyncio.gather(*(questions.timeline(self.answers.board, one["_id"]) for one in messages))
        return sorted(chain(entries, *sent), key=itemgetter("recorded"))

    async def _then(self, request: Request, found: Document, entries: Sequence[Patch], at: datetime | None) -> list[Row]:
        if at is None:
            return []
        both = (("Known then", history.known_then(found["_id"], entries, at)), ("True then", history.true_then(found["_id"], entries, at)))
        told = []
        for name, state in both:
            rows = await self.answers.rows(request.state.principal, [state], "as of") if state else []
            told.append({"name": name, "row": _as_at(rows[0], at) if rows else None})
        return told

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


def _asked_at(request: Request) -> tuple[datetime | None, Row]:
    """The instant that is asked about, typed by the reader's clock or with a zone of its own; and the field for it."""
    stated, local = request.query_params, clock_of(request.query_params, request)
    at, wrong = None, ""
    if typed := stated.get(AS_OF.name):
        try:
            at = local.instant(typed, stated.get(AS_OF.name + OFFSET, ""))
        except Unclear as unclear:
            wrong = str(unclear)
        except (ValueError, OverflowError):
            wrong = "give a day and a time"
    holds = local.stated(AS_OF.name, at) if at else stated
    answer = unsent([Fault(AS_OF.name, UNCLEAR, wrong)]) if wrong else None
    return at, shown(AS_OF, None, Listed({}), holds, answer, local)


def _latest(opening: Mapping[str, Any]) -> datetime:
    return opening["at"]  # type: ignore[no-any-return]


def _emergency(request: Request) -> bool:
    """Whether this is seen because of an emergency alone: then nothing here is theirs to do."""
    return getattr(request.state, "emergency", None) is not None


def _carried_on(item: str, beside: Sequence[Document], principal: Principal) -> list[Row]:
    """What may be done for a referral that a program has by its plan, which goes by the same number: there visits are booked."""
    number = item.partition("/")[2]
    plans = [one for one in beside if one["_id"] == f"plan/{number}" and item != one["_id"]]
    rows = [{"item": one["_id"], "lead": one.get("lead"), "allowed": (one.get("next") or {}).get("allowed", ())} for one in plans]
    return [{"form": form, "item": row["item"]} for row in rows for form in offered(row, principal)]


def _as_at(row: Row, at: datetime) -> Row:
    return {**row, "due_in_words": words.due(row["due"], at) if row["open"] else "", "late": bool(row["due"] and row["due"] < at)}


def _held(one: history.Held, names: Mapping[str, str], now: datetime) -> Row:
    return {
        "who": words.who(one.who, names) or "Nobody",
        "role": words.who(one.role, names) if one.role != one.who else "",
        "nobody": one.who is None,
        "since": one.since,
        "until": one.until,
        "length": words.length((one.until or now) - one.since),
    }


def _reached(one: Row, names: Mapping[str, str]) -> Row:
    """Somebody who was told, in words: whether they, or somebody else, have seen it."""
    seen = one["seen"]
    by = "Nobody has seen it" if not seen else "Seen" if seen["by"] == one["who"] else f"Seen by {words.who(seen['by'], names)}"
    return {**one, "name": words.who(one["who"], names) or "Nobody on duty", "seen_at": seen["at"] if seen else None,
            "by": "" if one["over"] and not seen else by, "stands": not one["over"]}  # fmt: skip


def _ran(one: history.Ran, names: Mapping[str, str], now: datetime) -> Row:
    late = one.late(now)
    state = "running" if one.until is None else "ended"
    told = (
        f"late by {words.length((one.until or now) - one.due)}"
        if late and one.due
        else words.due(one.due, now)
        if state == "running"
        else "in time"
    )
    return {
        "action": words.action(one.action),
        "owner": words.who(one.owner, names),
        "waiting_on": words.whom((one.waiting_on or "").split(","), names),
        "rule": words.plain(one.rule or ""),
        "due": one.due,
        "since": one.since,
        "until": one.until,
        "late": late,
        "state": state,
        "told": told if one.due else "no deadline",
    }


def _days(events: Sequence[Row], request: Request) -> list[tuple[str, list[Row]]]:
    """The newest first, day by day of the reader's."""
    local, part = request.state.local, TIMELINE_PARTS.get(request.query_params.get("show", ""))
    chosen = [one for one in events if part is None or kind_of(one["subject"]) in part]
    told = [{**one, "late_by": late_by(one["recorded"], one["at"]), "kind": words.kind(one["subject"])} for one in reversed(chosen)]
    return [(f"{on:%A} {on.day} {on:%B}", list(ones)) for on, ones in groupby(told, key=lambda one: local.day(one["recorded"]))]


def _parts(entries: Sequence[Patch], request: Request) -> list[Row]:
    kinds = {kind_of(entry["subject"]) for entry in entries}
    chosen = request.query_params.get("show", "")
    named = [("", "Everything"), *((key, words.plain(key)) for key, of in TIMELINE_PARTS.items() if kinds & set(of))]
    return [
        {"href": f"{request.url.path}{f'?show={key}' if key else ''}#story", "name": name, "chosen": key == chosen} for key, name in named
    ]


def _visits(items: Sequence[Document], now: datetime) -> list[Row]:
    """Appointments that stand, the next first; one that has passed and was not settled says so."""
    found: list[Row] = []
    for item in items:
        for section in by_kind(item["sections"]).values():
            booked: list[Mapping[str, Any]] = [
                value for name, value in section.items() if name.startswith("visit_") and isinstance(value, dict)
            ]
            found += [{"at": one["at"], "item": item["_id"], "passed": one["at"] < now - timedelta(hours=1)} for one in booked]
    return sorted(found, key=lambda one: one["at"])
