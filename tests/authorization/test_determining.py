"""Whether the payer must be asked: by its table, by a person, and by whom until it is known."""

from datetime import date, timedelta

from contracts.authorization import AuthorizationCovered, AuthorizationDetermined, AuthorizationEnded, AuthorizationOverdue, LineAsked
from contracts.directory import DirectoryListed, Program
from contracts.kernel import Actor, Personal
from services.authorization.commands import AddLines, CancelLine, Determine, EndAuthorization, ListRequirements, RecordCoverage
from services.authorization.requirements import Requirements
from tests.authorization.stories import (
    COVERED,
    DESK,
    EMPLOYER,
    ENDED,
    MANAGED,
    NINE,
    RESIDENTIAL,
    TABLES,
    Story,
    accepted,
    names,
    requirement,
    story,
)

LINE = LineAsked(line=1, service="H0018", units=7, unit="day")


def test_an_acceptance_starts_the_check_and_known_table_and_coverage_answer_it_at_once():
    begun = story()
    assert names([fact.data for fact in begun.facts[2:]]) == ["AuthorizationOpened", "AuthorizationCovered", "AuthorizationDetermined"]
    said = begun.told(AuthorizationDetermined)[0]
    assert (said.requirement, said.silence_means, [line.units for line in said.lines]) == (
        f"{MANAGED}/*/{RESIDENTIAL}@1",
        "denial",
        [14, 20],
    )
    assert (said.lines[0].starts_on, said.lines[0].ends_on) == (date(2026, 3, 2), date(2026, 3, 15))
    assert (begun.next.owner, begun.next.action, begun.authorization.status) == (DESK, "submit", "assembling")
    assert begun.told(AuthorizationCovered)[0].member == begun.states["coverage/1"].member


def test_without_coverage_the_requesting_desk_finds_out_within_a_business_day():
    begun = story(covered=None)
    assert (begun.authorization.status, begun.next.owner, begun.next.action) == ("determining", DESK, "determine")
    assert begun.next.due == NINE + timedelta(days=1)
    late = begun.passes(timedelta(days=2))
    assert names(late) == ["AuthorizationWarned", "AuthorizationWarned", "AuthorizationOverdue"]
    told = begun.told(AuthorizationOverdue)[0]
    assert (told.owner, told.late_minutes, told.rule, told.citation_status) == (DESK, 0, "determine@1", "default")
    assert begun.next.action == "determine" and begun.authorization.status == "determining"


def test_the_clock_starts_at_the_acceptance_however_late_we_hear_of_it():
    begun = Story(now=NINE + timedelta(days=3))
    begun.hears(accepted(), at=NINE)
    assert begun.next.due == NINE + timedelta(days=1)
    begun.passes(timedelta(0))
    assert begun.told(AuthorizationOverdue)[0].late_minutes == 2 * 24 * 60


def test_a_service_that_needs_nothing_leaves_nothing_to_do():
    begun = story(service="outpatient-therapy")
    assert (begun.authorization.status, begun.next.action, begun.authorization.steps) == ("not-required", "none", ())


def test_a_person_finds_out_by_phone_and_says_who_covers():
    begun = story(covered=None)
    begun.asks(Determine(needed="authorization", payer=EMPLOYER, member=Personal("EX-2"), lines=(LINE,)))
    assert (begun.authorization.payer, begun.authorization.payer_kind, begun.authorization.status) == (EMPLOYER, "employer", "assembling")
    assert begun.authorization.member is not None and begun.authorization.member.plain is None
    assert begun.asks(Determine(needed="nothing")) == [] and begun.refused and begun.refused.reasons[0].code == "TL-5311"


def test_what_cannot_be_looked_up_is_refused_with_what_to_do():
    begun = story(covered=None, service="methadone")
    for command, code in (
        (Determine(), "TL-5312"),
        (Determine(payer=MANAGED), "TL-5313"),
        (Determine(payer=MANAGED, needed="authorization"), "TL-5314"),
        (Determine(payer=MANAGED, needed="authorization", lines=(LINE, LINE)), "TL-5314"),
        (AddLines(lines=(LINE,)), "TL-5315"),
    ):
        assert begun.asks(command) == [] and begun.refused and begun.refused.reasons[0].code == code
        assert "determine" in begun.refused.allowed


def test_a_coverage_that_ended_is_not_used():
    begun = story(covered=RecordCoverage(payer=MANAGED, ends_on=date(2026, 3, 1)))
    assert begun.authorization.needed is None


def test_the_row_of_the_plan_and_the_newer_row_win():
    rows = (
        requirement(), requirement(plan="gold", needed="nothing", lines=()),
        requirement(version=2, effective_from=date(2026, 2, 1), silence_means="approval"),
        requirement(version=3, effective_from=date(2027, 1, 1), silence_means="nothing"),
    )  # fmt: skip
    tables = Requirements(rows=rows)
    assert tables.row(MANAGED, "gold", RESIDENTIAL, date(2026, 3, 2)) is rows[1]
    assert tables.row(MANAGED, "silver", RESIDENTIAL, date(2026, 3, 2)) is rows[2]
    assert tables.row(MANAGED, None, RESIDENTIAL, date(2026, 1, 15)) is rows[0]
    assert tables.row(EMPLOYER, None, RESIDENTIAL, date(2026, 3, 2)) is None


def test_a_list_that_contradicts_itself_is_refused_and_the_same_list_again_is_none():
    begun = Story()
    for rows, code in (
        ((requirement(), requirement()), "TL-5301"),
        ((requirement(), requirement(version=2)), "TL-5301"),
        ((requirement(payer="nobody"),), "TL-5302"),
        ((requirement(lines=()),), "TL-5303"),
    ):
        begun.asks(ListRequirements(payers=TABLES.payers, requirements=rows))
        assert begun.refused and begun.refused.reasons[0].code == code
    assert len(begun.asks(TABLES)) == 1 and begun.asks(TABLES) == []


def test_a_second_acceptance_is_none_and_an_end_without_one_is_nothing():
    begun = story()
    assert begun.hears(accepted()) == [] and Story().hears(ENDED) == []


def test_the_end_of_the_placement_ends_it_and_it_stays_there_to_be_asked_for():
    begun = story()
    assert names(begun.hears(ENDED)) == ["AuthorizationEnded"]
    assert (begun.authorization.status, begun.next.action) == ("ended", "none")
    assert begun.told(AuthorizationEnded)[0].queryable_until == NINE + timedelta(days=184)
    assert begun.hears(ENDED) == [] and not begun.authorization.steps
    assert begun.asks(CancelLine(line=1, reason="other")) == [] and begun.refused and begun.refused.reasons[0].code == "TL-5307"


def test_a_person_ends_it_or_cancels_a_line():
    begun = story()
    begun.asks(CancelLine(line=2, reason="not-needed"))
    assert [line.status for line in begun.authorization.lines] == ["assembling", "cancelled"]
    assert begun.asks(CancelLine(line=2, reason="not-needed")) == []
    begun.asks(EndAuthorization(reason="care-declined"))
    assert begun.authorization.status == "ended"


def test_a_placement_that_names_no_record_waits_for_a_person():
    begun = story(covered=COVERED, record=None)
    assert begun.authorization.needed is None and begun.next.action == "determine"


def test_who_is_at_which_desk_is_noted_when_the_directory_says_so():
    begun, harbor = Story(), Program(id="program/harbor", name="Harbor", desk="desk/harbor", services=(), places=1)
    begun.take(DirectoryListed(programs=(harbor,), staff={"desk/harbor": ("staff/31",)}), "directory/network", Actor())
    assert begun.states["members/network"].of("staff/31") == {"desk/harbor", "program/harbor"}
