"""A planted name, birth date and diagnosis appear in no message, header, log, metric, trace, page, fact or stored state."""

import io
import logging
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from contracts.alerts import AlertRaised
from contracts.kernel import Next, Personal, Sealable
from contracts.notices import NoticeQueued
from infra.sealing import seal
from infra.telemetry import Meters, Tracing
from infra.watching import Watching
from services.notification.channel import Letter
from services.notification.composing import LOCALES, Composer
from services.notification.pages import samples
from services.notification.smtp import written
from tests.notification.house import House
from tests.notification.lateness import overdue
from tests.notification.stories import COORDINATOR, HOUR, NINE

NAME, BORN, DIAGNOSIS = "Zelda Quillfeather", "1971-05-23", "paranoid schizophrenia"
TRACES = ("zelda", "quillfeather", "1971-05-23", "schizophrenia")


class VisitOverdue(Sealable):
    """A lateness that carries what notification must never tell."""

    type: ClassVar = "visit.overdue.v1"
    rule: str = "visit-emergency"
    action: str = DIAGNOSIS
    owner: str = COORDINATOR
    name: Personal[str] | None = None
    birth_date: Personal[str] | None = None
    diagnosis: Personal[str] | None = None


def shown(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text.lower()]


def planted(key: bytes) -> VisitOverdue:
    open_values = {"name": Personal(NAME), "birth_date": Personal(BORN), "diagnosis": Personal(DIAGNOSIS)}
    step = Next(owner=COORDINATOR, action="visit", due=NINE, rule="visit-emergency")
    return seal(VisitOverdue(record="record/1", action="visit", next=step, **open_values), "record/1", key)


@pytest.fixture
def logs() -> Any:
    """Everything that is logged, by whatever logger, at every level."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(text))
    yield text
    structlog.reset_defaults()
    root.removeHandler(handler)
    root.setLevel(level)


def test_the_planted_values_would_be_found() -> None:
    assert shown(f"{NAME} {BORN} {DIAGNOSIS}") == list(TRACES)


async def test_nothing_of_a_person_is_told_stored_logged_measured_or_traced(logs: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    house, exporter = await House().open(), InMemorySpanExporter()
    meters = Meters("notification")
    tracing = Tracing(meters, exporter)
    house.settler.watch = Watching(meters, tracing)
    monkeypatch.setitem(house.reader._service.hears, VisitOverdue.type, VisitOverdue)
    key = (await house.vault.keys(["record/1"], create=True))["record/1"]
    house.say("care/1", planted(key), "follow-up-events")
    await house.take(house.log[-1:])
    await house.pass_time(timedelta(minutes=20), timedelta(seconds=30))
    assert house.queued() and house.mail.taken
    letters = [letter for taken in house.mail.taken.values() for letter in taken]
    for letter in letters:
        assert shown(written(letter, "throughline@example.org").decode()) == []
    assert shown("".join(repr(row) for row in house.tables.facts.values())) == []
    assert shown("".join(repr(row) for row in house.tables.aggregates.values())) == []
    assert shown(house.errands._meters.text().decode()) == [] and shown(meters.text().decode()) == [] and shown(logs.getvalue()) == []
    tracing.stop(5.0)
    spans = exporter.get_finished_spans()
    assert spans and shown("".join(span.to_json() for span in spans)) == []
    assert logs.getvalue(), "nothing was logged: the test looks at the wrong place"


async def test_what_is_no_code_is_not_shown_although_a_service_put_it_where_codes_are(logs: io.StringIO) -> None:
    """A fault elsewhere: free text in a field for codes."""
    house = await House().open()
    house.reader._service.hears[VisitOverdue.type] = VisitOverdue  # type: ignore[index]
    try:
        step = Next(owner=COORDINATOR, action="visit", due=NINE + HOUR, rule=f"rule of {NAME}")
        house.say("care/2", VisitOverdue(record="record/2", rule=f"rule of {NAME}", action=f"{DIAGNOSIS} of {NAME}", next=step))
        await house.take(house.log[-1:])
        await house.pass_time(timedelta(minutes=2), timedelta(seconds=30))
        letters = [letter for taken in house.mail.taken.values() for letter in taken]
        assert letters and all(shown(written(letter, "a@example.org").decode()) == [] for letter in letters)
        assert logs.getvalue() and shown(logs.getvalue()) == [] and shown(house.errands._meters.text().decode()) == []
    finally:
        del house.reader._service.hears[VisitOverdue.type]  # type: ignore[attr-defined]


async def test_whoever_acts_is_passed_on_by_an_opaque_id_or_not_at_all() -> None:
    """Another fault elsewhere: a name where an id belongs."""
    house = await House().open()
    late, by = overdue(COORDINATOR, NINE), (NAME, "staff/7")
    acted = [house.say(f"care/{n}", late, "follow-up-events", authtype="user", authid=one) for n, one in enumerate(by)]
    await house.take(acted)
    raised = [row.attributes for row in house.tables.facts.values() if row.attributes["type"] == AlertRaised.type]
    assert sorted(one.get("authid", "") for one in raised) == ["", "staff/7"]


def test_a_letter_does_not_show_its_address() -> None:
    letter = Letter("n", f"{NAME}@example.org", "example.org", "", "", "", NINE, "en")
    assert shown(repr(letter)) == [] and shown(str(letter)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_preview_renders_in_both_forms_and_leads_to_the_board_alone(locale: str) -> None:
    composer = Composer("https://board.example.org", demo=True)
    for name, notice in samples(locale):
        message = composer.compose(notice)
        assert "{" not in message.subject + message.text and "{{" not in message.html, name
        assert all("https://board.example.org/alerts/" in body for body in (message.text, message.html))
        links = [part for part in message.text.split() if "//" in part]
        assert links and all(link.startswith("https://board.example.org/alerts/") for link in links)
        assert "<script" not in message.html and " src=" not in message.html
        assert len(message.subject) < 120


def test_a_queued_fact_holds_references_alone() -> None:
    assert not [name for name in NoticeQueued.model_fields if name in ("name", "text", "body", "subject_line")]
