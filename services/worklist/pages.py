"""What every page of the console is made of: templates, assets, navigation, and a policy that lets nothing in from elsewhere."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.http import Answer, Door, Guarded
from infra.identity import Principal
from infra.problems import Problem
from infra.store import Conflict
from services.worklist import views, visits, words
from services.worklist.api import Answers
from services.worklist.items import Document
from services.worklist.local import Local
from services.worklist.questions import COUNTED_MAX

FOLDER = Path(__file__).parent / "page"
MEDIA = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}  # fmt: skip
HTMX, HTMX_PARTS = "htmx.js", ("htmx.min.js", "hx-sse.min.js")
"""It begins as soon as it has run, whichever script is still on its way: what it must know by then comes in one piece with it."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation, for whoever may do its action."""

    href: str
    name: str
    action: str = "see-lists"


def _places(*shown: views.View) -> tuple[Place, ...]:
    return tuple(Place(view.path, view.name) for view in shown)


TODAY, OPERATIONS = "/today", "/operations"
"""Where each always is. `/` is what somebody starts with: Today unless they chose another; Operations for who has no lists."""
NAVIGATION: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place(TODAY, "Today"),
            Place("/inbox", "Inbox", "see-inbox"),
            Place("/me", "How you are told", "see-inbox"),
            Place("/views", "Your views"),
        ),
    ),
    ("Work", (*_places(views.STEPS, views.PENDING, views.OVERDUE), Place("/team", "Team", "see-team"))),
    ("Care", _places(views.CRISIS, views.TRANSITIONS, views.QUIET, views.AUTHORIZATIONS)),
    (
        "Network",
        (
            Place("/network", "Partners and rules", "see-network"),
            Place("/measures", "Measures", "see-measures"),
            Place(views.HELD.path, views.HELD.name, "see-held"),
            Place("/readings", "Who read what", "see-readings"),
            Place("/emergencies", "Opened in an emergency", "see-emergencies"),
            Place(OPERATIONS, "Operations", "see-operations"),
        ),
    ),
)


class Site:
    """Templates and assets, read once, and who is let in."""

    def __init__(self, answers: Answers, door: Door, demo: bool, trace_url: str = "") -> None:
        """`trace_url`: where a trace is looked at, with `{trace}` for its id; empty: its id is shown alone."""
        self.answers, self.door = answers, door
        self.assets = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in MEDIA}
        self.assets[HTMX] = b";\n".join(self.assets.pop(name) for name in HTMX_PARTS)
        marks = {name: sha256(raw).hexdigest()[:12] for name, raw in self.assets.items()}
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters |= {"plain": words.plain, "local": told, "clock": clock}
        self._templates.globals |= {
            "asset": lambda name: f"/assets/{name}?{marks[name]}", "demo": demo, "capped": capped, "slug": slug,
            "roles": roles, "plain": words.plain, "trace_url": trace_url,
        }  # fmt: skip

    def render(self, name: str, request: Request, *, status: int = 200, **given: Any) -> Response:
        """A page; only its living part where htmx asks for it again."""
        principal: Principal | None = getattr(request.state, "principal", None) or getattr(request.state, "caller", None)
        part = f"part_{name}" if request.headers.get("hx-request") else name
        shown = {
            "signed_in": words.who(principal.id, self.answers.names.latest) if principal else "",
            "here": here(request),
            "places": (places := self.places(principal)),
            "start": places[0][1][0] if places else NAVIGATION[0][1][0],
            "finds": principal is not None and self.may(principal, "see-lists"),
            "kept": getattr(request.state, "own", {"views": ()})["views"],
            "emergency": (until := getattr(request.state, "emergency", None)),
        }
        local = getattr(request.state, "local", None) or Local.of(self.answers.zone)
        shown |= {"since": self.answers.live.moment, "local": local, "as_of": local.stamp(self.answers.clock.now())}
        body = self._templates.get_template(part).render(path=request.url.path, **shown, **given)
        headers = {"content-security-policy": POLICY}
        if until is not None:  # when it is over nothing is left on the screen
            headers["refresh"] = str(max(1, int((until - self.answers.clock.now()).total_seconds()) + 1))
        return Response(body, status, headers, "text/html; charset=utf-8")

    def places(self, principal: Principal | None) -> list[tuple[str, list[Place]]]:
        """The navigation of somebody: nothing leads where they may not go."""
        if principal is None:
            return []
        found = [(name, [one for one in group if self.may(principal, one.action)]) for name, group in NAVIGATION]
        return [(name, group) for name, group in found if group]

    def may(self, principal: Principal, action: str) -> bool:
        return self.door.access.may(principal, action)

    def guarded(self, path: str, page: Page, action: str, *methods: str) -> Guarded:
        return Spoken(self, path, self.answers.accounts.kept(path, self._with_own(page)), action, methods or ("GET",))

    def _with_own(self, page: Page) -> Page:
        """By the clock of whoever looks; and with what they keep, for the navigation, which a living part is without."""

        async def shown(request: Request) -> Response:
            request.state.local = await self.answers.local(request.state.principal)
            if "hx-request" not in request.headers:
                request.state.own = await self._here(request)
            return await page(request)

        return shown

    async def _here(self, request: Request) -> Document:
        """What they keep, with this visit where a page is opened. Another tab may note it first; then it is noted."""
        own = await self.answers.board.own(request.state.principal.id)
        noted = visits.noted(own, self.answers.clock.now()) if request.method == "GET" else None
        if noted is None:
            return own
        try:
            await self.answers.board.keep_own(noted)
        except Conflict:
            return own
        return noted

    def routes(self) -> list[BaseRoute]:
        return [Route("/assets/{name}", self.asset)]

    def nowhere(self) -> Route:
        """The last of the routes: what leads nowhere says so, as a page to whoever looks with a browser."""
        return Route("/{rest:path}", self.not_found)

    async def not_found(self, request: Request) -> Response:
        problem = Answer(
            "TL-1501", "there is no such page", "the address may be mistyped, or of an older build", "begin with Today", status=404
        )
        if "text/html" not in request.headers.get("accept", "") or "hx-request" in request.headers:
            raise problem
        return self.render("problem.html", request, status=404, problem=problem)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.assets:
            raise Answer("TL-1501", "not found", status=404)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(self.assets[name], media_type=MEDIA[Path(name).suffix], headers=headers)


class Spoken(Guarded):
    """A page that says in words why it is not shown, to whoever looks with a browser; a part that refreshes itself stays as it was."""

    def __init__(self, site: Site, path: str, page: Page, action: str, methods: Sequence[str]) -> None:
        super().__init__(path, page, action=action, door=site.door, methods=methods)
        shown = self.endpoint

        async def spoken(request: Request) -> Response:
            try:
                return await shown(request)  # type: ignore[no-any-return]
            except Problem as problem:
                looking = "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers
                if problem.status < 400 or not looking:
                    raise
                opens = action == "see-item" and problem.code == "TL-1402" and site.may(request.state.caller, "open-in-emergency")
                glass = f"/emergency/{request.path_params['id']}" if opens else ""
                said = site.render("problem.html", request, status=problem.status, problem=problem, glass=glass)
                if request.method == "GET" and isinstance(problem, Answer) and "retry-after" in problem.headers:
                    said.headers["refresh"] = problem.headers["retry-after"]  # it passes by itself, and so does the page
                return said

        Route.__init__(self, path, spoken, methods=list(methods), name=action)


@pass_context
def told(context: Context, value: Any) -> str:
    """An instant, and words that lead up to one, by the clock of whoever looks."""
    return str(context["local"].told(value))


@pass_context
def clock(context: Context, at: datetime) -> str:
    return str(context["local"].clock(at))


def here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def capped(count: int) -> str:
    return f"{COUNTED_MAX - 1:,}+" if count >= COUNTED_MAX else str(count)


def slug(id: str) -> str:
    """An item's id as an element's."""
    return "".join(part if part.isalnum() else "-" for part in id)


def roles(principal: Principal) -> str:
    return ", ".join(words.plain(role) for role in sorted(principal.roles))


def query(request: Request, **changes: str | None) -> str:
    """This address with some parameters changed; None takes one away."""
    kept: Mapping[str, str] = {**request.query_params, **{name: value for name, value in changes.items() if value is not None}}
    left = {name: value for name, value in kept.items() if value and changes.get(name, "") is not None}
    url = request.url.replace(query="").include_query_params(**left)
    return url.path + (f"?{url.query}" if url.query else "")


def in_emergency(request: Request) -> bool:
    """Whether this is seen because of an emergency alone: then nothing here is theirs to do."""
    return getattr(request.state, "emergency", None) is not None


def late_by(recorded: datetime, at: datetime, after_minutes: int = 15) -> str:
    """How much later than it happened it was recorded, where that is worth saying."""
    lateness = recorded - at
    return words.length(lateness) if lateness.total_seconds() > after_minutes * 60 else ""
