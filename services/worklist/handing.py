"""Handing over much at once: what one worker answers for, asked of another in one go and told item by item. Nothing moves by it."""

from collections.abc import Container, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.http import Answer
from services.worklist import questions, words
from services.worklist.acting import key_of, token_of
from services.worklist.fields import Field, Form, at, choice, known
from services.worklist.filling import body_of, clock_of, missing, shown, told, unsent
from services.worklist.pages import Site
from services.worklist.relay import Answered, Owners
from services.worklist.rows import Row

TO, WHY = known("to", "To", "people"), choice("reason", "Why", "leave", "shift-end", "workload", "skills", "other")
UNTIL = at("until", "Away until", required=False, now=False, hint="For who is away: until then somebody else is told.")
WHICH = Field("item", "Which", "choices")
HAND_OVER = Form("hand-over", "Hand over", "assignment", "/v1/hand-offs", (), (TO, WHY, UNTIL))
MINE, LED = "/me/hand-over", "/team/reassign"
TOGETHER = "referral"
"""The kind of what is handed over together; what is of another kind is handed over on its own page."""
CHOOSE, ALL = "choose", "all"
ASKED = "Asked. It stays where it is until they accept."


class HandingOver:
    """A lead's page for one worker's items, and everybody's own for leaving: at the end of a shift, or to be away until an instant."""

    def __init__(self, site: Site, owners: Owners) -> None:
        self._site, self.answers, self._owners = site, site.answers, owners

    def routes(self) -> list[BaseRoute]:
        own, led = (MINE, "see-inbox"), (LED, "see-team")
        return [
            route
            for path, action in (own, led)
            for route in (self._site.guarded(path, self.show, action), self._site.guarded(path, self.give, action, "POST"))
        ]

    async def show(self, request: Request) -> Response:
        return await self._page(request, request.query_params.get("of", ""), {}, None)

    async def give(self, request: Request) -> Response:
        """Each is asked by itself, and its answer stands beside it. Sent again it is the same."""
        stated = await request.form()
        of, chosen = _whose(request, str(stated.get("of") or "")), [str(one).partition("/")[2] for one in stated.getlist(WHICH.name)]
        said, faults = body_of(HAND_OVER, stated, clock_of(stated, request))
        faults = faults if chosen else [missing(WHICH), *faults]
        if faults:
            return await self._page(request, of, stated, unsent(faults))
        until = said.pop(UNTIL.name, "")
        body = {"placements": chosen, **said} | ({"of": of} if request.url.path == LED else {})
        path = "/v1/reassignments" if request.url.path == LED else "/v1/hand-offs"
        answer = await self._owners.give("assignment", path, body, token_of(request), key_of(stated))
        if answer.taken and until:
            answer = await self._away(request, of, until, said["to"], stated) or answer
        return await self._page(request, of, stated, answer)

    async def _away(self, request: Request, of: str, until: str, to: str, stated: FormData) -> Answered | None:
        """That they are away is notification's: who is told in their place is who was asked, if that is a person. None: it was taken."""
        body = {"until": until} | ({"backup": to} if kind_of(to) == "staff" else {})
        path = f"/v1/people/{of.partition('/')[2]}/away"
        answer = await self._owners.give("notification", path, body, token_of(request), f"{key_of(stated)}-away")
        return None if answer.taken else answer

    async def _page(self, request: Request, of: str, stated: FormData | Mapping[str, Any], answer: Answered | None) -> Response:
        of, listed = _whose(request, of), await self.answers.names.listed()
        if request.url.path == LED and of not in {person for _, people in listed.staff for person in people}:
            raise Answer("TL-1607", "there is no such worker", "the directory lists nobody of that name", "open the team again", status=404)
        now, local = self.answers.clock.now(), clock_of(stated, request)
        fields = [shown(field, None, listed, stated, answer, local, now) for field in HAND_OVER.fields]
        rows, page = await self.answers.page(request.state.principal, questions.my_next_steps(of), limit=questions.LIMIT_MAX)
        chosen = stated.getlist(WHICH.name) if isinstance(stated, FormData) else _every(rows, request)
        notes = notes_of(answer) if answer and answer.taken else {}
        together = [_told(row, notes.pop(row["item"], None), chosen) for row in rows if kind_of(row["item"]) == TOGETHER]
        key = "" if answer and answer.taken else stated.get("key")  # what was answered is done with: the next is a command of its own
        status = (answer.status if answer.status < 500 else 503) if answer else 200
        mine = request.url.path == MINE
        return self._site.render(
            "hand_over.html", request, status=status, action=request.url.path, of=of, mine=mine, worker=words.who(of, listed.names),
            rows=together, fields=fields, answer=answer, others=len(rows) - len(together), gone=sorted(notes.items()),
            choose_none=_address(request, of), choose_all=_address(request, of, ALL), more=bool(page.cursor),
            key=key or str(uuid4()), zone=local.zone,
        )  # fmt: skip


def _whose(request: Request, of: str) -> str:
    """Whoever leads says whose; everybody else hands over their own."""
    return of if request.url.path == LED else str(request.state.principal.id)


def notes_of(answer: Answered) -> dict[str, tuple[bool, str]]:
    """By item: whether it was taken, and what its owner said."""
    results: Sequence[Mapping[str, Any]] = answer.said.get("results", ())
    return {one["subject"].replace("placement/", f"{TOGETHER}/", 1): _note(one.get("problem")) for one in results}


def _note(problem: Mapping[str, Any] | None) -> tuple[bool, str]:
    if problem is None:
        return True, ASKED
    why = problem.get("errors") or [problem]
    return False, "; ".join(f"{told(one.get('fix', ''), one['code'])} ({one['code']})" for one in why)


def _address(request: Request, of: str, choose: str = "") -> str:
    """This page, with so much chosen."""
    stated = {"of": of if request.url.path == LED else "", CHOOSE: choose}
    asked = urlencode({name: value for name, value in stated.items() if value})
    return request.url.path + (f"?{asked}" if asked else "")


def _every(rows: Sequence[Row], request: Request) -> list[str]:
    """All that are shown, where that is asked; whatever was asked of somebody already is not among them unless a person chooses it."""
    return [row["item"] for row in rows if not _asked(row)] if request.query_params.get(CHOOSE) == ALL else []


def _asked(row: Row) -> bool:
    return "accept-hand-off" in row["allowed"]


def _told(row: Row, note: tuple[bool, str] | None, chosen: Container[Any]) -> Row:
    return {**row, "note": note, "asked": _asked(row), "chosen": row["item"] in chosen and not (note and note[0])}
