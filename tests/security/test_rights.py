"""Every route of every service as every role, of its own and of another organisation, on and off the care: as docs/rights.md has it.

The page is what people agreed to. It is read as text, and answers come through the real doors: nothing here asks a table of the code.
"""

import importlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.routing import Route

from contracts import care_team, catalogue, consents, members, plans
from contracts.directory import DirectoryListed, Program
from contracts.kernel import kind_of
from infra import app as deciding
from infra import http
from infra.clock import Clock
from infra.identity import Principal
from infra.issuer import ISSUER, LocalIssuer
from infra.service import Outcome, Service
from infra.settings import Settings
from infra.store import Aggregate
from services.worklist.items import section_of
from services.worklist.projections import item_of
from tests.authorization import stories as authorization
from tests.follow_up import stories as follow_up
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, record_of

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
SERVICES = ("intake", "assignment", "authorization", "crisis_routing", "follow_up", "notification")
EVERYTHING, THEIRS, ASKED = "everything", "theirs", "asked"
COLUMNS = (EVERYTHING, THEIRS, ASKED)
ITEM, PROGRAM = "plan/6", "program/1"
"""Of the scene: Sample Clinic has it, and staff/12 of the network answers for its next step."""
OURS, OTHERS = frozenset({PROGRAM}), frozenset({"program/2"})
HAVE_IT = {"program": PROGRAM, "owner": "staff/12"}


# — what was agreed


@dataclass(frozen=True)
class Agreed:
    """Of one service: by route (`GET /path`) what it belongs to, and by that the scope of each role that may."""

    routes: Mapping[str, str]
    scopes: Mapping[str, Mapping[str, str]]

    def scope(self, route: str, role: str) -> str | None:
        return self.scopes[self.routes[route]].get(role)


@cache
def page() -> dict[str, str]:
    """The page by its headings."""
    parts = re.split(r"^## (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def table(text: str) -> Iterator[list[str]]:
    """The cells of every row but heads and rules."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return (row for row in rows if row[0] not in ("what", "word") and not row[0].startswith("---"))


@cache
def words() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for word, roles in table(page()[""]):
        found[word] = named(roles, found)
    return found


def named(cell: str, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    parts = [part.strip() for part in cell.split(",") if part.strip()]
    return frozenset(role for part in parts for role in known.get(part, {part}))


@cache
def agreed(service: str) -> Agreed:
    text = page()[service]
    scopes: dict[str, dict[str, str]] = {"open": {}}
    for what, *cells in table(text):
        scopes[what] = {role: scope for scope, cell in zip(COLUMNS, cells, strict=True) for role in named(cell, words())}
        assert len(scopes[what]) == sum(len(named(cell, words())) for cell in cells), f"a role has two scopes: {service}, {what}"
    (listed,) = re.findall(r"^```\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [re.split(r"  +| (?=(?:GET|POST) )", line) for line in listed.splitlines()]
    assert all(what in scopes for what, _ in lines)
    routes = {route: what for what, route in lines}
    assert len(routes) == len(lines), f"a route is listed twice: {service}"
    assert set(routes.values()) | {"open"} == set(scopes), f"rights without a route: {service}"
    return Agreed(routes, scopes)


def roles() -> list[str]:
    """Every role that the page names, and one that it does not."""
    given = {role for service in ("worklist", *SERVICES) for scopes in agreed(service).scopes.values() for role in scopes}
    return sorted(given | {"visitor"})


# — what is so


def of(routes: Any) -> set[str]:
    return {f"{method} {route.path}" for route in routes for method in (route.methods or ()) if method != "HEAD"}


@dataclass(frozen=True)
class Doors:
    """The routes of a service behind its real door, and who can be let in by it."""

    routes: list[Route]
    issuer: LocalIssuer

    async def answer(self, principal: Principal, route: str) -> httpx2.Response:
        method, path = route.split(" ", 1)
        headers = {"authorization": f"Bearer {self.issuer.token(principal)}"}
        transport = httpx2.ASGITransport(http.application(self.routes))
        async with httpx2.AsyncClient(transport=transport, base_url="http://here", headers=headers) as client:
            return await client.request(method, concrete(path))


def concrete(path: str) -> str:
    return path.replace("{id:path}", ITEM).replace("{command}", "log-contact").replace("{kind}", "plan").replace("{id}", "6") \
        .replace("{alert}", "a-1").replace("{locale}", "en").replace("{name}", "watch").replace("{form}", "text")  # fmt: skip


LISTED = DirectoryListed(
    programs=tuple(Program(id=f"program/{one}", name="Sample", desk=f"desk/{one}", services=(), places=1) for one in "12"),
    staff={"desk/1": ("staff/31",), "desk/2": ("staff/32",), "role/program-desk": ("staff/1",)},
)


class Stored:
    """What a database holds: of every kind that a scoped rule is about, item 6: Sample has it, and staff/12 of another organisation
    answers for its next step; who is at which desk, as the service that was told of it by the directory has noted it."""

    def __init__(self, service: Service) -> None:
        begun = follow_up.enrolled()
        begun.asks(follow_up.admission(follow_up.NINE), follow_up.STAY)
        known = {kind_of(id): state for id, state in {**begun.states, **authorization.story().states}.items()}
        ours = {f"{kind}/6": known[kind].model_copy(update=HAVE_IT) for kind in ("plan", "care", "transition", "authorization")}
        heard = [service.evolve(None, fact.data) for fact in members.listed(None, LISTED.belonging())] if service.members else []
        self.states = {id: state for id, state in ours.items() if kind_of(id) in service.states} | dict.fromkeys([service.members], *heard)

    async def load(self, subjects: Collection[str]) -> dict[str, Aggregate]:
        return {id: Aggregate(id, state=self.states[id].model_dump_json().encode()) for id in subjects if id in self.states}


def doors(service: str, directory: Path) -> Doors:
    """A deciding service as its process builds it, but for the way to the database: whoever is let in finds nothing decided."""
    issuer = LocalIssuer(directory, "throughline", Clock())
    settings = Settings(service=service, development=True, issuer=ISSUER, jwks=str(issuer.jwks), audience="throughline")

    async def settle(items: Any) -> list[Outcome]:
        return [Outcome("nothing") for _ in items]

    app = importlib.import_module(f"services.{service}.app").APP
    core: Any = SimpleNamespace(settler=SimpleNamespace(settle=settle, store=Stored(app.service)), replayer=None, pressed=False)
    made: Any = SimpleNamespace(settings=settings, clock=Clock())
    return Doors(list(deciding.routes(app, made, core)), issuer)


@pytest.fixture
async def console(tmp_path: Path) -> Doors:
    scene = await Scene(tmp_path).play()
    return Doors(list(scene.worklist.routes), scene.issuer)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_of_a_deciding_service_was_agreed(service: str, tmp_path: Path) -> None:
    assert of(doors(service, tmp_path).routes) == set(agreed(service).routes)


def test_every_route_of_the_console_was_agreed(console: Doors) -> None:
    assert of(console.routes) == set(agreed("worklist").routes)


def test_what_is_open_to_everybody_is_the_way_in_and_nothing_else(console: Doors) -> None:
    unguarded = of(route for route in console.routes if not isinstance(route, http.Guarded))
    assert unguarded == {route for route, what in agreed("worklist").routes.items() if what == "open"}


SITUATIONS = {
    "of the program that has it": (Principal("staff/1", organisations=OURS), True),
    "at the desk, by the directory": (Principal("staff/31"), True),
    "its accountable owner, of another organisation": (Principal("staff/12", organisations=OTHERS), True),
    "of another organisation": (Principal("staff/1", organisations=OTHERS), False),
    "of no organisation": (Principal("staff/1"), False),
}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_deciding_service_lets_in_whom_the_page_names(situation: str, service: str, tmp_path: Path) -> None:
    (who, theirs), built = SITUATIONS[situation], doors(service, tmp_path)
    for route in agreed(service).routes:
        for role in roles():
            scope = agreed(service).scope(route, role)
            answer = await built.answer(Principal(who.id, frozenset({role}), who.organisations), route)
            refused = scope is None or (scope == THEIRS and not theirs and "{id}" in route)
            assert (answer.status_code == 403) is refused, (route, role, answer.status_code)


@pytest.mark.parametrize("service", ("authorization", "follow_up"))
async def test_an_item_of_others_is_refused_like_one_that_is_not_there(service: str, tmp_path: Path) -> None:
    built, ours = doors(service, tmp_path), Principal("staff/31", frozenset({"program-desk"}))
    for route in (route for route in agreed(service).routes if agreed(service).scope(route, "program-desk") == THEIRS and "{id}" in route):
        assert (await built.answer(ours, route.replace("{id}", "7"))).status_code == 403, route


MEMBERS = {
    "on the care team by name": Principal("staff/77", organisations=frozenset({"harbor-shelter"})),
    "of an organisation on the care team": Principal("staff/78", organisations=frozenset({"northgate-schools"})),
}
"""Of other organisations than those that have the item."""
TOPIC_OF = {event.type: topic.name for topic in catalogue.TOPICS for event in topic.events}


@pytest.mark.parametrize("situation", MEMBERS)
async def test_the_care_team_sees_the_person_and_nothing_else_by_it(situation: str, tmp_path: Path) -> None:
    who, scene = MEMBERS[situation], await Scene(tmp_path).play()
    await on_the_team(scene, ITEM)
    console = Doors(list(scene.worklist.routes), scene.issuer)  # type: ignore[arg-type]
    for route, what in agreed("worklist").routes.items():
        if what == "open" or route == "GET /v1/live":
            continue
        for role in roles():
            scope = agreed("worklist").scope(route, role)
            answer = await console.answer(Principal(who.id, frozenset({role}), who.organisations), route)
            seen = scope == EVERYTHING or (scope == THEIRS and (what == "item" or "{id" not in route))
            assert (answer.status_code != 403) is seen, (route, role, answer.status_code)
            if scope == THEIRS and what != "item":
                assert ITEM not in answer.text, (route, role)


async def test_the_care_team_sees_what_is_protected_only_while_a_consent_opens_it_to_programs(tmp_path: Path) -> None:
    who, scene = MEMBERS["on the care team by name"], await Scene(tmp_path).play()
    member = Principal(who.id, frozenset({"partner"}), who.organisations)
    log = await on_the_team(scene, ITEM)
    console = Doors(list(scene.worklist.routes), scene.issuer)  # type: ignore[arg-type]

    async def sees() -> bool:
        return (await console.answer(member, "GET /items/{id:path}")).status_code == 200

    assert await sees()
    await says(scene, log, ITEM, plans.PlanAdjusted(cadence_days=14), "part2")
    assert not await sees(), "labelled, and nobody consented"
    about = {"request": "request/6", "record": "record/6"}
    given = consents.Permit(version=1, consent="C-9", recipients=("payer",))
    await says(scene, log, "consent/6", consents.ConsentRecorded(**about, permit=given, by="staff/7"))
    assert not await sees(), "a consent for the payer alone"
    opened = consents.Permit(version=2, consent="C-9", recipients=("program",), until=scene.clock.now() + timedelta(days=1))
    await says(scene, log, "consent/6", consents.ConsentRecorded(**about, permit=opened, by="staff/7"))
    assert await sees()
    scene.clock.advance(timedelta(days=1))
    assert not await sees(), "it ran out, whoever noticed it"
    later = opened.model_copy(update={"version": 3, "until": None})
    await says(scene, log, "consent/6", consents.ConsentRecorded(**about, permit=later, by="staff/7"))
    assert await sees()
    revoked = consents.ConsentRevoked(**about, permit=consents.Permit(version=4), consent="C-9", by="staff/7", revoked_at=scene.clock.now())
    await says(scene, log, "consent/6", revoked)
    assert not await sees()


async def test_who_left_the_care_team_sees_nothing_by_it_any_more(tmp_path: Path) -> None:
    who, scene = MEMBERS["on the care team by name"], await Scene(tmp_path).play()
    log = await on_the_team(scene, ITEM)
    console = Doors(list(scene.worklist.routes), scene.issuer)  # type: ignore[arg-type]
    member = Principal(who.id, frozenset({"program-desk"}), who.organisations)
    page = await console.answer(member, "GET /people/{id:path}")
    assert page.status_code == 200 and "Case manager" in page.text
    left = care_team.CareTeamLeft(
        record="record/6", organisation="harbor-shelter", member="staff/77", by="staff/12", left_at=scene.clock.now(), reason="care-ended"
    )
    await says(scene, log, "care-team/6", left)
    assert (await console.answer(member, "GET /people/{id:path}")).status_code == 403


async def on_the_team(scene: Scene, item: str) -> Log:
    """One of the shelter's people by name, and the school as such, on the team of the item's person."""
    log, at = Log(), scene.clock.now() - timedelta(days=3)
    about: dict[str, Any] = {"record": "record/6", "by": "staff/12", "since": at}
    await says(
        scene, log, "care-team/6", care_team.CareTeamJoined(**about, organisation="harbor-shelter", member="staff/77", role="case-manager")
    )
    await says(scene, log, "care-team/6", care_team.CareTeamJoined(**about, organisation="northgate-schools", role="school"))
    return log


async def says(scene: Scene, log: Log, subject: str, data: Any, label: str = "") -> None:
    """One more fact of an item the scene may know already: its number comes after those."""
    known = await scene.board.documents(1, [item_of(subject)])
    section = section_of(known[item_of(subject)]["sections"], TOPIC_OF[data.type], subject) if known else {}
    heard = replace(log.say(subject, data, topic=TOPIC_OF[data.type]), sequence=section.get("sequence", 0) + 1, sensitivity=label)
    await scene.follower.take([record_of(heard)])


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_the_console_shows_each_role_what_the_page_names(situation: str, console: Doors) -> None:
    who, theirs = SITUATIONS[situation]
    for route, what in agreed("worklist").routes.items():
        if what == "open" or route == "GET /v1/live":  # an open stream has no end to wait for; below
            continue
        for role in roles():
            scope = agreed("worklist").scope(route, role)
            answer = await console.answer(Principal(who.id, frozenset({role}), who.organisations), route)
            refused = scope is None or (scope == THEIRS and not theirs and "{id" in route)
            assert (answer.status_code == 403) is refused, (route, role, answer.status_code)
            if scope != EVERYTHING and not theirs:
                assert ITEM not in answer.text, (route, role)
            if scope is not None and route == "GET /gone-quiet":
                assert (ITEM in answer.text) is (theirs or scope == EVERYTHING), role


async def test_live_changes_are_for_whom_the_page_names(console: Doors) -> None:
    (live,) = (route for route in console.routes if route.path == "/v1/live")
    for role in roles():
        allowed = agreed("worklist").scope("GET /v1/live", role) is not None
        token = console.issuer.token(Principal("staff/1", frozenset({role})))
        asked = {"type": "http", "method": "GET", "path": "/v1/live", "query_string": b"", "path_params": {}, "state": {}}
        headers = [(b"authorization", f"Bearer {token}".encode())]
        try:
            await live.endpoint(Request({**asked, "headers": headers}))
            admitted = True
        except http.Problem as problem:
            admitted = problem.code != "TL-1402"
        assert admitted is allowed, role
