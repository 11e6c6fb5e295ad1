"""What a steward asks of a service over HTTP: by whom, once, and with what comes of it."""

from collections.abc import Callable
from dataclasses import replace

import httpx2
import orjson
import pytest

from infra import stewarding
from infra.access import Access
from infra.commands import Counter
from infra.http import Door, application
from infra.identity import Identity, Principal
from infra.issuer import LocalIssuer
from infra.keeping import subject_of
from infra.stewarding import Stewarding
from tests.runtime.accounts import SERVICE, Bench, account_of, asked
from tests.security.conftest import ANA

STEWARD = Principal("staff/60", frozenset({"data-steward"}))
BAD = {"verdict": "quarantine", "number": "1", "amount": 5}
Kept = Callable[..., httpx2.AsyncClient]


@pytest.fixture
def kept(identity: Identity, issuer: LocalIssuer, bench: Bench) -> Kept:
    def make(principal: Principal = STEWARD, pressure: bool = False) -> httpx2.AsyncClient:
        door = Door(identity, Access(stewarding.access(SERVICE)))
        counter = Counter("accounts", bench.settler.settle, door, bench.clock, lambda: pressure)
        app = application(Stewarding(bench.settler, bench.replayer, counter).routes())
        headers = {"authorization": f"Bearer {issuer.token(principal)}"}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://accounts", headers=headers)

    return make


async def quarantined(bench: Bench) -> str:
    await bench.take(asked(1, BAD))
    return next(receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined")


async def test_an_input_is_set_aside_once_with_a_reason_by_whoever_asked(kept: Kept, bench: Bench) -> None:
    name = await quarantined(bench)
    answer = await kept().post(f"/v1/inputs/{name}/discard", json={"reason": "sent-by-mistake"})
    assert (answer.status_code, answer.json()["subject"], answer.json()["sequence"]) == (200, subject_of(name), 2)
    last = bench.log.rows[-1]
    assert (last.attributes["type"], last.attributes["authid"]) == ("input.discarded.v1", STEWARD.id)
    again = await kept().post(f"/v1/inputs/{name}/discard", json={"reason": "sent-by-mistake"})
    assert (again.status_code, again.json()["code"]) == (404, "TL-4201")


async def test_what_it_holds_is_shown_when_it_is_written_down_who_opened_it_and_why(kept: Kept, bench: Bench) -> None:
    name = await quarantined(bench)
    for reason in ("to-repair", "to-repair"):
        answer = await kept().post(f"/v1/inputs/{name}/reveal", json={"reason": reason})
        assert answer.status_code == 200 and '"amount"' in answer.json()["value"]
    said = [row for row in bench.log.rows if row.attributes["type"] == "input.revealed.v1"]
    assert [row.attributes["authid"] for row in said] == [STEWARD.id] * 2, "each time counts"
    assert bench.tables.receipts[name].state == "quarantined"
    assert (await kept().post(f"/v1/inputs/{name}/reveal", json={})).status_code == 422


async def test_a_repaired_input_is_decided_under_its_own_identity_and_what_came_stays_sealed(kept: Kept, bench: Bench) -> None:
    name = await quarantined(bench)
    before = bench.tables.receipts[name]
    mended = orjson.dumps([{**BAD, "verdict": "event"}]).decode()
    answer = await kept().post(f"/v1/inputs/{name}/repair", json={"value": mended})
    assert answer.status_code == 200, answer.text
    after = bench.tables.receipts[name]
    assert (after.id, after.state, after.offset) == (name, "event", before.offset)
    assert bench.said()[-1] == "input.repaired.v1"
    assert (await kept().post(f"/v1/inputs/{name}/repair", json={"value": mended})).status_code == 404


async def test_a_reason_must_be_said(kept: Kept, bench: Bench) -> None:
    answer = await kept().post(f"/v1/inputs/{await quarantined(bench)}/discard", json={})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/reason")


async def test_an_input_that_still_cannot_be_used_stays_where_it_was(kept: Kept, bench: Bench) -> None:
    name = await quarantined(bench)
    answer = await kept().post(f"/v1/inputs/{name}/replay")
    assert (answer.status_code, answer.json()["code"]) == (409, "TL-4203") and answer.json()["errors"]
    assert bench.tables.receipts[name].state == "quarantined"


async def test_what_is_held_back_is_decided_when_its_cause_is_mended(kept: Kept, bench: Bench) -> None:
    await bench.take(
        asked(1, {"number": "1", "amount": 5}), asked(2, {"number": "1", "amount": 666}), asked(3, {"number": "1", "amount": 1})
    )
    assert bench.tables.aggregates[account_of("1")].parked
    path = f"/v1/parked/{account_of('1')}/release"
    assert (await kept().post(path)).json()["code"] == "TL-4203"
    service = bench.settler.service
    bench.settler.service = replace(
        service, decide=lambda message, *rest: [] if message.data.amount == 666 else service.decide(message, *rest)
    )
    answer = await kept().post(path)
    assert answer.status_code == 200 and not bench.tables.aggregates[account_of("1")].parked
    assert bench.said()[-1] == "aggregate.released.v1" and answer.json()["sequence"] == bench.log.rows[-1].sequence


async def test_nobody_else_may_and_nothing_is_begun_while_facts_pile_up(kept: Kept, bench: Bench) -> None:
    name = await quarantined(bench)
    assert (await kept(ANA).post(f"/v1/inputs/{name}/discard", json={"reason": "x"})).status_code == 403
    assert (await kept(pressure=True).post(f"/v1/inputs/{name}/discard", json={"reason": "x"})).status_code == 503
    assert (await kept().post("/v1/inputs/no%20such/replay")).status_code == 404
    assert bench.tables.receipts[name].state == "quarantined"
