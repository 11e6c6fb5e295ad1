"""What these tests share: a real database, a clock that stands still, an issuer, and a service's door with commands behind it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from contracts.kernel import Command, Personal
from deploy.local.engines import Engines
from infra.access import Access, Item, Scope, rule
from infra.clock import ManualClock
from infra.commands import Counter, Entry, Settle, commands
from infra.http import Door, Guarded, application
from infra.identity import Identity, Keyring, Principal, from_file
from infra.issuer import ISSUER, LocalIssuer
from tests.runtime.accounts import Bench, Credit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AUDIENCE = "throughline"
ANA = Principal("staff/7", frozenset({"coordinator"}), frozenset({"org/north"}))
BO = Principal("staff/8", frozenset({"reader"}), frozenset({"org/north"}))

Client = Callable[..., httpx2.AsyncClient]


class Rename(Command):
    """A command that carries something personal."""

    type = "rename"
    family_name: Personal[str]
    notes: dict[str, int] = {}


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The address of a real database for a service, or for `admin`."""
    with Engines.isolated(tmp_path_factory.mktemp("vault")) as engines:
        yield engines.mongo_url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def issuer(tmp_path: Path, clock: ManualClock) -> LocalIssuer:
    return LocalIssuer(tmp_path, AUDIENCE, clock)


@pytest.fixture
def identity(issuer: LocalIssuer, clock: ManualClock) -> Identity:
    return Identity(ISSUER, AUDIENCE, Keyring(from_file(issuer.jwks), clock), clock)


@pytest.fixture
async def bench(clock: ManualClock) -> Bench:
    """The toy service on its twin, wholly real from the door to the store's port."""
    made = Bench(clock=clock)
    await made.vault.open(create=True)
    return made


TABLE = Access(
    {
        "account.credit": rule("coordinator", scope=Scope.ANY),
        "account.overwrite": rule("coordinator", scope=Scope.ANY),
        "account.read": rule("reader", "coordinator"),
    }
)
ENTRIES = (
    Entry(Credit, "/accounts/{id}/credit", "account/{id}", "account.credit"),
    Entry(Credit, "/accounts/{id}/overwrite", "account/{id}", "account.overwrite", versioned=True),
    Entry(Rename, "/accounts", "account/{new}", "account.credit"),
)


async def _item(request: Request) -> Item | None:
    return Item(frozenset({"org/north"})) if request.path_params.get("id") == "1" else None


async def _read(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def _broken(request: Request) -> PlainTextResponse:
    raise RuntimeError("Zelda Quillfeather")


@pytest.fixture
def client(identity: Identity, issuer: LocalIssuer, bench: Bench, clock: ManualClock) -> Client:
    """A caller of the service: `client(settle=…, pressure=…, principal=…)`."""

    def make(settle: Settle | None = None, pressure: bool = False, principal: Principal | None = ANA) -> httpx2.AsyncClient:
        door = Door(identity, TABLE, _item)
        counter = Counter("accounts", settle or bench.settler.settle, door, clock, lambda: pressure)
        reads = [
            Guarded("/accounts/{id}", _read, action="account.read", door=door),
            Guarded("/broken/{id}", _broken, action="account.read", door=door),
        ]
        app = application([*commands(counter, ENTRIES), *reads], body_bytes_max=1_000)
        headers = {"authorization": f"Bearer {issuer.token(principal)}"} if principal else {}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://accounts", headers=headers)

    return make
