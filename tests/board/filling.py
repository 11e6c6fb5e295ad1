"""A board as large as it is asked for, filled through the port that a rebuild fills a generation through."""

from collections.abc import Sequence
from datetime import UTC, datetime

from deploy.local.engines import Engines
from deploy.local.mongo import VAULT, user_of
from infra.clock import Clock
from infra.settle import remembered
from infra.store.driver import connect
from infra.vault import MongoVault
from infra.wrapping import LocalWrapper
from services.worklist.rebuild import Behind
from services.worklist.store import Board, Writes
from tests.board.lives import copies, kinds, network, numbered

LIVES_AT_A_TIME = 100


async def vault_of(engines: Engines) -> MongoVault:
    """As the front door opens it: the one that makes keys."""
    wrapper = LocalWrapper.of(engines.secrets.key("vault/kek"), "")
    vault = MongoVault(connect("pymongo", engines.mongo.url(user_of("intake"), VAULT))["vault"], wrapper, Clock())
    await vault.open(create=True)
    return vault


async def filled(engines: Engines, board: Board, referrals: int) -> tuple[int, int]:
    """Fill the generation that serves; how many items and events it holds then. Every name is sealed under a key of its own and found by
    its marks."""
    vault = await vault_of(engines)
    blind = remembered(vault.blind)
    known = kinds(datetime.now(UTC), bytes(32), blind)
    (generation, *_) = await board.generations()
    await board.fill(generation, network(datetime.now(UTC)))
    items, events = 1, 1
    async with Behind() as writer:
        for first in range(0, referrals, LIVES_AT_A_TIME):
            count = min(LIVES_AT_A_TIME, referrals - first)
            keys = await vault.keys([f"record/{numbered(n)}" for n in range(first, first + count)], create=True)
            whole = together(list(copies(known, first, count, keys, blind)))
            items, events = items + len(whole.items), events + len(whole.entries)
            await writer.then(board.fill(generation, whole))
    return items, events


def together(lives: Sequence[Writes]) -> Writes:
    return Writes([item for one in lives for item in one.items], [entry for one in lives for entry in one.entries])
