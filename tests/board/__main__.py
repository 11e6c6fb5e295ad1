"""`python -m tests.board --referrals N`: fills a board of that size, measures every page of the console, the rebuild and the viewers, and
writes what it found into docs/benchmarks.md."""

import argparse
import asyncio
import shlex
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from deploy.local import ports
from deploy.local.engines import Engines
from deploy.local.services import SMTP_OFFSET
from deploy.running import Running
from infra.identity import Principal
from services.worklist.local import Local
from services.worklist.store import Board
from services.worklist.views import Reader
from tests.bench.report import percentile
from tests.board import report
from tests.board.filling import filled
from tests.board.looking import COORDINATOR, DESK, Plan, looked, plans, watched
from tests.board.remaking import remade
from tests.running import Services

ROLE, VIEWED_WITHIN_S = "role/coordinator", 1.0


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.board", description=__doc__)
    parser.add_argument("--referrals", type=int, default=100_000, help="how many referrals the read model holds; ten events each")
    parser.add_argument("--times", type=int, default=20, help="how often each page is asked for")
    parser.add_argument("--viewers", type=int, default=490, help="open live views; a process takes 500")
    parser.add_argument("--events", type=int, default=100_000, help="events of the log that the read model is made anew from")
    parser.add_argument("--keep", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args(words)


def readers(now: datetime) -> list[Reader]:
    """Whose lists are explained: somebody who sees the whole network, and a program's desk."""

    def reader(principal: Principal, duties: set[str], concerned: set[str] | None) -> Reader:
        return Reader(principal, frozenset(duties), None if concerned is None else frozenset(concerned), now, Local())

    return [reader(COORDINATOR, {ROLE}, None), reader(DESK, {"desk/0"}, {"desk/0", "program/0", DESK.id})]


async def filled_and_explained(engines: Engines, referrals: int) -> tuple[int, int, list[Plan]]:
    board = Board(engines.mongo_url("worklist"), "worklist")
    await board.open()
    items, events = await filled(engines, board, referrals)
    found = [plan for reader in readers(datetime.now(UTC)) for plan in await plans(board, reader)]
    await board.close()
    return items, events, found


async def viewed(engines: Engines, running: Running, viewers: int) -> list[float]:
    board = Board(engines.mongo_url("worklist"), "worklist")
    await board.open()
    lags = await watched(running, board, viewers, 20)
    await board.close()
    return lags


def main(words: list[str]) -> None:
    asked = arguments(words)
    with tempfile.TemporaryDirectory(prefix="throughline-board-") as directory:
        engines = Engines.isolated(Path(directory), http_port=ports.free_port(SMTP_OFFSET + 1))
        with engines, Services(engines, lanes="1", log_level="WARNING") as services:
            rebuilt = asyncio.run(remade(engines, asked.events))
            print(f"rebuild: {rebuilt}", flush=True)
            began = time.monotonic()
            items, events, found = asyncio.run(filled_and_explained(engines, asked.referrals))
            print(f"{items} items, {events} events after {time.monotonic() - began:.0f} s", flush=True)
            services.start("worklist")
            running = Running(engines.settings)
            seen = looked(running, asked.times)
            report.say(seen)
            process = psutil.Process(services.children["worklist"].pid)
            before = process.memory_info().rss
            lags = asyncio.run(viewed(engines, running, asked.viewers))
            memory = (before, process.memory_info().rss)
            print(f"viewers: p95 {percentile(lags, 0.95):.3f} s, memory {memory}", flush=True)
    measured = report.Measured(asked.referrals, items, events, seen, found, rebuilt, asked.viewers, lags, memory)
    if asked.keep:
        report.keep(measured, shlex.join(["python", "-m", "tests.board", *words]))
    failed = [str(one.page) for one in seen if one.p95_ms > report.PAGE_MS]
    print("slower than 50 ms:", failed or "none", "| not by an index:", [one.view for one in found if not one.sound] or "none")


if __name__ == "__main__":
    main(sys.argv[1:])
