"""One command about many over HTTP: each is decided once and answered by itself."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from infra.bulk import MANY_MAX, Bulk, bulk
from infra.commands import Counter
from infra.http import Door, application
from infra.identity import Identity
from infra.issuer import LocalIssuer
from tests.runtime.accounts import Bench, Credit, asked
from tests.security.conftest import ANA, BO, TABLE
from tests.security.test_commands import key, problem

ENTRY = Bulk(Credit, "/credits", "account/{id}", "accounts", "account.credit")


@pytest.fixture
async def opened(bench: Bench) -> Bench:
    for number in "12":
        await bench.take(asked(int(number), {"number": number, "amount": 5}))
    return bench


@pytest.fixture
def post(opened: Bench, identity: Identity, issuer: LocalIssuer) -> Any:
    """Of the bench's accounts 1 and 2."""
    counter = Counter("accounts", opened.settler.settle, Door(identity, TABLE), opened.clock)
    transport = httpx2.ASGITransport(application(bulk(counter, [ENTRY])))

    async def ask(body: Any, headers: dict[str, str], who: Any = ANA) -> httpx2.Response:
        signed = {"authorization": f"Bearer {issuer.token(who)}", **headers}
        async with httpx2.AsyncClient(transport=transport, base_url="http://accounts") as client:
            return await client.post("/credits", json=body, headers=signed)

    return ask


def balances(bench: Bench) -> list[int]:
    return [state.balance for number in "12" if (state := bench.state(number))]


async def test_each_is_decided_and_one_refusal_holds_up_no_other(post: Any, opened: Bench) -> None:
    said = (await post({"accounts": ["1", "9", "2"], "amount": 7}, key())).json()["results"]
    assert [one["subject"] for one in said] == ["account/1", "account/9", "account/2"]
    assert [one.get("sequence") for one in said] == [3, None, 3] and said[1]["problem"]["code"] == "TL-1516"
    assert balances(opened) == [12, 12]


async def test_the_same_request_again_does_nothing_twice_and_one_named_twice_is_one(post: Any, opened: Bench) -> None:
    same = key()
    first = (await post({"accounts": ["1", "1"], "amount": 7}, same)).json()["results"]
    again = (await post({"accounts": ["1", "2"], "amount": 7}, same)).json()["results"]
    assert len(first) == 1 and again[0] == first[0] and balances(opened) == [12, 12]
    other = (await post({"accounts": ["1"], "amount": 8}, same)).json()["results"]
    assert other[0]["problem"]["code"] == "TL-1518" and balances(opened) == [12, 12]


@pytest.mark.parametrize("named", [None, [], "1", [1], ["a b"], ["1"] * (MANY_MAX + 1)], ids=str)
async def test_a_request_that_names_none_or_too_many_is_refused_whole(named: Any, post: Any, opened: Bench) -> None:
    body = problem(await post({"accounts": named, "amount": 7}, key()), 422, "TL-1519")
    assert body["errors"][0]["pointer"] == "/accounts" and balances(opened) == [5, 5]


async def test_it_needs_a_key_a_command_and_a_role(post: Any, opened: Bench) -> None:
    problem(await post({"accounts": ["1"], "amount": 7}, {}), 400, "TL-1511")
    problem(await post({"accounts": ["1"], "amount": 7, "more": 1}, key()), 422, "TL-1514")
    problem(await post({"accounts": ["1"], "amount": 7}, {"idempotency-key": str(uuid4())}, BO), 403, "TL-1402")
    assert balances(opened) == [5, 5]
