"""Rules as data: which one applies, what it makes of an instant, and what is refused at start."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from infra.calendar import Hours
from infra.problems import Problem
from infra.rules import Clock, Rulebook, book_of

DESK = Hours.of({"mon-fri": "08:00-17:00"}, "UTC")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAIN = {
    "rule": "answer", "version": 1, "effective_from": "2026-01-01", "starts_at": "the question", "ends_when": "somebody answered",
    "limit": "4 bh", "calendar": "desk", "citation": "our default", "citation_status": "default",
}  # fmt: skip


@pytest.fixture
def book(tmp_path: Path):
    """A book of these files, each a list of what differs from PLAIN."""

    def load(*files: list[dict], **options) -> Rulebook:
        paths = [tmp_path / f"{at}.yaml" for at in range(len(files))]
        for path, rules in zip(paths, files, strict=True):
            path.write_text(yaml.safe_dump([{name: value for name, value in (PLAIN | rule).items() if value != ""} for rule in rules]))
        return Rulebook.load(*paths, **options)

    return load


def clock(book: Rulebook, at: datetime = MONDAY, name: str = "answer", **about) -> Clock:
    return book.clock(name, at, **({"now": at, "hours": DESK} | about))


@pytest.mark.parametrize(
    ("limit", "calendar", "at", "due"),
    [
        ("30 min", "absolute", "2026-03-06 16:45", "2026-03-06 17:15"),
        ("48 h", "absolute", "2026-03-06 16:45", "2026-03-08 16:45"),
        ("7 d", "absolute", "2026-03-06 16:45", "2026-03-13 16:45"),
        ("7 d", "network", "2026-03-06 16:45", "2026-03-13 16:45"),
        ("4 bh", "desk", "2026-03-06 16:45", "2026-03-09 11:45"),
        ("1 bd", "desk", "2026-03-06 16:45", "2026-03-09 16:45"),
        ("10 bd", "desk", "2026-03-07 10:00", "2026-03-23 08:00"),
    ],
)
def test_a_limit_is_counted_as_its_unit_says(book, limit, calendar, at, due):
    begin = datetime.fromisoformat(at).replace(tzinfo=UTC)
    made = clock(book([{"limit": limit, "calendar": calendar}]), begin)
    assert made.due_at == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert made.rule == "answer@1" and made.starts_at == begin
    assert made.counts_from == (DESK.opens(begin) if "b" in limit else begin)


def test_days_of_a_calendar_end_at_the_same_local_time_and_hours_are_absolute(book):
    denver = Hours.of({"mon-fri": "08:00-17:00"}, "America/Denver")
    saturday = datetime(2026, 3, 7, 19, tzinfo=UTC)
    days = clock(book([{"limit": "1 d", "calendar": "network"}], hours=denver), saturday)
    assert days.due_at - saturday == timedelta(hours=23)
    assert clock(book([{"limit": "24 h", "calendar": "absolute"}], hours=denver), saturday).due_at - saturday == timedelta(hours=24)


def test_the_desks_own_hours_else_the_networks(book):
    evenings = Hours.of({"mon-fri": "12:00-20:00"}, "UTC")
    rules = book([{}, {"rule": "duty", "calendar": "network"}], hours=evenings)
    assert clock(rules).due_at == MONDAY + timedelta(hours=4)
    assert clock(rules, hours=None).due_at == MONDAY.replace(hour=16)
    assert clock(rules, name="duty").due_at == MONDAY.replace(hour=16)


def test_the_most_specific_rule_in_force_wins(book):
    rules = book(
        [
            {"limit": "9 bh"},
            {"applies_to": {"urgency": ["urgent"]}, "limit": "4 bh"},
            {"applies_to": {"urgency": ["urgent"], "state": ["CO", "KS"]}, "limit": "1 bh"},
        ]
    )
    lasts = {name: clock(rules, **about).due_at - MONDAY for name, about in ABOUTS.items()}
    assert lasts == {
        "nothing": timedelta(days=1), "other": timedelta(days=1), "unknown": timedelta(days=1),
        "urgent": timedelta(hours=4), "urgent in KS": timedelta(hours=1), "in KS": timedelta(days=1),
    }  # fmt: skip


ABOUTS: dict[str, dict[str, str | None]] = {
    "nothing": {}, "other": {"urgency": "routine"}, "unknown": {"urgency": None}, "urgent": {"urgency": "urgent"},
    "urgent in KS": {"urgency": "urgent", "state": "KS"}, "in KS": {"state": "KS"},
}  # fmt: skip


def test_a_rule_is_the_one_in_force_where_its_clock_started(book):
    rules = book([{}, {"version": 2, "effective_from": "2026-07-01", "limit": "2 bh"}])
    june, july = datetime(2026, 6, 30, 10, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert [clock(rules, at).rule for at in (june, july)] == ["answer@1", "answer@2"]
    assert clock(rules, june, now=july).rule == "answer@1"


def test_before_its_first_day_a_rule_stands_as_first_written_and_no_clock_is_missing(book):
    rules = book([{"version": 2, "effective_from": "2026-07-01", "limit": "2 bh"}, {}])
    assert clock(rules, datetime(2019, 5, 6, 10, tzinfo=UTC)).rule == "answer@1"


def test_a_file_laid_over_adds_versions_and_wins_where_it_applies(book):
    rules = book(
        [{}, {"applies_to": {"urgency": ["urgent"]}, "limit": "2 bh"}],
        [{"version": 2, "effective_from": "2026-06-01", "limit": "3 bh"}],
        [{"version": 3, "applies_to": {"partner": ["riverbend"]}, "limit": "1 bh"}],
    )
    may, june = datetime(2026, 5, 4, 10, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert clock(rules, june, urgency="urgent").rule == "answer@2"
    assert clock(rules, june, urgency="urgent", partner="riverbend").rule == "answer@3"
    assert clock(rules, may, urgency="urgent").due_at - may == timedelta(hours=2)


def test_the_whole_of_a_clock_is_warned_of_in_time_that_somebody_works(book):
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    made = clock(book([{"warn_at": [0.5, 0.9]}]), friday)
    assert made.warns_at == (datetime(2026, 3, 6, 17, tzinfo=UTC), datetime(2026, 3, 9, 9, 36, tzinfo=UTC))
    absolute = clock(book([{"warn_at": [0.5], "limit": "48 h", "calendar": "absolute"}]), friday)
    assert absolute.warns_at == (friday + timedelta(hours=24),)


def law_9(book, left: timedelta, **about) -> Clock:
    rules = book([{"share": 0.5, "limit": "4 h", "calendar": "absolute"}])
    return clock(rules, within=MONDAY + left, **about)


@pytest.mark.parametrize(("left", "minutes"), [(100, 4 * 60), (8, 4 * 60), (6, 3 * 60), (1, 30), (0.4, 15), (0.1, 6), (0, 15), (-20, 15)])
def test_an_internal_clock_gets_its_limit_or_its_share_of_what_is_left_and_never_passes_the_clock_around_it(book, left, minutes):
    assert law_9(book, timedelta(hours=left)).due_at == MONDAY + timedelta(minutes=minutes)


def test_shares_are_of_the_time_somebody_works(book):
    rules = book([{"share": 0.5}, {"rule": "services", "limit": "1 bd"}])
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    outer = clock(rules, friday, "services")
    assert outer.due_at == datetime(2026, 3, 9, 15, tzinfo=UTC)  # 9 business hours
    assert clock(rules, friday + timedelta(hours=1), within=outer).due_at == datetime(2026, 3, 9, 11, tzinfo=UTC)


def test_a_share_may_be_written_as_a_fraction_and_ends_on_a_whole_minute(book):
    assert clock(book([{"share": "1/3"}]), within=MONDAY + timedelta(hours=4)).due_at == MONDAY + timedelta(minutes=80)
    assert clock(book([{"share": "1/7"}]), within=MONDAY + timedelta(hours=4)).due_at == MONDAY + timedelta(minutes=34)
    with pytest.raises(Problem, match="TL-5802"):
        book([{"share": "3/2"}])


def test_the_floor_waits_for_the_next_opening_as_its_rule_does(book):
    rules, saturday = book([{"share": "1/3"}]), datetime(2026, 3, 7, 10, tzinfo=UTC)
    assert clock(rules, saturday, within=saturday).due_at == datetime(2026, 3, 9, 8, 15, tzinfo=UTC)
    assert clock(rules, saturday, within=saturday + timedelta(hours=9)).due_at == saturday + timedelta(hours=9)


def test_a_rule_without_a_share_is_no_internal_clock(book):
    assert clock(book([{}]), within=MONDAY).due_at == MONDAY + timedelta(hours=4)


def test_when_no_more_than_a_third_is_left_a_clock_says_so(book):
    rules = book([{"share": 0.5}, {"rule": "services", "limit": "9 h", "calendar": "absolute"}])
    outer = clock(rules, name="services")
    short = {at: clock(rules, MONDAY + timedelta(hours=at), within=outer).running_short for at in (0, 5.9, 6, 6.1, 12)}
    assert short == {0: False, 5.9: False, 6: True, 6.1: True, 12: True}
    assert outer.short_at == MONDAY + timedelta(hours=6)
    assert not clock(rules).running_short
    assert law_9(book, timedelta(hours=9), now=MONDAY + timedelta(hours=6.1)).running_short
    assert not law_9(book, timedelta(hours=9), now=MONDAY + timedelta(hours=5.9)).running_short


def test_what_nothing_applies_to_is_a_problem_and_not_a_missing_clock(book):
    rules = book([{"applies_to": {"urgency": ["urgent"]}}, {"rule": "old", "effective_until": "2026-02-01"}])
    for name in ("question", "answer", "old"):
        with pytest.raises(Problem) as none:
            clock(rules, name=name)
        assert none.value.code == "TL-5804"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"limt": "4 bh"}, "entry 1 (answer), limt: nobody knows this field"),
        ({"limit": ""}, "entry 1 (answer), limit: missing"),
        ({"limit": "four hours"}, "limit: not a length; write a number and min, h, d, bh or bd"),
        ({"limit": "1.5 bd"}, "limit: days are whole"),
        ({"limit": "0 bh"}, "limit: nothing"),
        ({"calendar": "absolute"}, "calendar: business time needs desk or network"),
        ({"limit": "4 h"}, "calendar: hours and minutes are absolute"),
        ({"warn_at": [0.9, 0.5]}, "warn_at: each once, in ascending order"),
        ({"warn_at": [1.5]}, "warn_at/0: "),
        ({"share": 0}, "share: "),
        ({"floor": "1 bh"}, "floor: absolute"),
        ({"effective_until": "2025-01-01"}, "effective_until: before effective_from"),
        ({"effective_from": "soon"}, "effective_from: "),
        ({"applies_to": {"urgency": []}}, "applies_to: no values for urgency"),
        ({"citation_status": "certain"}, "citation_status: "),
        ({"rule": "An answer"}, "entry 1 (An answer), rule: "),
    ],
)
def test_a_wrong_rule_is_refused_by_file_rule_and_field(book, tmp_path, changes, told):
    with pytest.raises(Problem) as refused:
        book([changes])
    assert refused.value.code == "TL-5802" and told in str(refused.value) and str(tmp_path / "0.yaml") in str(refused.value)


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ([{}, {"limit": "2 bh"}], "answer@1, effective_from: twice"),
        ([{}, {"version": 2}], "effective_from: twice"),
        ([{"version": 2}, {"effective_from": "2026-06-01"}], "version: versions and days must grow together"),
        ([{"applies_to": {"state": ["CO"]}}, {"applies_to": {"urgency": ["urgent"]}}], "beside answer@1 where both fit (state, urgency)"),
        ([{"applies_to": {"state": ["CO", "KS"]}}, {"applies_to": {"state": ["KS"]}}], "applies beside"),
    ],
)  # fmt: skip
def test_rules_of_which_neither_wins_are_refused_when_they_are_loaded(book, others, told):
    with pytest.raises(Problem) as refused:
        book(others)
    assert refused.value.code == "TL-5803" and told in str(refused.value)


def test_a_ladder_is_found_by_name_and_version_so_two_of_one_version_are_refused(book):
    apart = [{"applies_to": {"state": ["CO"]}, "escalates": ["owner"]}, {"applies_to": {"state": ["KS"]}, "escalates": ["team-lead"]}]
    with pytest.raises(Problem) as refused:
        book(apart)
    assert refused.value.code == "TL-5802" and "answer@1, escalates: owner here, team-lead there" in str(refused.value)
    laid = book([apart[0]], [apart[1]])
    assert laid.ladder("answer@1") == ("team-lead",), "a network's own file says whom to call"
    assert laid.ladder("answer@9") == laid.ladder(None) == ()


def test_rules_that_never_meet_are_no_ambiguity(book):
    ended = {"applies_to": {"state": ["CO"]}, "effective_until": "2026-05-31"}
    book([ended, {"applies_to": {"urgency": ["urgent"]}, "effective_from": "2026-06-01"}])
    book([{"applies_to": {"state": ["CO"]}}, {"applies_to": {"state": ["KS"]}}])
    book([{"applies_to": {"state": ["CO"]}}], [{"applies_to": {"urgency": ["urgent"]}}])


@pytest.mark.parametrize("text", ["rule: answer", "- [", "- just words", ""])
def test_a_file_that_is_no_list_of_rules_is_told_by_its_place(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(Problem) as refused:
        Rulebook.load(path)
    assert refused.value.code in ("TL-5801", "TL-5802") and str(path) in str(refused.value)


def test_directories_lay_rules_and_the_networks_hours_over_a_services_own(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "rules.yaml").write_text(yaml.safe_dump([PLAIN]))
    for name, limit in (("network", "2 bh"), ("state", "1 bh")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "package.yaml").write_text(yaml.safe_dump([PLAIN | {"limit": limit}]))
    (tmp_path / "network" / "calendar.yaml").write_text('{hours: {mon-fri: "10:00-12:00"}, zone: America/New_York, observes: [US]}')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("THROUGHLINE_RULES", f"{tmp_path}/network, {tmp_path}/state")
    assert clock(book_of("package"), hours=None).due_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
    monkeypatch.setenv("THROUGHLINE_RULES", f"{tmp_path}/nowhere")
    with pytest.raises(Problem, match="TL-5805"):
        book_of("package")
    (tmp_path / "state" / "calendar.yaml").write_text('{hours: {mon-fri: "10:00-12:00"}, zone: Ohio}')
    monkeypatch.setenv("THROUGHLINE_RULES", f"{tmp_path}/state")
    with pytest.raises(Problem, match=r"TL-5811(.|\n)*state/calendar.yaml(.|\n)*zone"):
        book_of("package")


def test_a_service_that_decides_does_not_start_where_nobody_said_when_the_network_is_open(tmp_path):
    """The process itself, before it connects to anything: it ends, and says what to do."""
    for directory in ("", str(tmp_path)):
        told = {**os.environ, "THROUGHLINE_RULES": directory, "THROUGHLINE_DEVELOPMENT": "true", "THROUGHLINE_KAFKA_TLS": "false"}
        ended = subprocess.run([sys.executable, "-m", "services.intake.app"], env=told, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 2 and "TL-5807" in ended.stderr and "calendar.yaml" in ended.stderr
