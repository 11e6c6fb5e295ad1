"""What was said, read back to be counted: all of it, in order, and as of any instant."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from infra import measuring
from infra.problems import Problem
from tests.runtime.accounts import SERVICE, START, Bench, Credit, Opened, account_of, asked

KINDS = ("account",)


async def busy() -> Bench:
    bench = Bench()
    await bench.vault.open(create=True)
    await bench.take(asked(1, *({"number": str(number), "holder": "Ana", "amount": 5} for number in range(7))))
    bench.clock.advance(timedelta(hours=1))
    await bench.command(account_of("1"), Credit(amount=3))
    return bench


async def said(bench: Bench, as_of: Any) -> Sequence[Any]:
    return await measuring.said(SERVICE, bench.store, KINDS, as_of)


@pytest.mark.parametrize("page", [1, 3, 100])
async def test_every_fact_is_read_once_in_order_whatever_the_page_and_none_that_came_later(page, monkeypatch):
    monkeypatch.setattr(measuring, "PAGE", page)
    bench = await busy()
    found = await said(bench, bench.clock.now())
    assert len([one for one in found if isinstance(one[1], Opened)]) == 7 and len({subject for subject, _ in found}) == 7
    own = sorted(row.id for row in bench.tables.facts.values() if row.topic == SERVICE.topic)
    assert len(found) == len(own) and [subject for subject, _ in found] == [name.split("/" + SERVICE.topic)[0] for name in own]
    assert len(await said(bench, START + timedelta(minutes=1))) == len(found) - 1
    assert await said(bench, START - timedelta(days=1)) == []


def test_an_instant_without_an_offset_is_refused():
    for stated in ("2026-03-02T09:00:00", "yesterday"):
        request = Request({"type": "http", "query_string": f"as_of={stated}".encode(), "headers": []})
        with pytest.raises(Problem, match="TL-1604"):
            measuring._instant(request, START)
    assert measuring._instant(Request({"type": "http", "query_string": b"", "headers": []}), START) == START
