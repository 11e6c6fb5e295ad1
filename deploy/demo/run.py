"""`throughline demo`: everything up, the example network fed through its partners' own topics, and where to look."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson

from deploy import kept
from deploy import network as networks
from deploy.console import Say, table
from deploy.demo.acting import LEAD, Hands, acted, pending
from deploy.demo.feed import MENDED, Client, asked_for, clients, feed
from deploy.demo.paying import authorized
from deploy.demo.publishing import answered, played, publish
from deploy.network import Network
from deploy.running import Running
from deploy.tokens import EXAMPLE
from deploy.validate import told_credentials
from infra.problems import Problem
from infra.store import Unavailable

__all__ = ["EXAMPLE", "play"]
SEED = 42
VISIBLE_WITHIN_S, COUNTED_MAX = 120.0, 1_000


@dataclass(frozen=True)
class Played:
    """How far the demo of this state directory has come: a second run goes on from there and feeds nothing twice.

    `at` is the instant that the feed was made for: made again for it, every event has the id it had. `ended` is what became of
    the events, once all were answered.
    """

    at: str
    people: int
    ended: dict[str, int] = field(default_factory=dict)
    acted: bool = False

    @classmethod
    def of(cls, path: Path, people: int) -> "Played":
        known = json.loads(path.read_text()) if path.exists() else {}
        return cls(**known) if known else cls(datetime.now(UTC).isoformat(), people).kept(path)

    def kept(self, path: Path) -> "Played":
        path.write_text(json.dumps(asdict(self)))
        return self


def people_soon(count: int) -> Future[list[Client]]:
    """Invented while the engines start."""
    pool = ThreadPoolExecutor(1)
    soon = pool.submit(clients, count, SEED)
    pool.shutdown(wait=False)
    return soon


def play(running: Running, people: int, say: Say, soon: Future[list[Client]] | None = None) -> None:
    """Feed it, act a little as its people would, and say what to try. Playing it again feeds nothing twice."""
    timed = since(time.monotonic(), say)
    network, path = networks.load(EXAMPLE), running.settings.state / "demo.json"
    partners = [partner for partner in network.partners if partner.agreement.in_force(date.today())]
    names = [partner.id for partner in partners if partner.kind != "payer"]
    played(running, [partner.id for partner in partners])
    told_credentials(running.bootstrap, networks.apply(running, network, timed))
    progress = Played.of(path, people)
    known = soon.result() if soon and progress.people == people else None
    if progress.ended:
        timed("fed before; nothing is fed twice")
    else:
        progress = replace(progress, ended=_fed(running, names, progress, known or clients(progress.people, SEED), timed)).kept(path)
    if not progress.acted:
        done = _lived(running, network)
        replace(progress, acted=True).kept(path)
        timed(f"people: {', '.join(f'{count} {what}' for what, count in done.items())}")
    told(running, network, progress.ended)


def _lived(running: Running, network: Network) -> Counter[str]:
    """What its people did, over connections that are closed afterwards."""
    with httpx2.Client(timeout=30) as client:
        hands = Hands(running, client)
        done, accepted = acted(hands, network, pending(running, LEAD))
        return done + authorized(hands, network, accepted)


def since(began: float, say: Say) -> Say:
    """The same lines, each with the seconds that have passed."""
    return lambda line: say(f"{time.monotonic() - began:5.1f} s  {line}")


def _fed(running: Running, names: list[str], progress: Played, people: list[Client], say: Say) -> dict[str, int]:
    """Publish everything, wait for every answer and for the board. After a run that was cut short it is the same once more."""
    events = list(feed(names, people, SEED, datetime.fromisoformat(progress.at)))
    publish(running, events, say)
    ended = answered(running, names, len({(event.partner, event.id) for event in events}))
    say(f"answered: {', '.join(f'{count} {outcome}' for outcome, count in ended.items())}")
    _visible(running, min(len(asked_for(events)), COUNTED_MAX))
    say("board: shows every referral that stands")
    return dict(ended)


def _visible(running: Running, expected: int) -> None:
    until = time.monotonic() + VISIBLE_WITHIN_S
    while (shown := running.get("/v1/counts", LEAD)["counts"]["pending"]) < expected:
        if time.monotonic() > until:
            raise Problem("TL-2612", "the board is behind", f"it shows {shown} of {expected}", "throughline logs worklist")
        time.sleep(0.2)


def told(running: Running, network: Network, ended: Mapping[str, int]) -> None:
    """What there is, where to look, whom to be, what to try."""
    counts, waiting = running.get("/v1/counts", LEAD)["counts"], _quarantined(running)
    rows = {"received": ended.get("event", 0), "pending": counts["pending"], "owned": counts["pending"] - counts["unowned"]}
    rows |= {"overdue": counts["overdue"], "returned": ended.get("return", 0), "quarantined": len(waiting)}
    print()
    table(list(rows), [list(rows.values())])
    print()
    table(["open", ""], list(running.pages.items()))
    print()
    people = [(one, ", ".join(duty.partition("/")[2] for duty in one.on_duty)) for one in network.staff]
    table(["sign in as", "on duty for", "token"], [[one.name, duties, f"{running.command} token {one.id}"] for one, duties in people])
    print()
    print("try")
    for command, what in to_try(running, network.partners[0].id, waiting):
        print(f"  # {what}\n  {command}")


def to_try(running: Running, partner: str, waiting: Mapping[str, str]) -> list[tuple[str, str]]:
    """Commands as they can be pasted."""
    mended = running.settings.state / "mended.json"
    mended.write_bytes(orjson.dumps(MENDED))
    does, board = running.command, next(iter(running.pages))
    input = next((name for name, topic in waiting.items() if topic.endswith(partner)), "INPUT")
    sample = f"{does} event sample > first.json; {does} event send /dev/stdin --partner {partner} < first.json"
    live = f'curl -sN -H "Authorization: Bearer $({does} token network-lead)" {board}v1/live'
    return [
        (live, "watch what changes, in one terminal"),
        (sample, "publish in another; see the answer"),
        (running.killing("intake"), "the front door dies; send again: it is answered when the next one is up"),
        (f"{does} audit verify", "nothing was lost or doubled: every state is the fold of its facts"),
        (f"{does} quarantine show {input}; {does} quarantine repair {input} {mended}", "mend an input that nobody could use"),
    ]


def _quarantined(running: Running) -> dict[str, str]:
    """Input → topic. Without the database nobody can say."""
    try:
        found: list[Any] = kept.run("intake", lambda store, _: store.waiting("quarantined"), running.settings)
    except Unavailable:
        return {}
    return {one.id: one.topic for one in found}
