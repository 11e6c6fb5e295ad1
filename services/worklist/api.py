"""The worklist over HTTP: the questions as JSON, live changes, and reading one's own write. It takes no commands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from contracts.directory import organisations_of
from infra.access import Access, Item, Scope, rule, theirs
from infra.clock import Clock
from infra.http import Answer, Door, Guarded
from infra.identity import Principal
from infra.problems import Problem
from services.worklist import questions, seeing, standing
from services.worklist.accounts import Accounts
from services.worklist.follow import GAP_AFTER_S
from services.worklist.forms_crisis import CALL_TAKERS, CRISIS_PLACE, CRISIS_TEAM
from services.worklist.forms_front import OPENERS, REVIEWERS
from services.worklist.front_door import OPENINGS, opened_by
from services.worklist.items import Document, by_kind, section_of
from services.worklist.live import Live
from services.worklist.local import Dated, Local
from services.worklist.projections import item_of
from services.worklist.questions import Page, Question, ask
from services.worklist.rows import (
    NO_MEMBERS,
    SEE_PERSON,
    SHARED,
    Members,
    Names,
    People,
    Row,
    Shown,
    event,
    facility,
    line,
    record_of,
    row,
    summary_of,
    tag,
    team,
)
from services.worklist.store import Board
from services.worklist.views import STEPS, Reader, duties

CARE = (
    "intake-desk", "triage-clinician", "coordinator", "team-lead", "network-lead", "supervisor", "clinical-supervisor",
    "authorization-desk", "crisis-desk", "data-steward",
)  # fmt: skip
"""Who coordinates for the whole network."""
NETWORK = (*CARE, "auditor")
PLATFORM = standing.PLATFORM.removeprefix("role/")
"""Who keeps the machinery running, and sees nobody's care."""
SCOPED = tuple(role.removeprefix("role/") for role in SHARED)
"""Who sees what concerns their own desk, program or organisation, in every list and on every page."""
ACCESS = Access({
    "see-lists": rule(*NETWORK, *SCOPED, scope=Scope.ANY),
    "see-network": rule(*NETWORK, scope=Scope.ANY),
    "see-item": (rule(*NETWORK, scope=Scope.ANY), *theirs(*SCOPED), rule(*SCOPED, scope=Scope.MEMBER)),
    "see-held": rule(*NETWORK, scope=Scope.ANY),
    "see-operations": rule(PLATFORM, scope=Scope.ANY),
    "see-gaps": rule("network-lead", "data-steward", "auditor", scope=Scope.ANY),
    "see-readings": rule("auditor", scope=Scope.ANY),
    "see-team": rule("team-lead", "supervisor", "clinical-supervisor", "network-lead", scope=Scope.ANY),
    "see-measures": rule("network-lead", "team-lead", "data-steward", "program-desk", scope=Scope.ANY),
    "see-inbox": rule(*CARE, *SCOPED, scope=Scope.ANY),
    "hold-session": rule(*NETWORK, *SCOPED, PLATFORM, scope=Scope.ANY),
    "export-list": rule(*CARE, scope=Scope.ANY),
    "act": (rule(*CARE, scope=Scope.ANY), *theirs(*SCOPED)),
    "enter": rule(*CARE, scope=Scope.ANY),
    "enter-contact": rule(*CALL_TAKERS, scope=Scope.ANY),
    "report-feed": rule(PLATFORM, "network-lead", scope=Scope.ANY),
    "stand-by": rule(*CRISIS_TEAM, *CRISIS_PLACE, scope=Scope.ANY),
    "open-in-emergency": rule(*OPENERS, scope=Scope.ANY),
    "see-emergencies": rule(*REVIEWERS, "auditor", scope=Scope.ANY),
    SEE_PERSON: (rule(*CARE, scope=Scope.ANY), *theirs(*SCOPED), rule(*SCOPED, scope=Scope.MEMBER)),
})  # fmt: skip
"""A scoped role's rules are about an item's organisations (the partner that sent it, the program and desk that have it) or its owner.
`see-network` decides whether lists are narrowed to those."""
UTC = Local("UTC")
"""Programs are answered in it."""
WAIT_AT_MOST_S, LOOK_EVERY_S = 5.0, 0.05


@dataclass(frozen=True)
class Answers:
    """What every answer is made with."""

    board: Board
    people: People
    names: Names
    live: Live
    clock: Clock
    accounts: Accounts
    zone: str = ""
    """The network's own."""

    async def rows(
        self, principal: Principal, items: Sequence[Document], occasion: str, whole: bool = False, members: Members = NO_MEMBERS
    ) -> list[Row]:
        """`members` where they are looked at by themselves, which the person's care team may as well; a list is of who has the work."""
        people, names = await self.people.shown(principal, items, occasion, whole, members), await self.names.known()
        now = self.clock.now()
        return [row(item, now, people, names) for item in items]

    async def page(
        self, principal: Principal, question: Question, cursor: str = "", limit: int = questions.LIMIT, whole: bool = False
    ) -> tuple[list[Row], Page]:
        """One page of what this principal may see of the answer."""
        page = await ask(self.board, question.within(concerned(principal)), cursor, limit)
        return await self.rows(principal, page.items, question.name, whole), page

    async def details(self, principal: Principal, record: str) -> Shown | None:
        """What may be shown of a person by their record."""
        found = await questions.item(self.board, record)
        if found is None:
            return None
        members = await self.members(principal, [found])
        return (await self.people.shown(principal, [found], "person", True, members)).get(record)

    async def members(self, principal: Principal, items: Sequence[Document]) -> Members:
        """Who sees these by being on the person's team. Whoever sees the whole network needs no team."""
        return NO_MEMBERS if concerned(principal) is None else await seeing.members(self.board, items, self.clock.now())

    async def grouped(self, principal: Principal, rows: Sequence[Row]) -> list[Row]:
        """One row a person: the leading item's, and with it what else of theirs is open about them, a line each."""
        beside = await questions.beside(self.board, {row["record"] for row in rows if row["record"]}, concerned(principal))
        found, shown, now = list[Row](), set[str](), self.clock.now()
        for one in rows:
            if one["item"] not in shown:
                others = [other for other in beside.get(one["record"], ()) if other["_id"] != one["item"]]
                shown |= {other["_id"] for other in others}
                found.append({**one, "more": [line(other, now) for other in others]})
        return found

    async def resources(self) -> Row:
        """Teams and facilities as they stand, by what the roster lists: a count of beds with its age."""
        listed = await self.names.listed()
        generation = await self.board.current()
        known = await self.board.documents(generation, [one["id"] for one in (*listed.teams, *listed.facilities)])
        return {"teams": [team(one, known.get(one["id"])) for one in listed.teams],
                "facilities": [facility(one, known.get(one["id"]), self.clock.now()) for one in listed.facilities]}  # fmt: skip

    def gaps(self) -> Question:
        """Items of which an event is missing for longer than it may take to come: counted by the world's time, as it is noted."""
        return questions.gaps(self.clock.wall() - timedelta(seconds=GAP_AFTER_S))

    async def item_of(self, request: Request) -> Item | None:
        """What a scoped rule is about."""
        found = await questions.item(self.board, request.path_params.get("id", ""))
        return summary_of(found, await seeing.members(self.board, [found], self.clock.now())) if found else None

    async def emergency(self, principal: Principal, id: str) -> tuple[Principal, datetime] | None:
        """Somebody who opened the person of this item, as who they are until then: seeing what they opened, and nothing else."""
        found = await questions.item(self.board, id)
        records = await questions.cluster(self.board, record) if found and (record := record_of(found)) else []
        opened = await seeing.beside(self.board, records, OPENINGS)
        mine = [by_kind(one["sections"]).get(OPENINGS, {}).get(opened_by(principal.id)) for one in opened]
        stands = [one for one in mine if one and one["until"] > self.clock.now()]
        if not stands:
            return None
        kinds = {False, any(one["protected"] for one in stands)}
        tags = {tag(record, protected) for record in records for protected in kinds}
        return replace(principal, organisations=principal.organisations | tags), max(one["until"] for one in stands)

    async def belonging(self, principal: Principal) -> frozenset[str]:
        """The desks behind which the directory lists somebody, and those desks' programs: they are organisations of theirs."""
        listed = await self.names.listed()
        return organisations_of(principal.id, listed.staff, [(program["id"], program["desk"]) for program in listed.programs])

    async def reader(self, principal: Principal, local: Local = UTC) -> Reader:
        """Who looks, for the lists that are about themselves."""
        listed = await self.names.listed()
        return Reader(principal, duties(principal, listed.staff), concerned(principal), self.clock.now(), local)

    async def told_as(self, principal: Principal) -> Mapping[str, Any]:
        """What notification said of how somebody is told; nothing where it never said anything."""
        found = await questions.item(self.board, f"recipient/{principal.id}")
        return by_kind(found["sections"]).get("recipient", {}) if found else {}

    async def local(self, principal: Principal) -> Local:
        """By whose clock somebody reads: as they said, else as they were listed, as their messages are; else the network's."""
        said = await self.told_as(principal)
        return Local.of(said.get("prefers", {}).get("zone"), said.get("home"), self.zone)


def concerned(principal: Principal) -> frozenset[str] | None:
    """Whose items somebody may see; None: everybody's. A role that many organisations share says nothing of whose an item is."""
    if ACCESS.may(principal, "see-network"):
        return None
    return principal.organisations | {principal.id} | {f"role/{role}" for role in principal.roles} - set(SHARED)


def routes(answers: Answers, door: Door) -> list[BaseRoute]:
    """Every route with the action that a rule must allow."""

    def listing(question: Callable[[Request], Question]) -> Callable[[Request], Awaitable[Response]]:
        async def listed(request: Request) -> Response:
            return await _listed(answers, request, question(request))

        return listed

    table: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        ("/v1/pending", listing(lambda request: questions.pending_referrals(request.query_params)), "see-lists"),
        ("/v1/next-steps", _of(answers, _next_steps), "see-lists"),
        ("/v1/unowned", listing(lambda _: questions.unowned()), "see-lists"),
        ("/v1/unclocked", listing(lambda _: questions.unclocked()), "see-lists"),
        ("/v1/overdue", listing(lambda request: questions.overdue(instant_of(request, "as_of") or answers.clock.now())), "see-lists"),
        ("/v1/gaps", listing(lambda _: answers.gaps()), "see-gaps"),
        ("/v1/counts", _of(answers, _counts), "see-lists"),
        ("/v1/items/{id:path}/timeline", _of(answers, _timeline), "see-item"),
        ("/v1/items/{id:path}", _of(answers, _item), "see-item"),
    ]
    keep = answers.accounts.kept
    found: list[BaseRoute] = [
        Guarded(path, keep(path, _after(answers, endpoint)), action=action, door=door) for path, endpoint, action in table
    ]
    return [*found, Guarded("/v1/live", _of(answers, _live), action="hold-session", door=door)]


WHOSE = ("mine", "team", "unowned", "all")


async def _next_steps(answers: Answers, request: Request) -> Response:
    """`mine`, `team`, `unowned` or `all`: the tabs of that list."""
    stated = request.query_params.get("whose", "mine")
    if stated not in WHOSE:
        raise _wrong("whose", "mine, team, unowned or all")
    return await _listed(answers, request, STEPS.tab(stated).ask(await answers.reader(request.state.principal)))


async def _listed(answers: Answers, request: Request, question: Question) -> Response:
    asked = request.query_params
    rows, page = await answers.page(request.state.principal, question, asked.get("cursor", ""), _limit(request))
    return _json({"as_of": answers.clock.now(), "rows": rows, "cursor": page.cursor or None})


async def _counts(answers: Answers, request: Request) -> Response:
    now, whose = answers.clock.now(), concerned(request.state.principal)
    return _json({"as_of": now, "at_most": questions.COUNTED_MAX, "counts": await questions.counts(answers.board, now, whose)})


async def _item(answers: Answers, request: Request) -> Response:
    found = await known(answers, request)
    members = await answers.members(request.state.principal, [found])
    (shown,) = await answers.rows(request.state.principal, [found], "item", members=members)
    return _json({"as_of": answers.clock.now(), **shown})


async def _timeline(answers: Answers, request: Request) -> Response:
    found = await known(answers, request)
    names = await answers.names.known()
    return _json({"item": found["_id"], "events": [event(entry, names) for entry in await questions.timeline(answers.board, found["_id"])]})


async def _live(answers: Answers, request: Request) -> Response:
    """`?since=` is when the page was made that watches, in ms: what changed before it could listen is told first."""
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")
    frames: AsyncIterator[bytes] = await answers.live.stream(since, concerned(request.state.principal))
    return StreamingResponse(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def known(answers: Answers, request: Request) -> Document:
    """The item of the path. What a command has just begun is waited for, a little, where the request says `after` which fact it asks."""
    found = await questions.item(answers.board, request.path_params["id"])
    if found is None and await waited(answers, request):
        found = await questions.item(answers.board, request.path_params["id"])
    if found is None:
        raise Answer(
            "TL-1601", "there is no such item", "it may not have been heard of yet", "give `after` what your command answered", status=404
        )
    return found


# — reading one's own write


def _after(answers: Answers, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def after(request: Request) -> Response:
        await waited(answers, request)
        return await endpoint(request)

    return after


async def waited(answers: Answers, request: Request) -> bool:
    """Whether the request says `after` which fact it asks; the worklist has heard that one when this returns."""
    if stated := request.query_params.get("after"):
        await caught_up(answers.board, stated)
    return bool(stated)


async def caught_up(board: Board, stated: str, wait_s: float = WAIT_AT_MOST_S) -> None:
    """Until the worklist has heard this fact (`topic/subject/sequence`), but not for long."""
    topic, subject, sequence = _fact(stated)
    deadline = asyncio.get_running_loop().time() + wait_s
    while not await _heard(board, topic, subject, sequence):
        if asyncio.get_running_loop().time() > deadline:
            fix = "repeat the request; your command was taken"
            raise Answer("TL-1602", "the worklist has not heard of this yet", "", fix, "after", 503, headers={"retry-after": "2"})
        await asyncio.sleep(LOOK_EVERY_S)


async def _heard(board: Board, topic: str, subject: str, sequence: int) -> bool:
    found = await questions.item(board, item_of(subject))
    section = section_of(found["sections"], topic, subject) if found else {}
    missing = any(first <= sequence <= last for first, last in section.get("missing", ()))
    return bool(section.get("sequence", 0) >= sequence and not missing)


def _fact(stated: str) -> tuple[str, str, int]:
    topic, _, rest = stated.partition("/")
    subject, _, sequence = rest.rpartition("/")
    if not (topic and subject and sequence.isascii() and sequence.isdecimal() and len(sequence) <= 20):
        raise _wrong("after", "topic/subject/sequence, as a command answers them")
    return topic, subject, int(sequence)


# — small things of requests and answers


def _of(answers: Answers, endpoint: Callable[[Answers, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def of(request: Request) -> Response:
        return await endpoint(answers, request)

    return of


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body, default=_in_utc), media_type="application/json")


def _in_utc(value: Any) -> str:
    if isinstance(value, Dated):
        return str(value)
    raise TypeError(type(value))


def _wrong(name: str, expected: str) -> Problem:
    return Problem("TL-1604", "a parameter of the request is not valid", f"{name} is {expected}", "correct it", name, 400)


def _limit(request: Request) -> int:
    stated = request.query_params.get("limit", str(questions.LIMIT))
    if not (stated.isascii() and stated.isdecimal() and 1 <= int(stated) <= questions.LIMIT_MAX):
        raise _wrong("limit", f"a number from 1 to {questions.LIMIT_MAX}")
    return int(stated)


def instant_of(request: Request, name: str) -> datetime | None:
    if not (stated := request.query_params.get(name)):
        return None
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _wrong(name, "an instant with its zone, as 2026-03-02T12:00:00Z")
    return at
