"""A reported death stops what is told at once; a replay of the past tells nobody anything."""

from typing import ClassVar

import pytest

from contracts.alerts import AlertStopped
from contracts.assignment import PlacementEnded
from contracts.directory import DirectoryListed
from contracts.kernel import Change, Next, Sealable
from contracts.notices import NoticeQueued, NoticeSent, NoticeWithdrawn
from contracts.rosters import SilenceBegun
from services.notification.commands import EndSilence
from services.notification.silence import silence_of
from tests.notification.stories import (
    ANA,
    COORDINATOR,
    DAY,
    HOUR,
    MINUTE,
    NINE,
    PLACEMENT,
    STAFF,
    Story,
    names,
    no_program,
    story,
)

RECORD = "record/1"


class CareOverdue(Sealable):
    """A lateness as other services say it: by the names that all of them share."""

    type: ClassVar = "care.visit-overdue.v1"
    rule: str = "visit"
    urgency: str = "emergency"
    owner: str = ANA


class CareDied(Sealable):
    """The person was reported dead."""

    type: ClassVar = "care.died.v1"


class DeathRetracted(Change):
    """The report was wrong."""

    type: ClassVar = "episode.death-retracted.v1"


STEP = Next(owner=COORDINATOR, action="visit", due=NINE, rule="visit@1")
OVERDUE = CareOverdue(record=RECORD, next=STEP)
DIED = CareDied(record=RECORD, next=Next(owner=COORDINATOR, action="verify-death", due=NINE + DAY, rule="verify-death@1"))


def test_a_reported_death_stops_what_is_on_its_way_and_asks_somebody_to_verify_it():
    begun = story()
    begun.server = lambda name, notice: ("deferred", "451")
    begun.hears(OVERDUE, about="care/1")
    begun.passes(MINUTE / 60)
    said = begun.hears(DIED, about="care/1")
    assert [name for name in names(said) if name != "SilenceBegun"] == ["AlertStopped", "AlertRaised"]
    begun.server = lambda name, notice: ("sent", None)
    begun.passes(HOUR)
    assert {one.reason for one in begun.told(NoticeWithdrawn)} <= {"acted", "stopped"} and begun.told(NoticeWithdrawn)
    assert {entry.milestone for one in begun.notices(ANA) if one.status == "sent" for entry in one.entries} == {"death-reported"}


def test_of_whom_a_death_was_reported_nothing_stays_in_a_message_that_is_sent_again():
    begun = story({COORDINATOR: (ANA,)})
    begun.server = lambda name, notice: ("deferred", "dropped")
    routine = {"urgency": "routine", "next": STEP}
    for item, record in (("care/1", RECORD), ("care/2", "record/2")):
        begun.hears(CareOverdue(record=record, **routine), about=item)
    begun.passes(23 * HOUR + MINUTE)
    (digest,) = [one for one in begun.notices(ANA) if one.kind == "digest"]
    assert digest.tries and len(digest.standing) == 2
    begun.hears(DIED, about="care/1")
    begun.passes(20 * MINUTE)
    after = next(one for one in begun.notices(ANA) if one.kind == "digest")
    stays = {entry.item for entry in after.entries if entry.alert in after.standing}
    assert after.number > digest.number and stays == {"care/2"}


def test_it_stops_every_item_of_the_same_need_and_of_the_same_record():
    begun = story()
    begun.hears(no_program("emergency"), about="placement/1")
    begun.hears(OVERDUE, about="episode/7")
    begun.hears(DIED, about="care/1")
    assert {said.item for said in begun.told(AlertStopped)} == {"placement/1"}
    begun.passes(10 * DAY)
    told = {entry.item for one in begun.notices(ANA) if one.status in ("sent", "delivered") for entry in one.entries}
    assert told == {"care/1"}
    assert begun.hears(CareOverdue(record=RECORD, next=STEP, rule="another"), about="episode/8") == []


def test_a_death_reported_to_the_plan_stops_the_referral_and_its_authorization():
    begun = story()
    for item in ("placement/1", "authorization/1", "plan/1"):
        begun.hears(no_program("emergency"), about=item)
    begun.hears(DIED, about="plan/1")
    assert {said.item for said in begun.told(AlertStopped)} == {"placement/1", "authorization/1", "plan/1"}
    for item in ("placement/1", "authorization/1", "care/1", "request/1"):
        assert begun.hears(no_program("emergency", due=NINE + DAY), about=item) == []


def test_nobody_is_to_ask_the_person_for_a_consent_or_settle_what_partners_say_of_them():
    begun = story()
    for item in ("consent/1", "view/1"):
        begun.hears(no_program("emergency"), about=item)
    begun.hears(DIED, about="request/1")
    assert {said.item for said in begun.told(AlertStopped)} == {"consent/1", "view/1"}


def test_a_death_in_any_words_counts():
    begun = story()
    begun.hears(no_program("emergency"))
    said = begun.hears(PlacementEnded(reason="died", released=()))
    assert names(said)[0] == "AlertStopped"


def test_a_report_that_was_wrong_is_taken_back_by_a_person():
    begun = story()
    begun.hears(DIED, about="care/1")
    assert begun.hears(OVERDUE, about="care/1") == []
    assert names(begun.asks(EndSilence(), ANA, silence_of(RECORD))) == ["SilenceEnded"]
    assert names(begun.asks(EndSilence(), ANA, silence_of("placement/1"))) == ["SilenceEnded"] * 7
    assert names(begun.hears(OVERDUE, about="care/1")) == ["AlertRaised"]
    assert begun.asks(EndSilence(), ANA, silence_of(RECORD)) == [] and begun.refused.reasons[0].code == "TL-5608"


def test_two_reports_are_one_silence():
    begun = story()
    begun.hears(DIED, about="care/1")
    before = len(begun.told(SilenceBegun))
    assert before == 8 and begun.hears(DIED, about="care/1") == []


def test_a_death_that_is_taken_back_ends_the_silence_and_its_own_alert():
    begun = story()
    begun.hears(DIED, about="episode/7")
    assert sorted(set(names(begun.hears(DeathRetracted(), about="episode/7")))) == ["AlertActed", "SilenceEnded"]
    assert names(begun.hears(OVERDUE.model_copy(update={"record": "record/2"}), about="episode/7")) == ["AlertRaised"]


def lived() -> tuple[Story, list[tuple[str, object]]]:
    """A day of a network, and the log that it left."""
    begun, log = story(), [("directory/network", DirectoryListed(programs=(), staff=STAFF))]
    for n in range(5):
        log.append((f"placement/{n}", no_program("emergency", due=begun.now + HOUR)))
        begun.hears(log[-1][1], about=log[-1][0])
        begun.passes(20 * MINUTE)
    return begun, log


def test_the_whole_log_again_tells_nobody_anything():
    begun, log = lived()
    before, told = len(begun.facts), len(begun.told(NoticeQueued))
    begun.now += 30 * DAY
    for about, event in log:
        begun.hears(event, about=about, at=NINE)
    assert len(begun.facts) == before
    assert len(begun.told(NoticeQueued)) == told > 0


@pytest.mark.parametrize("directory_first", [True, False])
def test_a_new_service_on_an_old_log_tells_nobody_of_what_happened_before_it(directory_first: bool):
    _, log = lived()
    begun = Story(now=NINE + 30 * DAY)
    for about, event in log if directory_first else reversed(log):
        begun.hears(event, about=about, at=NINE)
    begun.passes(10 * DAY)
    assert begun.told(NoticeQueued) == [] and begun.told(NoticeSent) == []
    begun.hears(no_program("emergency", due=begun.now), about=PLACEMENT)
    begun.passes(MINUTE)
    assert begun.told(NoticeQueued)


def test_a_service_that_was_down_for_a_week_still_tells_what_nobody_was_told():
    begun = story()
    begun.now += 7 * DAY
    begun.hears(no_program("emergency"), at=NINE + HOUR)
    begun.passes(MINUTE)
    assert begun.told(NoticeQueued)
