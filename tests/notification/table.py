"""What the ledger counted, as a table: what, how much, and more of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tests.bench.report import percentile
from tests.chaos.history import Finding
from tests.notification.ledger import Expected, Ledger
from tests.notification.live import Live
from tests.notification.postman import Postman


class Told(Protocol):
    """What was told to the service and done to it."""

    live: Live
    expected: list[Expected]
    rate: float
    kills: int
    away: int


def rows(told: Told, ledger: Ledger, postman: Postman, findings: Sequence[Finding], rested: float) -> list[tuple[str, str, str]]:
    """The table: what was counted, and in words what it means."""
    carriers, wrong = ledger.carriers(), Counter(finding.kind for finding in findings)
    reached = Counter(ledger.outcome(alert, carriers) for alert in ledger.alerts)
    levels = Counter(alert["level"] for alert in ledger.alerts.values())
    late, kinds = ledger.late(told.live.clock.rate), Counter(notice.kind for notice in ledger.notices.values())
    heard = [
        (_raised_at(ledger, one) - one.said_at).total_seconds() / told.live.clock.rate for one in told.expected if ledger.ladder_of(one)
    ]
    read = sum(told.live.sequences.values())
    again = sum(one.times - 1 for one in postman.taken.values())
    happened = dict(sorted(postman.happened.items())) | {"connection refused": f"{told.away} times a while"}
    return [
        ("events told", f"{len(told.expected):,}", f"{told.rate:g}/s; {read:,} with those that ended them"),
        ("processes killed", f"{told.kills}", f"of {told.live.members}, with SIGKILL, at random moments"),
        ("what the mail servers did", _listed(happened), "3 in 10 messages; one domain in 16 hangs, one has no mailbox"),
        ("alerts", f"{len(ledger.alerts):,}", "by level: " + _listed(dict(sorted(levels.items())))),
        ("which reached somebody", _listed(dict(reached)), f"lost: {reached['lost']}"),
        ("messages", f"{len(ledger.notices):,}", _listed(dict(kinds)) + f"; held back first: {_listed(dict(ledger.held))}"),
        ("mails taken", f"{len(postman.taken):,}", f"{again} came again, each with its Message-ID and its very bytes"),
        ("addresses that take nothing", f"{len(ledger.bounced)} people", "each passed over from then on"),
        ("from event to alert", _spread(heard), "seconds of the world, deaths of the processes included"),
        ("a level climbed later than its time by", _spread(late), f"{len(late):,} climbs, none too early"),
        ("facts said", f"{sum(len(said.events) for said in ledger.said.values()):,}", f"{ledger.repeated} records came twice"),
        ("at rest after the last event", f"{rested:.0f} s", ""),
        ("wrong", f"{len(findings)}", _listed(dict(wrong)) or "nothing lost, nothing doubled, nothing out of order, nothing personal"),
    ]  # fmt: skip


def _raised_at(ledger: Ledger, one: Expected) -> datetime:
    return datetime.fromisoformat(ledger.ladder_of(one)[0]["raised_at"])


def _spread(seconds: Sequence[float]) -> str:
    return ", ".join(f"{name} {percentile(seconds, share):.2f} s" for name, share in (("p50", 0.5), ("p95", 0.95), ("at most", 1.0)))


def _listed(counts: Mapping[object, object]) -> str:
    return ", ".join(f"{name}: {count:,}" if isinstance(count, int) else f"{name}: {count}" for name, count in counts.items())
