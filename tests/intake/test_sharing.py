"""A consent counts for the person: given on one referral it opens the others, taken back on one it shuts them all."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.assignment import PlacementAccepted
from contracts.consents import Permit
from contracts.kernel import Actor
from contracts.partners import ReferralRequested
from services.intake.commands import RecordConsent, RevokeConsent, UnlinkRecord
from services.intake.referrals import request_of
from tests.intake.desk import Desk, request
from tests.intake.lives import NINE, blind
from tests.intake.test_cluster_laws import MINUTE, PARTNERS, Cluster, details
from tests.intake.test_consents import PART2, consent, last, other, statuses
from tests.intake.test_deaths import NUMBER, OAK, PINE, of, settled

GIVES, TAKES = RecordConsent(consent="C-9"), RevokeConsent()
ACCEPTED = PlacementAccepted(program="program/1", by="staff/31", released=())


async def referred(desk: Desk, reference: str, partner: str = OAK, **told: Any) -> str:
    """Somebody whom both partners know by a number of the whole network, each referral with a need of its own."""
    person = of(f"m-{partner}", NUMBER)
    await desk.send("requested", request(reference, person=person, service=f"service-{reference}", **{**PART2, **told}), partner)
    await settled(desk)
    return consent(desk.request_of(reference))


async def does(desk: Desk, subject: str, command: Any, key: str = "key") -> None:
    """And all that follows at once: words at one instant are told a tick apart, which a clock that stands does not reach."""
    assert (await desk.command(subject, command, key=key)).kind == "event"
    await settled(desk)
    await settled(desk)


def opens(desk: Desk, subject: str, to: Any = "program") -> bool:
    permit: Permit = desk.state(subject).permit
    return permit.opens(to, desk.clock.now())


async def test_given_on_one_referral_it_opens_every_other_and_what_was_withheld_there_is_told(desk: Desk) -> None:
    one, two, three = [await referred(desk, "R-1"), await referred(desk, "R-2"), await referred(desk, "R-3", PINE)]
    await desk.hear(other(two.replace("consent/", "request/"), "placement"), 1, ACCEPTED, sensitivity="part2")
    assert desk.answers(OAK)[-1].get("task_status") is None and desk.state(two).withheld
    await does(desk, one, GIVES)
    assert all(opens(desk, each) for each in (one, two, three))
    assert all(desk.state(each).owed is None for each in (two, three)), "nobody need ask the person again"
    assert desk.answers(OAK)[-1]["task_status"] == "accepted" and desk.state(two).withheld is None
    sent = [row for row in desk.log.rows if row.topic == f"partner-out-{OAK}"][-1]
    assert sent.attributes["consentid"] == "C-9"


async def test_taken_back_on_any_of_them_it_is_taken_back_on_all_and_somebody_asks_again(desk: Desk) -> None:
    one, two, three = [await referred(desk, "R-1"), await referred(desk, "R-2"), await referred(desk, "R-3", PINE)]
    await does(desk, one, GIVES)
    await does(desk, three, TAKES)
    assert not any(opens(desk, each, to) for each in (one, two, three) for to in ("program", "payer", "sender"))
    assert all(desk.state(each).owed.action == "obtain-consent" for each in (one, two, three))
    await does(desk, two, RecordConsent(consent="C-10"), key="anew")
    assert all(desk.state(each).permit.consent == "C-10" for each in (one, two, three))


async def test_a_later_referral_of_the_person_is_open_from_the_start_and_nobody_is_asked(desk: Desk) -> None:
    await does(desk, await referred(desk, "R-1"), GIVES)
    asked = desk.said("consent.asked")
    two = await referred(desk, "R-2")
    assert opens(desk, two) and desk.said("consent.asked") == asked
    await desk.send("requested", request("R-3", person=of(f"m-{OAK}", NUMBER), service="plain"), OAK)
    three = consent(desk.request_of("R-3"))
    await desk.send("amended", {"reference": "R-3", **PART2}, OAK)
    assert opens(desk, three) and desk.said("consent.asked") == asked, "labelled later, it is the person's all the same"


async def test_it_counts_no_further_than_it_was_given_and_ends_with_its_day(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE)]
    until = desk.clock.now() + timedelta(days=30)
    await does(desk, one, RecordConsent(consent="C-9", recipients=("program",), expires_at=until))
    assert opens(desk, two) and not opens(desk, two, "payer") and not opens(desk, two, "sender")
    desk.clock.advance(until - desk.clock.now())
    assert not opens(desk, two)
    await settled(desk)
    assert desk.said("consent.expired").count("consent.expired.v1") == 2 and not opens(desk, two)
    await does(desk, one, RecordConsent(consent="C-11", scope="referral"), key="here")
    assert opens(desk, one) and not opens(desk, two), "said to count for this referral alone"


async def test_what_a_sender_brings_counts_for_its_own_record_and_no_other(desk: Desk) -> None:
    two, three = await referred(desk, "R-2"), await referred(desk, "R-3", PINE)
    one = await referred(desk, "R-1", consent="C-1")
    assert opens(desk, one) and opens(desk, two) and not opens(desk, three), "it names its sender as who discloses"
    await desk.send("amended", {"reference": "R-1", "consent_ended": "C-1"}, OAK)
    await settled(desk)
    assert not opens(desk, one) and not opens(desk, two)


async def test_a_referrals_own_consent_stands_before_one_from_elsewhere(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE, consent="C-2")]
    await does(desk, one, GIVES)
    assert desk.state(two).permit.consent == "C-2"
    await does(desk, one, TAKES)
    assert opens(desk, two) and not opens(desk, one), "another consent was taken back"


async def test_where_a_consent_was_taken_back_an_older_one_from_elsewhere_opens_nothing(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE, consent="C-2")]
    await does(desk, one, GIVES)
    await does(desk, two, TAKES)
    assert opens(desk, one) and not opens(desk, two), "whoever took it back here is not told on under what they had said before"
    desk.later(1)
    await does(desk, one, RecordConsent(consent="C-10"), key="anew")
    assert opens(desk, two)


async def test_an_unlinked_record_opens_nothing_more_from_that_instant(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE)]
    await does(desk, one, GIVES)
    await desk.command(desk.state(two).record, UnlinkRecord())
    await desk.send("requested", request("R-3", person=of(f"m-{PINE}", NUMBER), service="other", **PART2), PINE)
    assert not opens(desk, consent(desk.request_of("R-3"))), "before anybody was told of it"


async def test_what_came_by_a_link_goes_with_the_link(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE)]
    await does(desk, one, GIVES)
    assert opens(desk, two)
    record = desk.state(two).record
    await desk.command(record, UnlinkRecord())
    await settled(desk)
    assert not opens(desk, two) and opens(desk, one) and last(desk, "consent.revoked.v1")["by"] == "unlinked"
    await does(desk, two, RecordConsent(consent="C-3"), key="theirs")
    await does(desk, two, TAKES)
    assert opens(desk, one), "and they are two people from now on"


async def test_an_end_stays_where_the_consent_was_given_even_when_the_link_by_which_it_came_is_gone(desk: Desk) -> None:
    one, two = [await referred(desk, "R-1"), await referred(desk, "R-2", PINE)]
    await does(desk, one, GIVES)
    await does(desk, two, TAKES)
    await desk.command(desk.state(two).record, UnlinkRecord())
    await settled(desk)
    assert not opens(desk, one) and not opens(desk, await referred(desk, "R-3"))


async def test_nothing_is_kept_of_consent_where_no_label_asks_for_it(desk: Desk) -> None:
    one = await referred(desk, "R-1")
    two = await referred(desk, "R-2", sensitivity="")
    await does(desk, one, GIVES)
    assert desk.state(two) is None and statuses(desk) == []


# — whatever happens, in whatever order it is heard of


@dataclass
class Person(Cluster):
    """Somebody with labelled referrals at three partners; `given` and `taken` are a count of our own, by number."""

    names: list[str] = field(default_factory=list)
    numbers: int = 0
    held_under: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)

    def refers(self, partner: str, linked: bool) -> None:
        self.asked += 1
        number = f"{partner}-{self.asked}"
        who = details(partner, linked)
        told = {"reference": number, "requested_at": NINE, "person": who, "service": f"therapy-{self.asked}", "sensitivity": "part2"}
        self.tells(partner, ReferralRequested(**told))
        self.names.append(request_of(partner, number, blind).replace("request/", "consent/"))

    def gives(self, at: int) -> None:
        self.numbers += 1
        consent = self.names[at % len(self.names)]
        self.held_under[f"C-{self.numbers}"] = self.states[consent].record
        self._take(RecordConsent(consent=f"C-{self.numbers}"), consent, Actor("user", "staff/7"))

    def takes(self, at: int) -> None:
        consent = self.names[at % len(self.names)]
        if standing := self.states[consent].permit.consent:
            self.taken.add(standing)
            self._take(TAKES, consent, Actor("user", "staff/7"))

    def same(self, one: str, other: str) -> bool:
        return bool(self.states[one].person == self.states[other].person)


AT = st.integers(0, 9)
STEP = st.one_of(
    st.tuples(st.just("refers"), st.sampled_from(PARTNERS), st.booleans()),
    st.tuples(st.just("gives"), AT), st.tuples(st.just("takes"), AT),
    st.tuples(st.just("parts"), st.sampled_from(PARTNERS)), st.tuples(st.just("settles"), st.integers(0, 99)),
)  # fmt: skip
LIVES = st.lists(STEP, max_size=14).map(lambda rest: [("refers", PARTNERS[0], True), ("refers", PARTNERS[1], True), *rest])


def lived(steps: Any) -> Person:
    life = Person()
    for what, *how in steps:
        life.now += MINUTE
        parts = lambda partner: life.decides_of(partner, UnlinkRecord())  # noqa: E731
        {"refers": life.refers, "gives": life.gives, "takes": life.takes, "parts": parts, "settles": life.settles}[what](*how)
    return life


@settings(max_examples=150, deadline=None)
@whatever(LIVES, st.integers(0, 99))
def test_no_referral_is_open_under_what_was_taken_back_or_is_another_persons_and_all_are_under_what_stands(steps, seed):
    life = lived(steps)
    life.settles(seed)
    for name in life.names:
        state = life.states[name]
        number = state.permit.consent
        assert number not in life.taken, (name, number)
        if number:
            assert life.same(state.record, life.held_under[number]), "it is this person's"
        elif state.closed_at is None:
            theirs = [one for one, record in life.held_under.items() if record in life.states and life.same(record, state.record)]
            current = {life.states[other].permit.consent for other in life.names if not life.states[other].of}
            assert not [one for one in theirs if one in current - life.taken], "somebody of this person gave one that stands"


@settings(max_examples=60, deadline=None)
@whatever(LIVES, st.integers(0, 99), st.integers(0, 99))
def test_it_settles_the_same_in_whatever_order_it_is_passed_on(steps, one, other):
    steps = [step for step in steps if step[0] != "settles"]
    ends = []
    for seed in (one, other):
        life = lived(steps)
        life.settles(seed)
        ends.append({name: life.states[name].permit.consent for name in life.names})
    assert ends[0] == ends[1]


def test_the_count_of_our_own_notices_a_shut_referral_and_an_open_one():
    """The laws above can fail: a world that passes nothing on breaks one, one that takes nothing back breaks the other."""
    dice = random.Random(7)
    life = lived([("refers", PARTNERS[0], True), ("refers", PARTNERS[1], True), ("settles", 1), ("gives", 0)])
    one, two = life.names
    assert life.states[one].permit.consent == "C-1" and life.states[two].permit.consent is None, "not passed on yet"
    life.settles(dice.randrange(99))
    assert life.states[two].permit.consent == "C-1"
    life.now += MINUTE
    life.takes(0)
    assert life.states[two].permit.consent == "C-1" and "C-1" in life.taken, "not taken back there yet"
    life.settles(dice.randrange(99))
    assert life.states[two].permit.consent is None
