"""The plain page: four lists, one item's story, and a way to sign in on a developer's machine. Server-rendered; no build step."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.browser import COOKIE, way_back
from infra.http import Answer, Door, Guarded
from infra.identity import Principal
from infra.issuer import LocalIssuer
from services.worklist import questions, words
from services.worklist.api import Answers, known, whose
from services.worklist.questions import COUNTED_MAX, Question
from services.worklist.rows import Row, event

FOLDER = Path(__file__).parent / "page"
SESSION_MINUTES = 60
PAGE_ROWS = 10
MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
LATE_AFTER = timedelta(minutes=15)
"""An event that was recorded so much later than it happened says so."""


@dataclass(frozen=True)
class Person:
    """Somebody whom a developer may be."""

    principal: Principal
    name: str


PEOPLE = (
    Person(Principal("staff/7", frozenset({"intake-desk"})), "Alexa, intake desk"),
    Person(Principal("staff/12", frozenset({"coordinator"})), "Robin, coordinator"),
    Person(Principal("staff/31", frozenset({"program-desk"})), "Kim, program desk"),
    Person(Principal("staff/50", frozenset({"network-lead"})), "Noor, network lead"),
    Person(Principal("staff/60", frozenset({"data-steward"})), "Ellis, data steward"),
    Person(Principal("staff/90", frozenset({"auditor"})), "Sam, auditor (sees no names)"),
)
"""Invented people, one for each role that looks at the board; in development alone."""


class Pages:
    """What the pages are made of. Templates and assets are read once."""

    def __init__(self, answers: Answers, door: Door, demo: bool) -> None:
        self.answers, self.door = answers, door
        self.assets = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in MEDIA}
        marks = {name: sha256(raw).hexdigest()[:12] for name, raw in self.assets.items()}
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals |= {
            "asset": lambda name: f"/assets/{name}?{marks[name]}",
            "demo": demo,
            "moment": moment,
            "late_by": late_by,
        }
        self._templates.globals["roles"] = roles

    def render(self, name: str, request: Request, **given: Any) -> Response:
        principal = getattr(request.state, "principal", None)
        body = self._templates.get_template(name).render(signed_in=words.who(principal.id) if principal else "", **given)
        return Response(body, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})

    def routes(self) -> list[BaseRoute]:
        table: Sequence[tuple[str, Callable[[Request], Awaitable[Response]], str]] = (
            ("/", self.worklist, "see-lists"), ("/items/{id:path}", self.item, "see-item"),
        )  # fmt: skip
        return [Route("/assets/{name}", self.asset), *(Guarded(path, page, action=action, door=self.door) for path, page, action in table)]

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.assets:
            raise Answer("TL-1501", "not found", status=404)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(self.assets[name], media_type=MEDIA[Path(name).suffix], headers=headers)

    async def worklist(self, request: Request) -> Response:
        now = self.answers.clock.now()
        counts = await questions.counts(self.answers.board, now)
        lists = [await self._list(request, *one) for one in self._lists(request, now)]
        template = "lists.html" if request.headers.get("hx-request") else "worklist.html"
        return self.render(template, request, as_of=now, tiles=tiles(counts), lists=lists, summary=told(counts), here=here(request))

    async def item(self, request: Request) -> Response:
        found, names = await known(self.answers, request), await self.answers.names.known()
        (row,) = await self.answers.rows(request.state.principal, [found], "item")
        events = [event(entry, names) for entry in await questions.timeline(self.answers.board, found["_id"])]
        template = "story.html" if request.headers.get("hx-request") else "item.html"
        summary = f"{row['action']}, {row['due_in_words']}"
        return self.render(template, request, as_of=self.answers.clock.now(), row=row, events=events, summary=summary, here=here(request))

    def _lists(self, request: Request, now: datetime) -> list[tuple[str, str, str, str, Question]]:
        pending = questions.pending_referrals(request.query_params)
        steps = whose(request, self.door.access) if request.query_params.get("whose") else questions.next_steps()
        return [
            ("next", "Next steps", "what nobody owns comes first", "Nothing is to be done.", steps),
            ("overdue", "Overdue", "the longest late first", "Nothing is late.", questions.overdue(now)),
            ("unclocked", "Without a deadline", "normally none; not on time", "Every item has a deadline.", questions.unclocked()),
            ("pending", "Pending referrals", "the longest waiting first", "No referral is pending.", pending),
        ]  # fmt: skip

    async def _list(self, request: Request, id: str, name: str, hint: str, empty: str, question: Question) -> Row:
        rows, page = await self.answers.page(request.state.principal, question, request.query_params.get(id, ""), PAGE_ROWS)
        more = f"{request.url.include_query_params(**{id: page.cursor}).query}" if page.cursor else ""
        found = {"id": id, "name": name, "hint": hint, "empty": empty, "rows": rows, "page": PAGE_ROWS}
        return {**found, "more": f"/?{more}#{id}" if more else "", "choices": choices(request) if id == "next" else []}


def choices(request: Request) -> list[Row]:
    chosen = request.query_params.get("whose", "all")
    return [
        {"name": name, "href": f"/?whose={value}", "chosen": value == chosen}
        for value, name in (("all", "All"), ("mine", "Mine"), ("team", "My team"))
    ]


def tiles(counts: Mapping[str, int]) -> list[Row]:
    named = (("pending", "pending", "pending"), ("unowned", "next", "without an owner"), ("unclocked", "unclocked", "without a deadline"),
             ("overdue", "overdue", "overdue"))  # fmt: skip
    return [
        {"id": id, "name": name, "count": capped(counts[key]), "alarm": key != "pending" and counts[key] > 0} for key, id, name in named
    ]


def capped(count: int) -> str:
    return f"{COUNTED_MAX - 1:,}+" if count >= COUNTED_MAX else str(count)


def told(counts: Mapping[str, int]) -> str:
    """For who listens to the page."""
    return f"{capped(counts['overdue'])} overdue, {capped(counts['unowned'])} without an owner, {capped(counts['pending'])} pending"


def here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def moment(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b}, {at:%H:%M}"


def late_by(entry: Mapping[str, Any]) -> str:
    lateness = entry["recorded"] - entry["at"]
    return words.length(lateness) if lateness > LATE_AFTER else ""


def roles(principal: Principal) -> str:
    return ", ".join(words.plain(role) for role in sorted(principal.roles))


def sign_in(pages: Pages, issuer: LocalIssuer, people: Sequence[Person]) -> list[BaseRoute]:
    """For a developer's machine alone: choose whom to be. The cookie ends with its token; nothing extends it."""
    by_id = {person.principal.id: person for person in people}

    async def choose(request: Request) -> Response:
        return pages.render("sign_in.html", request, people=people, to=way_back(request, request.query_params.get("to", "/")))

    async def enter(request: Request) -> Response:
        form = await request.form()
        person = by_id.get(str(form.get("person", "")))
        if person is None:
            raise Answer("TL-1401", "nobody of that name can be chosen", status=400)
        answer = RedirectResponse(way_back(request, str(form.get("to", "/"))), 303)
        token = issuer.token(person.principal, SESSION_MINUTES)
        answer.set_cookie(
            COOKIE, token, max_age=SESSION_MINUTES * 60, httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )
        return answer

    return [Route("/sign-in", choose), Route("/sign-in", enter, methods=["POST"]), Route("/sign-out", sign_out, methods=["POST"])]


async def sign_out(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
