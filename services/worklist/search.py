"""Finding a person, or an item by its number. What was typed is sealed into the address that shows what was found.

So a page of results can be refreshed, left and come back to, and no name stands in an address, a log or a history. Only who asked can
open it, for a quarter of an hour. What was typed is kept nowhere; by what was searched, and whom that showed, is an account of reading.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from infra.identity import Principal
from infra.sealing import brought_back, carried
from services.worklist import questions
from services.worklist.finding import BORN, Sought, asked, sought
from services.worklist.forms import first
from services.worklist.items import Document
from services.worklist.marking import Keys
from services.worklist.pages import Site
from services.worklist.rows import ERASED, SEE_PERSON, Row, Shown, item_of, line
from services.worklist.views import Reader

TEXT_MAX, ADDRESS_MAX, OPEN_S = 100, 2_000, 900
PEOPLE_MAX = 50


class Search:
    """The search of a site."""

    def __init__(self, site: Site, vault: Keys) -> None:
        self.site, self.answers, self._vault = site, site.answers, vault

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/search", self.show, "see-lists"), self.site.guarded("/search", self.ask, "see-lists", "POST")]

    async def ask(self, request: Request) -> Response:
        """Nothing is looked for yet: the answer leads to the address that holds what was typed, sealed."""
        text = str((await request.form()).get("q", "")).strip()[:TEXT_MAX]
        return RedirectResponse(f"/search?for={self._sealed(text, request.state.principal)}" if text else "/search", 303)

    async def show(self, request: Request) -> Response:
        """One number found is opened at once; a person never is: two people may have one name."""
        reader = await self.answers.reader(request.state.principal)
        seek = sought(text := self._opened(request.query_params.get("for", ""), reader.principal))
        request.state.asked = seek.by
        numbered = await questions.numbered(self.answers.board, seek.number) if seek.number else []
        records = [one for one in numbered if one["kind"] == "record"]
        items = [one for one in numbered if one not in records and questions.concerns(reader.concerned, one.get("concerns", ()))]
        people, more = await self.people(reader, seek, records)
        if len(items) == 1 and not people:
            return RedirectResponse(f"/items/{items[0]['_id']}", 303)
        rows = await self.answers.grouped(reader.principal, await self.answers.rows(reader.principal, items, "search"))
        return self.site.render(
            "search.html", request, text=text, people=people, more=more, rows=[{**row, "do": first(row, reader.principal)} for row in rows],
            shown=("waiting", "since", "contact"), names=self._may_ask(reader), dates=[example for _, example in BORN],
            little=bool(text) and not seek.number and not self._marks(seek), summary=f"{len(people) + len(rows)} found",
        )  # fmt: skip

    def _may_ask(self, reader: Reader) -> bool:
        """Whether they may see who anybody is at all: who may not, must not learn by asking who is here."""
        access = self.site.door.access
        return access.may(reader.principal, SEE_PERSON) or access.needs_item(reader.principal, SEE_PERSON)

    def _marks(self, seek: Sought) -> list[str]:
        return asked(seek, self._vault.blind)

    async def people(
        self, reader: Reader, seek: Sought, numbered: Sequence[Document] = (), most: int = PEOPLE_MAX
    ) -> tuple[list[Row], bool]:
        """Whoever was found and may be seen by this reader, each once; and whether there may be more."""
        if not self._may_ask(reader):
            return [], False
        marked, more = await questions.marked(self.answers.board, self._marks(seek))
        records = {one["_id"]: one for one in (*numbered, *marked)}
        if reader.concerned is None:
            more, records = more or len(records) > most, dict(list(records.items())[:most])
        theirs = await questions.about_records(self.answers.board, records)
        by_record = {id: [one, *theirs.get(id, ())] for id, one in records.items()}
        seen = {id: item for id, about in by_record.items() if (item := self._seen(reader.principal, about))}
        chosen = list(seen)[:most]
        shown = await self.answers.people.shown(reader.principal, [seen[id] for id in chosen], "search", whole=True)
        found = [self._row(records[id], theirs.get(id, ()), shown[id], reader) for id in chosen if id in shown and shown[id].name != ERASED]
        return sorted(_once(found), key=lambda one: (not one["open"], one["name"])), more or len(seen) > most

    def _seen(self, principal: Principal, about: Iterable[Document]) -> Document | None:
        """What of it lets this reader see who it is."""
        return next((one for one in about if self.site.door.access.may(principal, SEE_PERSON, item_of(one))), None)

    def _row(self, record: Document, items: Iterable[Document], shown: Shown, reader: Reader) -> Row:
        names = self.answers.names.latest
        theirs = [one for one in items if questions.concerns(reader.concerned, one.get("concerns", ()))]
        partner = names.get(f"partner/{record.get('partner')}") or record.get("partner") or ""
        return {"record": record["_id"], "person": record.get("group") or record["_id"], "name": shown.name, "born": shown.born,
                "partner": partner, "open": [line(one, reader.now) for one in theirs if one["open"]],
                "over": sum(not one["open"] for one in theirs)}  # fmt: skip

    # — what was typed, sealed for whoever typed it

    def _sealed(self, text: str, principal: Principal) -> str:
        return carried([self.answers.clock.wall().timestamp(), text], self._key(), principal.id)

    def _opened(self, stated: str, principal: Principal) -> str:
        """Nothing where it is not theirs, or not any more."""
        at, text = brought_back(stated[:ADDRESS_MAX], self._key(), principal.id) or (0, "")
        return text if self.answers.clock.wall().timestamp() - at < OPEN_S else ""

    def _key(self) -> bytes:
        """Of every process of the network, and of nobody without the vault."""
        return urlsafe_b64decode(self._vault.blind("key-of-searches") + "=")


def _once(found: Iterable[Row]) -> list[Row]:
    """Records that are linked are one person, with what is open in any of them."""
    people: dict[str, Row] = {}
    for one in found:
        first_ = people.setdefault(one["person"], {**one, "open": [], "over": 0})
        first_["open"] = [*first_["open"], *one["open"]]
        first_["over"] += one["over"]
    return list(people.values())
