"""Who may be known already, told while a new referral is typed. As in the search no name stands in an address, a log or a history."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.worklist.finding import Sought, birth_date, words_of
from services.worklist.search import Search

KNOWN_BY = ("person.family_name", "person.given_name", "person.birth_date")
"""What a person is known by in the form. Two of these are asked for: one alone is too many people, whom nobody need be shown."""
NEEDED, SHOWN = 2, 5
TEXT_MAX = 100


class Matches:
    """A part of the page of a new referral, asked again whenever typing pauses."""

    def __init__(self, search: Search) -> None:
        self._search, self._site = search, search.site

    def routes(self) -> list[BaseRoute]:
        return [self._site.guarded("/new/matches", self.show, "enter", "POST")]

    async def show(self, request: Request) -> Response:
        stated = await request.form()
        family, given, born = (str(stated.get(name, "")).strip()[:TEXT_MAX] for name in KNOWN_BY)
        seek = Sought(words_of(f"{family} {given}"), birth_date(born))
        request.state.asked = seek.by
        enough = sum(map(bool, (words_of(family), words_of(given), seek.born))) >= NEEDED
        reader = await self._search.answers.reader(request.state.principal)
        people, more = await self._search.people(reader, seek, most=SHOWN) if enough else ([], False)
        return self._site.render("matches.html", request, people=people, more=more, summary=f"{len(people)} may be known")
