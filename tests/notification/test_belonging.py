"""Whose an alert is: of every fact that calls somebody, by what its program and its organisation are known, and who is told for it."""

from dataclasses import replace

import pytest

from contracts import catalogue
from contracts.alerts import AlertRaised
from contracts.assignment import PlacementAccepted, PlacementReopened
from contracts.authorization import AuthorizationOpened
from contracts.crisis_routing import EpisodeOpened, OutpatientLinked
from contracts.directory import DirectoryListed, Program
from contracts.follow_up import CareOpened
from contracts.intake import RecordOpened, RequestReceived
from contracts.kernel import Change
from contracts.plans import PlanFlagged, PlanOpened
from contracts.rosters import BelongingLearned, Subscription
from contracts.transitions import TransitionMatched
from contracts.upkeep import AggregateParked, Origin
from contracts.views import RequestAccepted
from services.notification.belonging import RECORD, SETTLES, settles
from services.notification.commands import ListSubscriptions
from services.notification.roster import ROSTER
from services.notification.sources import NOTED, calls
from tests.notification.stories import DAY, STAFF, Story, sample, story

HOUSE, CLINIC = "program/example-house", "example-clinic"
OF_HOUSE, OF_CLINIC, OF_OTHERS = "staff/21", "staff/22", "staff/23"
KNOWN = """
access.opened.v1                    nothing    record
access.overdue.v1                   nothing    record
access.warned.v1                    nothing    record
aggregate.parked.v1                 item       item
authorization.line-expired.v1       itself     directory
authorization.overdue.v1            itself     directory
authorization.put-at-risk.v1        itself     directory
authorization.renewal-due.v1        itself     directory
authorization.unanswered.v1         itself     directory
authorization.warned.v1             itself     directory
barrier.overdue.v1                  nothing    record
barrier.warned.v1                   nothing    record
care.missed.v1                      item       directory
care.overdue.v1                     item       directory
care.put-at-risk.v1                 item       directory
care.warned.v1                      item       directory
consent.expired.v1                  request    request
consent.overdue.v1                  request    request
consent.warned.v1                   request    request
episode.bed-lost.v1                 item       item
episode.death-reported.v1           item       item
episode.facility-unanswered.v1      item       item
episode.hand-over-asked.v1          item       item
episode.hand-over-declined.v1       item       item
episode.hand-over-unanswered.v1     item       item
episode.no-facility-available.v1    item       item
episode.no-team-available.v1        item       item
episode.opened.v1                   nothing    itself
episode.overdue.v1                  item       item
episode.plan-team-alerted.v1        item       item
episode.scene-overdue.v1            item       item
episode.team-unanswered.v1          item       item
episode.warned.v1                   item       item
feed.silent.v1                      directory  directory
input.quarantined.v1                nothing    itself
message.overdue.v1                  item       item
partner.agreement-ended.v1          nothing    itself
partner.agreement-expiring.v1       nothing    itself
placement.hand-off-asked.v1         item       item
placement.hand-off-declined.v1      item       item
placement.hand-off-unanswered.v1    item       item
placement.no-program-available.v1   nothing    request
placement.offer-unanswered.v1       itself     directory
placement.overdue.v1                item       item
placement.warned.v1                 item       item
plan.death-reported.v1              item       item
plan.flagged.v1                     item       item
plan.overdue.v1                     item       item
plan.supervisor-review-asked.v1     item       item
plan.visit-missed.v1                item       item
plan.warned.v1                      item       item
record.overdue.v1                   nothing    item
record.warned.v1                    nothing    item
request.death-reported.v1           item       item
request.overdue.v1                  item       item
request.warned.v1                   item       item
risk-flag.overdue.v1                nothing    record
risk-flag.warned.v1                 nothing    record
transition.overdue.v1               item       directory
transition.warned.v1                item       directory
view.overdue.v1                     request    request
view.warned.v1                      request    request
"""
"""By what the program of a fact that calls is known, and by what its organisation: the fact itself (or the name of its item), what was
said of its item before, of the request or record that it is about, or what the directory says of programs."""
LINES = [tuple(line.split()) for line in KNOWN.split("\n") if line]
SUBJECTS = {"partner": f"partner/{CLINIC}", "feed": "feed/program-example-house", "aggregate": "request/1", "message": "request/1",
            "barrier": "barrier/1.transport", "risk-flag": "risk-flag/1.suicide"}  # fmt: skip
SAYS = {"program": HOUSE, "partner": CLINIC, "origin": Origin(catalogue.PARTNER_IN + CLINIC)}
BEFORE: dict[str, list[type[Change]]] = {
    "request": [RequestReceived, RequestAccepted], "record": [RecordOpened], "placement": [PlacementAccepted], "care": [CareOpened],
    "authorization": [AuthorizationOpened], "plan": [PlanOpened], "transition": [TransitionMatched],
    "episode": [EpisodeOpened, OutpatientLinked],
}  # fmt: skip
"""What is said of an item before it is late, which tells whose it is."""
HEARD = {event.type: event for topic in catalogue.heard_by("notification") for event in topic.events}


def said(event: type[Change]) -> Change:
    """A saved example, of this program and this organisation where it names one."""
    named = {name: value for name, value in SAYS.items() if name in event.model_fields}
    return sample(event).model_copy(update=named)


def begin() -> Story:
    begun = story({**STAFF, "role/house": (OF_HOUSE,)})
    wanted = (
        Subscription(subscriber="role/house", program=HOUSE), Subscription(subscriber=OF_CLINIC, organisation=CLINIC),
        Subscription(subscriber=OF_OTHERS, program="program/other"), Subscription(subscriber=OF_OTHERS, organisation="other-clinic"),
    )  # fmt: skip
    begun.asks(ListSubscriptions(subscriptions=wanted), "staff/platform", ROSTER)
    return begun


def hears_of(begun: Story, kind: str, *fields: str) -> None:
    """Whatever is said of an item of this kind that settles one of these fields."""
    for event in BEFORE[kind]:
        if set(fields) & set(settles(event.type)):
            begun.hears(said(event), about=f"{kind}/1")


def lists(begun: Story, partner: str | None = CLINIC) -> None:
    house = Program(id=HOUSE, name="Example House", desk="desk/house", services=(), places=1, partner=partner)
    begun.hears(DirectoryListed(programs=(house,), staff={**STAFF, "role/house": (OF_HOUSE,)}), about="directory/network")


def test_every_fact_that_calls_somebody_has_a_line():
    calling = {type for type, event in HEARD.items() if calls(sample(event))} - {NOTED}
    assert [line[0] for line in LINES] == sorted(calling), "of a death that is said of a record, its requests ask"


def test_every_fact_that_settles_whose_an_item_is_is_told_here():
    told = {event.type for events in BEFORE.values() for event in events} | {"request.reopened.v1", PlacementReopened.type}
    assert {pattern.replace("v*", "v1") for pattern, fields in SETTLES if fields != RECORD} == told


@pytest.mark.parametrize(("type", "program", "organisation"), LINES, ids=[line[0] for line in LINES])
def test_whoever_subscribed_to_a_program_or_an_organisation_is_told_of_what_is_late_of_it(type: str, program: str, organisation: str):
    begun, kind = begin(), type.partition(".")[0]
    item = SUBJECTS.get(kind, f"{kind}/1")
    if "directory" in (program, organisation):
        lists(begun)
    for by, field in ((program, "program"), (organisation, "partner")):
        if by in ("item", "request", "record"):
            hears_of(begun, item.partition("/")[0] if by == "item" else by, field)
    seen = len(begun.raised())
    begun.hears(said(HEARD[type]), about=item)
    (alert,) = begun.raised()[seen:]
    assert alert.program == (None if program == "nothing" else HOUSE) and alert.organisation == CLINIC
    assert (OF_HOUSE in alert.told) is (program != "nothing") and OF_CLINIC in alert.told and OF_OTHERS not in alert.told


def flagged(begun: Story) -> AlertRaised:
    begun.hears(sample(PlanFlagged).model_copy(update={"level": "lapsing"}), about="plan/1")
    return begun.raised()[-1]


def test_nobody_is_told_of_what_is_not_known_to_be_theirs():
    alert = flagged(begin())
    assert (alert.program, alert.organisation) == (None, None) and not {OF_HOUSE, OF_CLINIC, OF_OTHERS} & set(alert.told)


def test_a_call_that_climbs_is_still_of_its_program():
    begun = begin()
    hears_of(begun, "plan", "program")
    flagged(begun)
    begun.passes(7 * DAY)
    first, *above = begun.raised()
    assert above and {one.program for one in (first, *above)} == {HOUSE}


def test_the_same_again_is_no_news_and_what_is_reopened_is_nobodys():
    begun = begin()
    accepted = said(PlacementAccepted)
    assert begun.hears(accepted) == [BelongingLearned(program=HOUSE, organisation=CLINIC)]
    assert begun.hears(accepted) == []
    assert begun.hears(sample(PlacementReopened)) == [BelongingLearned()]


def test_a_request_is_its_senders_also_when_somebody_elses_program_has_it():
    begun = begin()
    begun.hears(said(RequestReceived), about="request/1")
    begun.hears(said(RequestAccepted).model_copy(update={"partner": "other-clinic"}), about="request/1")
    begun.hears(said(HEARD["request.overdue.v1"]), about="request/1")
    assert (begun.raised()[-1].program, begun.raised()[-1].organisation) == (HOUSE, CLINIC)


def test_the_directorys_word_on_a_program_is_the_last_one():
    begun = begin()
    hears_of(begun, "care", "program")
    lists(begun, None)
    begun.hears(said(HEARD["care.overdue.v1"]), about="care/1")
    lists(begun)
    begun.hears(said(HEARD["care.missed.v1"]), about="care/1")
    assert [one.organisation for one in begun.raised()] == [None, CLINIC]


def test_what_is_parked_is_of_whoever_sent_it_where_its_item_does_not_know():
    begun = begin()
    begun.hears(said(AggregateParked), about="exchange/1")
    assert OF_CLINIC in begun.raised()[-1].told
    own = replace(SAYS["origin"], topic="intake-events")
    begun.hears(sample(AggregateParked).model_copy(update={"origin": own}), about="exchange/2")
    assert begun.raised()[-1].organisation is None
