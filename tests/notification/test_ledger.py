"""The ledger must see what is wrong, and knows nothing of what it judges; and a short campaign finds nothing."""

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notification.campaign import held
from tests.notification.hours import business
from tests.notification.ledger import Expected, Ledger

HERE = Path(__file__).parent
SAID = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
ITEM, RULE, MILESTONE = "care/1", "first-visit-emergency", "overdue/2026-03-02T13:00:00+00:00"
ONE, TWO, NOTICE = "a" * 36, "b" * 36, "0190aaaa-0000-7000-8000-000000000001"
ADDRESS = {"staff/1": "one@d2.example", "staff/2": "two@d3.example"}
MINUTES = timedelta(minutes=1)


def test_it_imports_nothing_of_what_it_judges() -> None:
    trees = [ast.parse((HERE / name).read_text("utf-8")) for name in ("ledger.py", "hours.py")]
    names = [node.module or "" for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} & {"infra", "services", "contracts", "deploy"} == set()


@dataclass
class Mail:
    links: list[tuple[str, str]]
    times: int = 1
    bodies: set[str] = field(default_factory=lambda: {"digest"})


class Story:
    """What notification said, in its order, and what the mail servers have."""

    def __init__(self) -> None:
        self.ledger, self.mails = Ledger(), dict[tuple[str, str], Any]()
        self.sequences: dict[str, int] = {}
        self.expected = [Expected(ITEM, RULE, "crisis", SAID)]

    def say(self, subject: str, type: str, **data: Any) -> None:
        at = self.sequences[subject] = self.sequences.get(subject, 0) + 1
        named = {"ce_subject": subject, "ce_sequence": f"{at:020}", "ce_id": f"{subject}-{at}", "ce_type": type}
        headers = [(name, text.encode()) for name, text in named.items()]
        self.ledger.add("notification-events", len(self.ledger.facts), headers, subject.encode(), json.dumps(data).encode(), 0.0)

    def raised(
        self, alert: str = ONE, level: int = 0, after: timedelta = timedelta(0), lasts: timedelta = 15 * MINUTES, **other: Any
    ) -> None:
        raised_at = SAID + after
        said = {"alert": alert, "item": ITEM, "rule": RULE, "milestone": MILESTONE, "level": level, "severity": "crisis"}
        instants = {"raised_at": raised_at.isoformat(), "climbs_at": (raised_at + lasts).isoformat()}
        self.say(f"alert/{ITEM}", "alert.raised.v1", **{**said, **instants, **other})

    def abandoned(self, alert: str = ONE, next_level: int | None = 1) -> None:
        self.say(f"alert/{ITEM}", "alert.abandoned.v1", alert=alert, item=ITEM, level=0, next_level=next_level)

    def acted(self, *alerts: str) -> None:
        self.say(f"alert/{ITEM}", "alert.acted.v1", alerts=alerts or (ONE,), item=ITEM)

    def queued(self, *alerts: str, notice: str = NOTICE, to: str = "staff/1") -> None:
        entries = [{"alert": alert} for alert in alerts or (ONE,)]
        self.say(f"notice/{notice}", "notice.queued.v1", to=to, kind="alert", entries=entries)

    def went(self, *alerts: str, notice: str = NOTICE, mail: bool = True) -> None:
        self.say(f"notice/{notice}", "notice.attempted.v1", channel="email", entries=alerts or (ONE,))
        self.say(f"notice/{notice}", "notice.sent.v1", channel="email", to="staff/1")
        if mail:
            self.mails[f"<{notice}@localhost>", ADDRESS["staff/1"]] = Mail([(ITEM, alert) for alert in alerts or (ONE,)])

    @property
    def kinds(self) -> list[str]:
        return sorted({finding.kind for finding in self.ledger.judged(self.expected, self.mails, ADDRESS)})


@pytest.fixture
def story() -> Story:
    made = Story()
    made.raised()
    return made


def told(story: Story) -> Story:
    story.queued()
    story.went()
    return story


def test_what_was_told_and_done_is_right(story: Story) -> None:
    told(story).acted()
    assert story.kinds == [] and not story.ledger.open(story.expected)
    assert story.ledger.outcome(ONE, story.ledger.carriers()) == "mail"


def test_what_climbed_in_its_time_and_was_done_then_is_right(story: Story) -> None:
    told(story).abandoned()
    story.raised(TWO, 1, 16 * MINUTES)
    story.acted(TWO)
    assert story.kinds == [] and story.ledger.late(60.0) == [1.0]
    assert story.ledger.outcome(TWO, story.ledger.carriers()) == "done before"


def climbs_too_early(story: Story) -> None:
    told(story).abandoned()
    story.raised(TWO, 1, 14 * MINUTES)
    story.acted(TWO)


def mail_of_another_thing(story: Story) -> None:
    told(story).acted()
    story.mails[f"<{NOTICE}@localhost>", ADDRESS["staff/1"]].links.append(("care/9", TWO))


def two_bodies(story: Story) -> None:
    told(story).acted()
    story.mails[f"<{NOTICE}@localhost>", ADDRESS["staff/1"]].bodies.add("other")


def told_twice(story: Story) -> None:
    other = NOTICE.replace("1", "2")
    told(story).queued(notice=other)
    story.went(notice=other)
    story.acted()


def two_ids(story: Story) -> None:
    told(story).raised(TWO)
    story.acted(ONE, TWO)


def never_raised(story: Story) -> None:
    told(story).acted()
    story.expected.append(Expected("care/2", RULE, "crisis", SAID))


def raised_of_nothing(story: Story) -> None:
    told(story).acted()
    story.expected.clear()


def goes_to_somebody_else(story: Story) -> None:
    told(story).acted()
    story.mails = {(name, ADDRESS["staff/2"]): mail for (name, _), mail in story.mails.items()}


def sent_and_nowhere(story: Story) -> None:
    story.queued()
    story.went(mail=False)
    story.acted()


def of_no_notice(story: Story) -> None:
    told(story).acted()
    story.mails["<spam@localhost>", ADDRESS["staff/1"]] = Mail([])


def parked(story: Story) -> None:
    told(story).acted()
    story.say("alert/care/7", "aggregate.parked.v1")


def raised_again(story: Story) -> None:
    told(story).acted()
    story.raised(TWO, 1, 20 * MINUTES)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        (lambda story: story.abandoned(next_level=None), ["lost"]),
        (lambda story: story.queued(), ["lost"]),
        (told, ["lost"]),
        (climbs_too_early, ["disorder"]),
        (mail_of_another_thing, ["wrong"]),
        (two_bodies, ["doubled"]),
        (told_twice, ["doubled"]),
        (two_ids, ["disorder", "doubled", "wrong"]),
        (never_raised, ["lost"]),
        (raised_of_nothing, ["wrong"]),
        (goes_to_somebody_else, ["wrong"]),
        (sent_and_nowhere, ["lost"]),
        (of_no_notice, ["wrong"]),
        (parked, ["wrong"]),
        (raised_again, ["lost", "wrong"]),
    ],
)
def test_what_is_wrong_is_found(story: Story, fault: Callable[[Story], Any], kinds: list[str]) -> None:
    fault(story)
    assert story.kinds == kinds


def test_a_level_of_another_length_is_found() -> None:
    story = Story()
    story.raised(lasts=16 * MINUTES)
    told(story).acted()
    assert story.kinds == ["wrong"]


def test_business_hours_end_in_the_evening_and_pass_over_the_weekend() -> None:
    four = timedelta(hours=4)
    assert business(datetime(2026, 3, 2, 14, tzinfo=UTC), four) == datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert business(datetime(2026, 3, 6, 21, tzinfo=UTC), four) == datetime(2026, 3, 9, 14, tzinfo=UTC), "clocks went forward meanwhile"


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_in_a_short_campaign_nothing_is_lost_or_told_twice(tmp_path: Path) -> None:
    outcome = held(tmp_path, 300, 25.0, people=48, patience_s=30.0)
    assert [f"{finding.kind}: {finding.what}" for finding in outcome.findings] == []
    counted = {name: (many, more) for name, many, more in outcome.rows}
    assert counted["processes killed"][0] != "0" and "hang: 0" not in counted["what the mail servers did"][0]
    for fault in ("defer", "drop-after", "drop-before", "drop-inside", "hang", "nobody", "reject"):
        assert fault in counted["what the mail servers did"][0]
