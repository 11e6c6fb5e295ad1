"""The public doors, and who stands before them: partners at their own topics, people at the HTTP interfaces and the console's pages."""

import html
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import orjson
from confluent_kafka import Consumer

from contracts.kernel import derived
from deploy.demo.feed import native, published
from deploy.demo.publishing import from_the_first, publish_as
from infra.browser import COOKIE
from infra.identity import Principal
from services.worklist import forms
from services.worklist.acting import subject_of
from services.worklist.relay import TOPICS
from services.worklist.rows import Row
from tests.walks.world import World

WITHIN_S, LOOK_EVERY_S = 30.0, 0.05
T = TypeVar("T")


def eventually(
    look: Callable[[], T], so: Callable[[T], bool], what: str, shown: Callable[[T], object] = lambda seen: seen, within_s: float = WITHIN_S
) -> T:
    """What is seen once it is so. AssertionError, with what was seen last, where it never is."""
    until = time.monotonic() + within_s
    while not so(found := look()):
        assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}, but: {shown(found)}"
        time.sleep(LOOK_EVERY_S)
    return found


@dataclass(frozen=True)
class Told:
    """An answer on a partner's own topic."""

    kind: str
    data: Mapping[str, Any]


@dataclass
class Partner:
    """An organisation with its credential: writes to the one topic, reads the other."""

    world: World
    id: str
    answers: list[Told] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.called(self.id)

    def called(self, partner: str) -> str:
        """The name of an organisation of the network."""
        return next(one.name for one in self.world.network.partners if one.id == partner)

    def send(self, kind: str, /, **body: Any) -> None:
        """An event as its own software publishes it; instants as they are."""
        publish_as(self.world.running, self.id, [native(self.id, kind, orjson.loads(orjson.dumps(body)))])

    def send_fhir(self, key: str, resource: Mapping[str, Any]) -> None:
        value = orjson.dumps(resource)
        named = {"id": derived(self.id, key, value.decode()), "source": f"/{self.id}/ehr", "datacontenttype": "application/fhir+json"}
        publish_as(self.world.running, self.id, [published(self.id, key, value, named)])

    def told(self, reference: str, kind: str, **said: Any) -> Told:
        """The first answer about that reference of this kind which says that much, once it is there."""
        return eventually(self._read, lambda found: any(_says(one, reference, kind, said) for one in found), f"{kind} {said}") and next(
            one for one in self.answers if _says(one, reference, kind, said)
        )

    def about(self, reference: str) -> list[Told]:
        """Everything that it was told about that reference so far."""
        return [one for one in self._read() if one.data.get("reference") == reference]

    def _read(self) -> list[Told]:
        for message in self._consumer.consume(100, 0.1):
            named = {name: (value or b"").decode() for name, value in message.headers() or ()} if not message.error() else {}
            if named and named["ce_id"] not in self._seen:
                self._seen.add(named["ce_id"])
                self.answers.append(Told(named["ce_type"], orjson.loads(message.value() or b"{}")))
        return self.answers

    @cached_property
    def _consumer(self) -> Consumer:
        consumer = from_the_first(self.world.running, self.id)
        self.world.ends.callback(consumer.close)
        return consumer


def _says(one: Told, reference: str, kind: str, said: Mapping[str, Any]) -> bool:
    return one.kind == kind and one.data.get("reference") == reference and said.items() <= one.data.items()


@dataclass(frozen=True)
class Answer:
    """What a command was answered: the fact that followed and the version after it, or why it was refused."""

    taken: bool
    fact: str = ""
    version: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Person:
    """Somebody with a sign-in of their own. What they do is what the board lets them do, sent where the console sends it."""

    world: World
    principal: Principal

    @property
    def name(self) -> str:
        return self.world.names[f"Staff {self.principal.id.partition('/')[2]}"]

    @cached_property
    def _token(self) -> str:
        return self.world.running.token(self.principal)

    def get(self, path: str) -> Any:
        """A question to the worklist; None where it does not know the item yet, or does not show it to them yet."""
        found = self.world.client.get(self.world.running.url("worklist") + path, headers={"authorization": f"Bearer {self._token}"})
        assert found.status_code in (200, 403, 404), f"{path}: {found.status_code} {found.text}"
        return found.json() if found.status_code == 200 else None

    def item(self, item: str) -> Row:
        """A row, once there is one."""
        return eventually(lambda: self.get(f"/v1/items/{item}"), lambda row: row is not None, item)  # type: ignore[no-any-return]

    def newest(self, partner: str, service: str) -> str:
        """The referral that this partner asked for last, of that service: the one that nobody has worked on."""
        path = f"/v1/pending?partner={partner}&service={service}&status=received"
        return eventually(lambda: self.get(path)["rows"], lambda rows: len(rows) == 1, path)[0]["item"]  # type: ignore[no-any-return]

    def open_of(self, kind: str, since: datetime) -> str:
        """The open item of that kind that began last, seen in the steps of everybody, and not before `since`."""

        def look() -> list[Row]:
            rows = self.get("/v1/next-steps?whose=all&limit=200")["rows"]
            found = [one for row in rows for one in (row, *row.get("more", ())) if one["item"].startswith(f"{kind}/")]
            return [one for one in found if datetime.fromisoformat(one.get("requested_at") or one["since"]) >= since - timedelta(seconds=1)]

        return eventually(look, lambda rows: len(rows) == 1, f"one open {kind}")[0]["item"]  # type: ignore[no-any-return]

    def does(self, item: str, command: str, seen: str = "", refused: bool = False, **body: Any) -> Answer:
        """A command that the item's own row allows them, under a key of its own; `seen` is the version that it was decided on."""
        row = eventually(lambda: self.item(item), lambda row: command in row["allowed"], f"{command} allowed on")
        form = forms.form_of(row, command)
        assert form and form in forms.offered(row, self.principal), f"the console offers {self.name} no {command} on {row['item']}"
        path = form.path.format(id=subject_of(row).partition("/")[2])
        return self.post(form.service, path, body, seen, refused)

    def post(self, service: str, path: str, body: Mapping[str, Any], seen: str = "", refused: bool = False) -> Answer:
        content, key = orjson.dumps(body), derived("walk", self.principal.id, path, str(self.world.now))
        named = {"authorization": f"Bearer {self._token}", "idempotency-key": key, "content-type": "application/json"}
        named |= {"if-match": seen} if seen else {}
        came = self.world.client.post(self.world.running.url(service) + path, content=content, headers=named)
        said = came.json()
        assert (came.status_code >= 400) is refused, f"{path}: {came.status_code} {came.text}"
        if refused:
            return Answer(False, body=said)
        topic = TOPICS.get(service, f"{service}-events")
        return Answer(True, f"{topic}/{said['subject']}/{said['sequence']}" if said["sequence"] else "", came.headers.get("etag", ""), said)

    def options(self, item: str, command: str, field: str) -> list[str]:
        """What the console's form of a command lets them choose there: a booked visit, a line of an authorization."""

        def look() -> list[str]:
            found = re.search(rf'<select[^>]* name="{field}".*?</select>', self._page(f"/do/{command}/{item}"), re.S)
            return re.findall(r'<option value="([^"]+)"', found[0] if found else "")

        return eventually(look, bool, f"{field} to choose for {command}")

    def page(self, path: str) -> str:
        """A page of the console as text, as this person sees it in a browser."""
        plain = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", " ", self._page(path), flags=re.S))
        return " ".join(html.unescape(plain).split())

    def _page(self, path: str) -> str:
        cookie = {"cookie": f"{COOKIE}={self._token}", "accept": "text/html"}
        found = self.world.client.get(self.world.running.url("worklist") + path, headers=cookie)
        assert found.status_code == 200, f"{path}: {found.status_code}"
        return found.text


def person(world: World, id: str, *more: str) -> Person:
    """Somebody of the network file, with the roles that they are on duty for and `more`."""
    known = next(one for one in world.network.staff if one.id == id)
    return Person(world, Principal(id, known.roles | frozenset(more)))


def at(instant: datetime) -> str:
    return instant.isoformat()
