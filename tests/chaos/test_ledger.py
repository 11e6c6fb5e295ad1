"""The ledger must see what is wrong, and must not be part of what it judges."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import databases
from tests.chaos.history import History, Sent, shown
from tests.chaos.ledger import in_logs
from tests.chaos.words import MARK, TAG, Expected, Intent

HERE = Path(__file__).parent
APART = ("ledger", "history", "databases", "load", "rubbish", "words")
ALLOWED = {"aiokafka", "pymongo", "bson"}
JUDGED = {"infra", "services", "contracts", "deploy", "faststream", "motor", "pydantic"}


def imported(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("name", APART)
def test_ledger_and_load_import_nothing_of_what_they_judge(name: str) -> None:
    assert {module.partition(".")[0] for module in imported(name)} & JUDGED == set()


@pytest.mark.parametrize("name", APART)
def test_what_they_import_of_ours_is_as_far_apart(name: str) -> None:
    ours = {module.rpartition(".")[2] for module in imported(name) if module.startswith("tests.")}
    assert ours - {"chaos"} <= set(APART)


class Story:
    """A history in which everything went well, unless a test spoils it."""

    def __init__(self) -> None:
        self.history, self.offset, self.count = History(), 0, 0

    def send(self, kind: str, expected: Expected = "event", token: str = "", id: str = "", reference: str = "1") -> int:
        self.offset += 1
        self.count += 1
        meant = Intent(self.count, kind, expected, 10.0, reference if expected == "event" else "", id or f"id-{self.count}", token)
        self.history.add("partner-in-a", self.offset, [(TAG, meant.written())], None, f"{MARK}".encode(), 10.0)
        return self.offset

    def say(self, topic: str, subject: str, sequence: int, kind: str, data: str, id: str = "", now: float = 11.0) -> None:
        named = {"ce_id": id or f"{topic}{subject}{sequence}", "ce_subject": subject, "ce_sequence": f"{sequence:020}", "ce_type": kind}
        self.history.add(topic, 0, [(name, text.encode()) for name, text in named.items()], b"", data.encode(), now)

    def received(self) -> None:
        self.say("intake-events", "request/1", 1, "request.received.v1", '{"partner":"a","reference":"1"}')

    def amended(self, sequence: int, token: str) -> None:
        self.say("intake-events", "request/1", sequence, "request.amended.v1", f'{{"service":"{token}"}}')

    def answered(self, sequence: int) -> None:
        self.say("partner-out-a", "request/1", sequence, "referral.received.v1", '{"reference":"1","outcome":"event"}')

    def placed(self, subject: str = "1") -> None:
        self.say("assignment-events", f"placement/{subject}", 1, "placement.opened.v1", f'{{"request":"request/{subject}"}}')

    @property
    def kinds(self) -> list[str]:
        return sorted({finding.kind for finding in self.history.findings([])})


@pytest.fixture
def story() -> Story:
    """One referral, amended twice, answered and placed."""
    made = Story()
    for kind, token in (("request", ""), ("amend", "x"), ("amend", "y")):
        made.send(kind, token=token)
    made.received()
    made.amended(2, "x")
    for sequence in (1, 2, 3):
        made.answered(sequence)
    made.placed()
    return made


def test_a_good_history_is_found_good(story: Story) -> None:
    story.amended(3, "y")
    assert shown(story.history.findings([("a", 1), ("a", 2), ("a", 3)])) == []


def test_the_same_again_is_no_error(story: Story) -> None:
    story.amended(3, "y")
    story.received()
    assert story.kinds == [] and story.history.repeated == 1


def test_a_lost_amendment_is_found(story: Story) -> None:
    assert story.kinds == ["lost"]


def test_an_amendment_applied_twice_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.amended(4, "y")
    assert story.kinds == ["doubled"]


def test_amendments_in_the_wrong_order_are_found() -> None:
    story = Story()
    for kind, token in (("request", ""), ("amend", "x"), ("amend", "y")):
        story.send(kind, token=token)
    story.received()
    story.amended(2, "y")
    story.amended(3, "x")
    for sequence in (1, 2, 3):
        story.answered(sequence)
    story.placed()
    assert story.kinds == ["disorder"]


def test_a_sequence_used_for_two_events_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.say("intake-events", "request/1", 3, "request.withdrawn.v1", "{}", id="another")
    assert story.kinds == ["doubled"]


def test_a_later_event_before_an_earlier_one_is_found(story: Story) -> None:
    story.say("intake-events", "request/1", 4, "request.acknowledged.v1", "{}")
    story.amended(3, "y")
    assert story.kinds == ["disorder"]


def test_a_gap_that_stays_is_a_loss(story: Story) -> None:
    story.amended(4, "y")
    assert story.kinds == ["disorder", "lost"]


def test_one_id_for_two_events_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.say("intake-events", "request/1", 4, "request.acknowledged.v1", "{}", id="intake-eventsrequest/13")
    assert story.kinds == ["doubled"]


def test_an_answer_too_many_and_one_too_few_are_found(story: Story) -> None:
    story.amended(3, "y")
    story.answered(4)
    assert story.kinds == ["doubled"]
    story.send("same")
    story.send("same")
    assert story.kinds == ["lost"]


def test_a_placement_of_nothing_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.placed("2")
    assert story.kinds == ["wrong"]


def test_an_acknowledged_record_that_is_not_there_is_found(story: Story) -> None:
    story.amended(3, "y")
    assert [finding.kind for finding in story.history.findings([("a", 99)])] == ["lost"]


def test_a_quarantine_of_something_sound_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.say("intake-events", "input/1", 1, "input.quarantined.v1", '{"origin":{"topic":"partner-in-a","offset":2}}')
    assert story.kinds == ["wrong"]


def test_a_sound_message_that_was_returned_is_found(story: Story) -> None:
    story.amended(3, "y")
    story.say("partner-out-a", "input/1", 1, "referral.returned.v1", '{"offset":2}')
    assert story.kinds == ["wrong"]


def test_rubbish_is_answered_once(story: Story) -> None:
    story.amended(3, "y")
    at = story.send("tombstone", "return")
    assert story.kinds == ["lost"]
    story.say("partner-out-a", "input/1", 1, "referral.returned.v1", f'{{"offset":{at}}}')
    assert story.kinds == []
    story.say("partner-out-a", "input/1", 2, "referral.returned.v1", f'{{"offset":{at}}}')
    assert story.kinds == ["doubled"]


@pytest.mark.parametrize("topic", ["intake-events", "partner-out-a"])
def test_a_personal_value_in_any_other_topic_is_found(story: Story, topic: str) -> None:
    story.amended(3, "y")
    story.say(topic, "request/1", 4, "request.acknowledged.v1", f'{{"by":"{MARK}"}}')
    assert "leak" in story.kinds


def test_a_personal_value_in_a_log_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.log").write_text("started")
    (tmp_path / "bad.log").write_text(f"could not parse {MARK}")
    assert [finding.what for finding in in_logs(tmp_path)] == ["a personal value in bad.log"]


def test_a_recovery_counts_from_the_fault_to_the_last_answer_of_what_followed_it(story: Story) -> None:
    assert story.history.recovered(9.5, 1.0) == {"answered": 1.5, "placed": 1.5}
    story.send("request", reference="2")
    assert story.history.recovered(9.5, 1.0) == {"answered": None, "placed": None}
    assert story.history.recovered(20.0, 1.0) == {"answered": None, "placed": None}


class Table(list[dict[str, object]]):
    """A collection, as far as it is read here."""

    def find(self, *_: object) -> "Table":
        return self

    def count_documents(self, _: object) -> int:
        return len(self)


def test_a_database_that_tells_another_story_is_found() -> None:
    said = {"request/1/intake-events/1", "request/1/intake-events/2"}
    tables = {"facts": Table({"_id": name} for name in said), "outbox": Table()}
    assert not list(databases._facts(tables, said, "intake"))
    assert [one.kind for one in databases._facts(tables, said - {"request/1/intake-events/2"}, "intake")] == ["lost"]
    assert [one.kind for one in databases._facts({**tables, "facts": Table()}, said, "intake")] == ["wrong", "wrong"]
    assert [one.kind for one in databases._facts({**tables, "outbox": Table([{"_id": "m"}])}, said, "intake")] == ["lost"]


def test_a_missing_receipt_and_one_too_many_are_found() -> None:
    sent = Sent("a", Intent(1, "request", "event", 0.0, "1", "id-1"), 1, {1})
    good = Table([{"_id": databases.receipt_of(sent), "state": "event"}])
    assert not list(databases._receipts({"receipts": good}, [sent], ()))
    assert [one.kind for one in databases._receipts({"receipts": Table()}, [sent], ())] == ["lost"]
    assert [one.kind for one in databases._receipts({"receipts": good}, [], ())] == ["wrong"]
    assert not list(databases._receipts({"receipts": Table()}, [sent], ("request",)))
