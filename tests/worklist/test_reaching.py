"""How a person is reached without putting them at risk: shown where somebody is about to, part by part, to whom the person may be shown."""

import pytest

from contracts.barriers import BarrierNoted
from contracts.intake import CandidateFound, RecordAmended, RecordKeptApart, RecordLinked, RecordOpened
from contracts.kernel import Change, Personal
from contracts.partners import Guardian, PersonDetails
from contracts.people import Preferences, SafeContact
from contracts.risk_flags import RiskFlagged, RiskFlagLifted, RiskFlagReviewed
from infra.sealing import seal
from services.worklist import reaching, rows
from services.worklist.about import about, risks
from services.worklist.filling import shown
from services.worklist.forms import FORMS
from services.worklist.items import applied, document
from services.worklist.local import Local
from services.worklist.rows import Listed, Shown
from tests.worklist.stories import COORDINATOR, Log, at, step

RECORD, KEY = "record/1", bytes(32)
SAFE = SafeContact(number=Personal("555-0142"), may_answer=Personal("guardian"), message=Personal("call-back-only"))


def item_of(*facts: Change) -> dict:
    log = Log()
    for minutes, fact in enumerate(facts):
        log.say(RECORD, seal(fact, RECORD, KEY), minutes)
    sections, _, _ = applied({}, log.changes)
    return document(RECORD, sections, 1)


def told(*parts: PersonDetails, cleared: tuple[str, ...] = ()) -> Shown:
    named = PersonDetails(given_name=Personal("Ada"), phone=Personal("555-0100"))
    facts = [RecordOpened(record=RECORD, partner="lakeside", person="person/1", details=named)]
    facts += [RecordAmended(record=RECORD, details=one, cleared=cleared) for one in parts]
    found = rows._opened(RECORD, item_of(*facts), KEY)
    assert found
    return found


def test_the_rules_of_contact_are_told_the_number_first():
    assert reaching.rules(told(PersonDetails(safe_contact=SAFE)).known) == (
        "Use 555-0142, and no other number", "The guardian may answer", "Leave a name and a number at most, and nothing of care",
    )  # fmt: skip


def test_where_nobody_said_anything_the_careful_way_is_meant():
    known = told().known
    assert not reaching.are_stated(known) and reaching.rules(known) == ("Speak with nobody but them", "Leave no message")


def test_the_safe_number_is_the_one_that_is_shown():
    assert told().phone == "555-0100"
    assert told(PersonDetails(safe_contact=SAFE)).phone == "555-0142"


def test_a_part_told_later_takes_nothing_away():
    found = told(
        PersonDetails(safe_contact=SAFE, guardian=Guardian(given_name=Personal("Mari"))),
        PersonDetails(safe_contact=SafeContact(hours=Personal("after five")), guardian=Guardian(phone=Personal("555-0101"))),
    )
    assert "Use 555-0142, and no other number" in reaching.rules(found.known) and "When: after five" in reaching.rules(found.known)
    assert found.guardian == "Mari, 555-0101"


def test_what_is_taken_back_is_told_no_more():
    found = told(
        PersonDetails(safe_contact=SAFE), PersonDetails(safe_contact=SafeContact(message=Personal("any"))), cleared=("safe_contact",)
    )
    assert reaching.rules(found.known) == ("Speak with nobody but them", "Messages may be left") and found.phone == "555-0100"


@pytest.mark.parametrize(("said", "words"), [(None, ""), (True, "Needs an interpreter"), (False, "Needs no interpreter")])
def test_that_no_interpreter_is_needed_is_said_only_where_somebody_said_it(said: bool | None, words: str):
    details = PersonDetails() if said is None else PersonDetails(interpreter=Personal(said))
    assert reaching.interpreter(told(details).known) == words


def test_what_they_want_is_told_with_programs_by_their_names():
    wants = Preferences(place=Personal("near the school"), telehealth=Personal("only"), avoid=("program/1", "program/2"))
    found = told(PersonDetails(preferences=wants, may_consent=Personal("guardian")))
    assert reaching.wishes(found.known, {"program/1": "Oak"}) == (
        "Where: near the school", "By video or telephone only", "Not Oak, not program/2",
    )  # fmt: skip
    assert reaching.consent(found.known) == "The guardian consents for them"


def compared(*facts: Change) -> list[str]:
    """Records that the form offers to be linked."""
    (form,) = [one for one in FORMS["record"] if one.command == "link-records"]
    return [value for value, _ in shown(form.fields[0], item_of(*facts), Listed({}), {}, None, Local("UTC"))["options"]]


def test_who_is_asked_about_is_offered_until_a_person_answered():
    found = CandidateFound(other="record/2"), CandidateFound(other="record/3")
    assert compared(*found) == ["record/2", "record/3"]
    assert compared(*found, RecordLinked(person="person/2", left="person/1", by="staff/9", other="record/2")) == ["record/3"]
    assert compared(*found, RecordKeptApart(others=("record/2", "record/3"), by="staff/9")) == []


def test_a_flag_is_shown_with_the_person_until_somebody_lifts_it():
    about = {"record": RECORD, "risk": "suicide", "by": "staff/9"}
    raised = RiskFlagged(
        record=RECORD, risk="suicide", source="family", by="staff/9", raised_at=at(0), next=step(COORDINATOR, "review-risk-flag")
    )
    looked = RiskFlagReviewed(**about, reviewed_at=at(5), next=step(COORDINATOR, "review-risk-flag"))
    lifted = RiskFlagLifted(**about, lifted_at=at(6), next=step(COORDINATOR, "none"))
    assert risks(hindrance("risk-flag/1.suicide", raised, looked)) == ["Risk of suicide"]
    over = hindrance("risk-flag/1.suicide", raised, looked, lifted)
    assert risks(over) == [] and not over["open"] and over["record"] == RECORD


def test_a_barrier_is_something_to_do_about_the_person():
    noted = BarrierNoted(record=RECORD, barrier="childcare", by="staff/9", noted_at=at(0), next=step(COORDINATOR, "see-to-barrier", at(9)))
    item = hindrance("barrier/1.childcare", noted)
    assert item["open"] and item["record"] == RECORD and about(item, at(1)) == ["In the way: nobody to look after the children"]


def hindrance(id: str, *facts: Change) -> dict:
    log = Log()
    for minutes, fact in enumerate(facts):
        log.say(id, fact, minutes)
    return document(id, applied({}, log.changes)[0], 1)
