"""The board at size, in small: what is copied is what the projections make, and every list of it is found by an index."""

from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby

import pytest
from bson import decode
from bson.codec_options import CodecOptions

from services.worklist.items import document, refolded
from services.worklist.projections import entries_of
from services.worklist.sealed import details_of
from tests.board.__main__ import readers
from tests.board.filling import filled
from tests.board.lives import kind, marks, numbered, person, sealed, theirs
from tests.board.looking import plans
from tests.worklist.conftest import board, database, engines  # noqa: F401

NOW, KEY, OTHER = datetime(2026, 3, 2, 12, tzinfo=UTC), bytes(32), bytes(31) + b"1"
AWARE: CodecOptions = CodecOptions(tz_aware=True, tzinfo=UTC)


@pytest.mark.parametrize("n", [0, 1, 20])
def test_a_copy_is_what_the_projections_make_of_that_life_under_another_id(n: int) -> None:
    id = numbered(7)
    copy = kind(n, NOW, KEY, blind).copied(id, theirs(7, sealed(7, OTHER), blind))
    entries = [decode(one.raw, AWARE) for one in copy.entries]  # type: ignore[attr-defined]
    items = {one["_id"]: one for one in (decode(raw.raw, AWARE) for raw in copy.items)}  # type: ignore[attr-defined]
    assert all(one["_id"].startswith(entries_of(one["item"])) and id in one["item"] for one in entries)
    folded = {item: document(item, refolded(told), 1) for item, told in groupby(entries, key=lambda one: one["item"])}
    folded[f"record/{id}"]["marks"] += marks(person(7), blind)
    assert folded == items
    opened, known = details_of(f"record/{id}", items[f"record/{id}"], OTHER), person(7)
    assert all(getattr(opened, name).plain == getattr(known, name).plain for name in ("given_name", "family_name", "birth_date"))


def test_what_is_somebodys_own_is_as_long_as_anybodys() -> None:
    lengths = {tuple(len(one) for one in theirs(n, sealed(n, KEY), blind)) for n in range(0, 200_000, 97)}
    assert len(lengths) == 1 and len({one.family_name for one in map(person, range(1_000))}) > 100


def blind(*parts: str) -> str:
    return sha256("/".join(parts).encode()).hexdigest()


@pytest.mark.engines
async def test_every_list_is_found_by_its_index(engines, board) -> None:  # noqa: F811
    items, events = await filled(engines, board, 400)
    assert items > 800 and events > 3_000
    unsound = [plan for reader in readers(datetime.now(UTC)) for plan in await plans(board, reader) if not plan.sound]
    assert unsound == []
