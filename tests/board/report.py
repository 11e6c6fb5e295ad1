"""What was measured of the board, in words: printed, and kept in docs/benchmarks.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from services.worklist.rebuild import Rebuilt
from tests import marks
from tests.bench.report import percentile
from tests.board.looking import Looked, Plan

PAGE_MS, REBUILD_PER_S, VISIBLE_S = 50.0, 10_000, 1.0
PART = "board"


@dataclass(frozen=True)
class Measured:
    """One run. `memory` of the process before the viewers came and with all of them, in bytes."""

    referrals: int
    items: int
    events: int
    pages: Sequence[Looked]
    plans: Sequence[Plan]
    rebuilt: Rebuilt
    viewers: int
    lags: Sequence[float]
    memory: tuple[int, int]


def say(pages: Sequence[Looked]) -> None:
    for one in pages:
        print(
            f"{one.p95_ms:8.1f} ms p95 {median(one.seconds) * 1000:8.1f} p50  {one.size // 1024:4d} KiB  {one.reader}: {one.page}",
            flush=True,
        )


def text(measured: Measured, command: str) -> str:
    rate = measured.rebuilt.events / (measured.rebuilt.seconds_filling + measured.rebuilt.seconds_folding)
    slow = sorted((one for one in measured.pages if one.p95_ms > PAGE_MS), key=lambda one: -one.p95_ms)
    unsound = [one.view for one in measured.plans if not one.sound]
    visible, (before, after) = percentile(measured.lags, 0.95), measured.memory
    lines = (
        "## The board at size",
        f"`{command}` ({marks.where()}).",
        f"{measured.referrals:,} referrals, {measured.items:,} items, {measured.events:,} events in the read model; one referral in ten is "
        "open, every name is sealed under a key of its own. Every page was asked for over HTTP as a person sees it, names opened and the "
        "reading written down before the answer; the figures are the client's, with client, service and database on the same two cores.",
        marks.table(("page", "as", "p50 ms", "p95 ms", "KiB"), [_row(one) for one in measured.pages]),
        f"- p95 under {PAGE_MS:.0f} ms: " + (f"**missed** by {len(slow)} of {len(measured.pages)} pages" if slow else "kept by every page"),
        f"- lists that the database finds by their index, without a scan: {len(measured.plans) - len(unsound)} of {len(measured.plans)}"
        + (f"; not so: {', '.join(unsound)}" if unsound else ""),
        f"- rebuild of {measured.rebuilt.events:,} events of the log: {rate:,.0f} events/s ({_verdict(rate >= REBUILD_PER_S)}, to reach "
        f"{REBUILD_PER_S:,})",
        f"- {measured.viewers} open live views, from the commit of a change to every viewer: p95 {visible:.2f} s "
        f"({_verdict(visible <= VISIBLE_S)}, to stay under {VISIBLE_S:.0f} s), memory of the process {before / 2**20:.0f} → "
        f"{after / 2**20:.0f} MiB",
    )  # fmt: skip
    return "\n\n".join(lines[:4]) + "\n\n" + "\n".join(lines[4:])


def _row(one: Looked) -> tuple[str, ...]:
    return (
        one.page.replace("x000000020", "…"),
        one.reader,
        f"{median(one.seconds) * 1000:.0f}",
        f"{one.p95_ms:.0f}",
        f"{one.size / 1024:.0f}",
    )


def _verdict(kept: bool) -> str:
    return "kept" if kept else "**missed**"


def keep(measured: Measured, command: str) -> None:
    marks.write(marks.BENCHMARKS, PART, text(measured, command))
