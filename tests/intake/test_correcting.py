"""What one of us says of a person: what is absent stands, what was not so goes, and everybody who keeps it hears of it."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.directory import Criteria
from contracts.intake import ProgramsAvoided, RecordAmended, RecordLinked
from contracts.kernel import Actor, Personal
from contracts.partners import Guardian, PersonDetails
from contracts.people import Preferences, SafeContact
from services.intake import records
from services.intake.commands import AcknowledgeRequest, AmendRecord, SetContactRules, SetPreferences, TriageRequest
from tests.intake.desk import PERSON, Desk, request
from tests.intake.people import OAK, PINE, People, numbered

RULES = SafeContact(number=Personal("555-0142"), may_answer=Personal("only-the-person"), message=Personal("none"))
RULES_TOLD = {"number": "555-0142", "may_answer": "only-the-person", "message": "none", "hours": "weekdays after five"}


def told(**known: Any) -> People:
    life = People()
    life.refers(OAK, **known)
    return life


def test_rules_of_contact_are_kept_and_a_part_told_later_takes_nothing_away():
    life = told(given="Ada", phone=Personal("555-0100"))
    life.says(OAK, SetContactRules(rules=RULES))
    life.says(OAK, SetContactRules(rules=SafeContact(hours=Personal("after five"))))
    known = life.known(OAK).details
    assert known.safe_contact and known.safe_contact == RULES.model_copy(update={"hours": Personal("after five")})
    assert known.phone and known.given_name


def test_said_anew_nothing_stands_of_what_was_known_before():
    life = told(safe_contact=RULES)
    (said,) = life.says(OAK, SetContactRules(rules=SafeContact(message=Personal("any")), anew=True))
    assert isinstance(said, RecordAmended) and said.cleared == ("safe_contact",)
    assert life.known(OAK).details.safe_contact == SafeContact(message=Personal("any"))


def test_what_is_not_so_is_taken_back_also_where_nothing_better_is_known():
    life = told(phone=Personal("555-0100"), guardian=Guardian(phone=Personal("555-0101")), language=Personal("es"))
    life.says(OAK, AmendRecord(not_so=("phone", "guardian")))
    known = life.known(OAK).details
    assert (known.phone, known.guardian) == (None, None) and known.language


def test_an_avoided_program_may_be_taken_off_the_list_again():
    life = told(preferences=Preferences(avoid=("program/1",), times=Personal("mornings")))
    life.says(OAK, SetPreferences(preferences=Preferences(avoid=())))
    assert life.known(OAK).details.preferences == Preferences(avoid=(), times=Personal("mornings"))


def test_a_number_of_the_network_that_a_person_corrects_links():
    life = told()
    life.refers(PINE, "n-1")
    said = life.says(OAK, AmendRecord(details=PersonDetails(identifiers=numbered("n-1"))))
    assert [type(one) for one in said] == [RecordAmended, RecordLinked]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AmendRecord(), "TL-5161"),
        (SetContactRules(), "TL-5161"),
        (AmendRecord(details=PersonDetails(deceased=True)), "TL-5162"),
        (AmendRecord(details=PersonDetails(given_name=Personal("Ada"))), "TL-5163"),
        (AmendRecord(details=PersonDetails(identifiers=({"system": "urn:example:mrn", "value": Personal("1")},))), "TL-5164"),
    ],
)
def test_what_cannot_be_meant_is_refused(command: Any, code: str):
    life = told(given="Ada")
    assert life.says(OAK, command) == []
    assert life.why_not() == [code]


async def test_a_partners_own_event_says_all_of_it_and_nothing_of_it_is_readable_in_what_follows(desk: Desk) -> None:
    wishes = {"place": "near the school", "telehealth": "only", "avoid": ["program/1"]}
    person = PERSON | {"interpreter": True, "may_consent": "guardian", "safe_contact": RULES_TOLD, "preferences": wishes}
    assert await desk.send("requested", request(person=person)) == ["event"]
    opened = next(row.data for row in desk.log.rows if row.attributes["type"] == "record.opened.v1")
    said = orjson.loads(opened)["details"]
    assert all(value.startswith("sealed:") for value in said["safe_contact"].values())
    assert said["interpreter"].startswith("sealed:") and said["preferences"]["avoid"] == ["program/1"]
    assert not any(word in opened.decode() for word in ("555-0142", "after five", "near the school"))


async def test_a_partner_that_says_what_no_list_has_is_told_where(desk: Desk) -> None:
    person = PERSON | {"safe_contact": {"message": "shout"}}
    assert await desk.send("requested", request(person=person)) == ["refused"]
    assert [one["pointer"].partition("/person")[2] for one in desk.answers()[-1]["issues"]][:1] == ["/safe_contact/message"]


PART = {
    "phone": st.just(Personal("555-0100")),
    "language": st.sampled_from([Personal("en"), Personal("es")]),
    "interpreter": st.sampled_from([Personal(True), Personal(False)]),
    "safe_contact": st.builds(
        SafeContact, number=st.sampled_from([None, Personal("1")]), hours=st.sampled_from([None, Personal("2"), Personal("3")])
    ),
    "preferences": st.builds(Preferences, place=st.sampled_from([None, Personal("4")]), avoid=st.sampled_from([None, (), ("program/1",)])),
}
TOLD = st.fixed_dictionaries({}, optional=PART).map(lambda said: PersonDetails(**said))


@settings(max_examples=200)
@whatever(st.lists(TOLD, max_size=6))
def test_a_partial_update_blanks_no_field_and_the_last_word_of_each_stands(words: list[PersonDetails]):
    known, last = PersonDetails(), dict[str, Any]()
    for word in words:
        known = records._with(known, word)
        last |= flat(word)
    assert flat(known) == last


def flat(of: PersonDetails) -> dict[str, Any]:
    """Field by field, those inside a part as well; what is absent is not there."""
    found = dict[str, Any]()
    for name in PART:
        value = getattr(of, name)
        parts = (
            {f"{name}/{one}": getattr(value, one) for one in type(value).model_fields} if hasattr(value, "model_fields") else {name: value}
        )
        found |= {name: value for name, value in parts.items() if value is not None}
    return found


def avoids(life: People) -> list[Any]:
    """What its requests were told."""
    return [fact.data for fact in life.facts if isinstance(fact.data, ProgramsAvoided)]


def test_every_request_of_the_person_hears_which_programs_they_avoid_the_next_one_too():
    life = told(preferences=Preferences(avoid=("program/1",)))
    life.passes(timedelta(minutes=1))
    assert [one.avoid for one in avoids(life)] == [("program/1",)]
    life.refers(OAK)
    life.passes(timedelta(minutes=1))
    assert [one.avoid for one in avoids(life)] == [("program/1",)] * 2
    life.says(OAK, SetPreferences(preferences=Preferences(avoid=())))
    life.passes(timedelta(minutes=1))
    assert [one.avoid for one in avoids(life)] == [("program/1",)] * 2 + [()] * 2


def test_triage_asks_for_none_that_they_avoid_and_keeps_what_it_says_itself():
    life = told(preferences=Preferences(avoid=("program/1",)))
    life.passes(timedelta(minutes=1))
    (request,) = [name for name in life.states if name.startswith("request/")]
    who = Actor("user", "staff/ana")
    life._take(AcknowledgeRequest(), request, who)
    criteria = Criteria(payer="medicaid", avoid=("program/2",))
    triaged, *_ = life._take(TriageRequest(urgency="routine", service="therapy", criteria=criteria), request, who)
    assert triaged.criteria == Criteria(payer="medicaid", avoid=("program/2", "program/1"))
