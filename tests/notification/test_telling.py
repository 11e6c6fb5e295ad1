"""When and how one person is told: quiet hours, digests, too much at once, away, channels that fail."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.alerts import AlertPassedOn
from contracts.notices import NoticeDeferred, NoticeDelivered, NoticeFailed, NoticeQueued, NoticeSent, NoticeWithdrawn
from contracts.recipients import RecipientBounced, RecipientHeld
from services.notification.commands import ListContacts, RecordBounce, SetAway, SetPreferences
from services.notification.recipients import Recipient, recipient
from tests.notification.stories import (
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    DAY,
    DORA,
    HOUR,
    LEAD,
    MINUTE,
    NINE,
    PLACEMENT,
    Story,
    accepted,
    contacts,
    goes_away,
    names,
    no_program,
    prefers,
    story,
    unanswered,
)

NIGHT = {"quiet_from": "21:00", "quiet_until": "07:00"}
ALONE = {COORDINATOR: (ANA,), LEAD: (DORA,)}


def at_night(**staff: tuple[str, ...]) -> Story:
    begun = story(staff or ALONE)
    begun.passes(13 * HOUR)
    prefers(begun, ANA, **NIGHT)
    return begun


def due(begun: Story) -> datetime:
    return begun.now + HOUR


def test_a_crisis_wakes_whom_it_concerns():
    begun = at_night()
    begun.hears(no_program("emergency", owner=ANA, due=due(begun)))
    begun.passes(MINUTE)
    assert begun.who_was_told() == [ANA]


def test_an_urgent_alert_wakes_who_has_the_duty_and_not_who_merely_owns_it():
    on_duty, owner = at_night(), at_night()
    on_duty.hears(no_program("urgent", owner=COORDINATOR, due=due(on_duty)))
    owner.hears(no_program("urgent", owner=ANA, due=due(owner)))
    on_duty.passes(MINUTE)
    owner.passes(MINUTE)
    assert on_duty.who_was_told() == [ANA]
    assert owner.who_was_told() == [] and owner.told(RecipientHeld)[0].why == "quiet"
    owner.passes(9 * HOUR)
    assert owner.who_was_told() == [ANA]


def test_quiet_hours_are_those_of_where_somebody_is_also_on_the_days_when_clocks_change():
    zone = "America/New_York"
    eve = Recipient(zone=zone, **NIGHT)
    march = datetime(2026, 3, 8, 1, 30, tzinfo=ZoneInfo(zone))
    ends = eve.quiet_ends(march)
    assert ends == datetime(2026, 3, 8, 7, 0, tzinfo=ZoneInfo(zone)) and ends.astimezone(ZoneInfo("UTC")).hour == 11
    assert eve.quiet_ends(datetime(2026, 3, 8, 7, 0, tzinfo=ZoneInfo(zone))) is None
    assert eve.quiet_ends(datetime(2026, 3, 7, 21, 0, tzinfo=ZoneInfo(zone))) == ends
    assert Recipient(quiet_from="12:00", quiet_until="13:00").quiet_ends(NINE) is None


def test_what_is_routine_comes_once_a_day_in_one_message():
    begun = story(ALONE)
    prefers(begun, ANA, digest_at="16:00")
    for n in range(3):
        begun.hears(no_program("routine", owner=ANA), about=f"placement/{n}")
    begun.passes(6 * HOUR)
    assert begun.who_was_told() == []
    begun.passes(2 * HOUR)
    (digest,) = begun.told(NoticeQueued)
    assert (digest.kind, len(digest.entries), digest.queued_at) == ("digest", 3, NINE + 7 * HOUR)


def test_of_a_digest_only_what_still_stands_is_told():
    begun = story(ALONE)
    for n in range(3):
        begun.hears(no_program("routine", owner=ANA), about=f"placement/{n}")
    begun.passes(HOUR)
    begun.hears(accepted(), about="placement/1")
    begun.passes(DAY)
    notice = next(one for one in begun.notices(ANA) if one.kind == "digest")
    assert len(notice.standing) == 2 and len(notice.entries) == 3


def test_more_than_fifty_things_are_told_in_several_messages_and_none_is_lost():
    begun = story(ALONE)
    for n in range(120):
        begun.hears(no_program("routine", owner=ANA), about=f"placement/{n}")
    begun.passes(DAY)
    told = [entry.item for one in begun.told(NoticeQueued) if one.to == ANA for entry in one.entries]
    assert sorted(told) == sorted(f"placement/{n}" for n in range(120))
    assert [len(one.entries) for one in begun.told(NoticeQueued) if one.to == ANA] == [50, 50, 20]


def test_too_much_within_an_hour_becomes_one_summary_but_a_crisis_always_passes():
    begun = story(ALONE)
    prefers(begun, ANA, hourly_max=2)
    for n in range(6):
        begun.hears(no_program("urgent", owner=ANA), about=f"placement/{n}")
        begun.passes(MINUTE)
    assert begun.who_was_told() == [ANA, ANA]
    begun.hears(no_program("emergency", owner=ANA), about="placement/9")
    begun.passes(MINUTE)
    assert begun.who_was_told() == [ANA, ANA, ANA]
    begun.passes(HOUR)
    assert [len(one.entries) for one in begun.told(NoticeQueued) if one.kind == "summary"] == [4]


def test_what_was_told_with_other_things_is_not_told_again_by_a_service_that_forgot_which_deadlines_passed():
    """As one does whose database was restored from its facts, while what it told of still stands."""
    begun = story(ALONE)
    prefers(begun, ANA, hourly_max=1)
    for n in range(3):
        begun.hears(no_program("urgent", owner=ANA), about=f"placement/{n}")
    begun.passes(2 * HOUR)
    told = begun.who_was_told()
    assert [one.kind for one in begun.told(NoticeQueued)] == ["alert", "summary"]
    begun.spent.clear()
    begun.passes(MINUTE)
    assert begun.who_was_told() == told


def test_a_message_that_may_have_arrived_says_the_same_when_it_is_sent_again():
    begun = story(ALONE)
    begun.server = lambda name, notice: ("deferred", "dropped")
    for n in range(3):
        begun.hears(no_program("routine", owner=ANA), about=f"placement/{n}")
    begun.passes(HOUR)
    begun.hears(accepted(), about="placement/0")
    begun.passes(22 * HOUR + 10 * MINUTE)
    (digest,) = [one for one in begun.notices(ANA) if one.kind == "digest"]
    assert digest.tries > 0 and len(digest.standing) == 2, "what was acted on before its first attempt is not in it"
    before, tries = digest.standing, digest.tries
    begun.hears(accepted(), about="placement/1")
    begun.passes(20 * MINUTE)
    (digest,) = [one for one in begun.notices(ANA) if one.kind == "digest"]
    assert digest.tries > tries and digest.standing == before
    begun.hears(accepted(), about="placement/2")
    begun.passes(HOUR)
    assert begun.told(NoticeWithdrawn)[-1].reason == "acted", "nothing of it stands any more"


def test_who_is_away_is_stood_in_for():
    begun = story()
    goes_away(begun, ANA, NINE + DAY, backup=CARL)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE)
    assert begun.who_was_told() == [CARL]
    assert (begun.told(AlertPassedOn)[0].left, begun.told(AlertPassedOn)[0].to) == (ANA, CARL)


def test_what_is_held_for_somebody_who_goes_away_is_told_to_their_backup_at_once_and_to_them_no_more():
    begun = story()
    prefers(begun, ANA, quiet_from="08:00", quiet_until="20:00")
    begun.hears(no_program(owner=ANA), unanswered(owner=ANA))
    begun.passes(MINUTE)
    assert len(begun.states[recipient(ANA)].held) == 2 and begun.who_was_told() == []
    goes_away(begun, ANA, NINE + 2 * DAY, backup=CARL)
    begun.passes(MINUTE)
    assert begun.states[recipient(ANA)].held == () and begun.who_was_told() == [CARL, CARL]
    begun.passes(DAY)
    assert ANA not in begun.who_was_told()


def test_what_is_held_stays_held_where_nobody_stands_in_or_they_are_back_or_it_was_acted_on():
    for until, backup, acts in ((NINE + DAY, None, False), (NINE - HOUR, CARL, False), (NINE + DAY, CARL, True)):
        begun = story()
        prefers(begun, ANA, quiet_from="08:00", quiet_until="20:00")
        begun.hears(no_program(owner=ANA))
        begun.passes(MINUTE)
        begun.hears(*([accepted()] if acts else []))
        goes_away(begun, ANA, until, backup=backup)
        begun.passes(MINUTE)
        assert begun.who_was_told() == [] and bool(begun.states[recipient(ANA)].held) == (not acts)


def test_what_came_back_from_a_backup_who_is_away_as_well_is_not_passed_to_and_fro():
    begun = story()
    prefers(begun, CARL, quiet_from="08:00", quiet_until="20:00")
    goes_away(begun, ANA, NINE + DAY, backup=CARL)
    goes_away(begun, CARL, NINE + DAY, backup=ANA)
    begun.hears(no_program(owner=ANA))
    begun.passes(HOUR)
    assert [one.entry.item for one in begun.states[recipient(CARL)].held] == [PLACEMENT]
    assert [said.to for said in begun.told(AlertPassedOn)] == [CARL]


def test_of_two_who_stand_in_for_each_other_and_are_both_away_the_second_is_told():
    begun = story()
    goes_away(begun, ANA, NINE + DAY, backup=CARL)
    goes_away(begun, CARL, NINE + DAY, backup=ANA)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE)
    assert len(begun.told(AlertPassedOn)) == 1 and begun.who_was_told() == [CARL]


def test_who_was_stood_in_for_is_not_told_after_all_by_a_service_that_forgot_which_deadlines_passed():
    begun = story({COORDINATOR: (ANA, BEN), LEAD: (DORA,)})
    goes_away(begun, ANA, NINE + HOUR, backup=BEN)
    begun.hears(no_program("urgent", owner=COORDINATOR))
    begun.passes(2 * HOUR)
    assert begun.who_was_told() == [BEN]
    begun.spent.clear()
    begun.passes(MINUTE)
    assert begun.who_was_told() == [BEN]


def test_a_channel_that_defers_is_tried_again_and_then_left_for_the_next():
    begun = story(ALONE)
    begun.server = lambda name, notice: ("deferred", "451") if notice.channel == "email" else ("delivered", None)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(3 * MINUTE)
    assert {said.reason for said in begun.told(NoticeDeferred)} == {"451"}
    (failed,) = begun.told(NoticeFailed)
    assert (failed.channel, failed.next_channel) == ("email", "inbox")
    assert [said.channel for said in begun.told(NoticeDelivered)] == ["inbox"]


def test_a_permanent_no_leads_to_the_next_channel_at_once_and_an_address_that_takes_nothing_is_passed_over_from_then_on():
    begun = story(ALONE)
    begun.server = lambda name, notice: ("failed", "550") if notice.channel == "email" else ("delivered", None)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE / 60)
    assert [said.channel for said in begun.told(NoticeDelivered)] == ["inbox"]
    assert begun.told(RecipientBounced)[0].channel == "email"
    assert begun.states[recipient(ANA)].channels == ("inbox",)
    begun.asks(contacts(ANA), "staff/platform", recipient(ANA))
    assert begun.states[recipient(ANA)].channels == ("email", "inbox")


def test_a_service_that_is_restored_does_not_pass_over_an_address_that_was_listed_since():
    begun = story(ALONE)
    begun.server = lambda name, notice: ("failed", "550") if notice.channel == "email" else ("delivered", None)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE / 60)
    begun.asks(contacts(ANA), "staff/platform", recipient(ANA))
    begun.spent.clear()  # which deadlines have fired is not restored
    begun.passes(MINUTE / 60)
    assert len(begun.told(RecipientBounced)) == 1 and begun.states[recipient(ANA)].channels == ("email", "inbox")


def test_a_bounce_that_comes_later_is_recorded_and_leads_on():
    begun = story(ALONE)
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE)
    name = next(name for name, state in begun.states.items() if name.startswith("notice/"))
    assert names(begun.asks(RecordBounce(), "service/mail", name)) == ["NoticeFailed"]
    begun.passes(MINUTE)
    assert [said.channel for said in begun.told(NoticeDelivered)] == ["inbox"] and begun.told(RecipientBounced)
    assert begun.asks(RecordBounce(), "service/mail", name) == [] and begun.refused.reasons[0].code == "TL-5607"


def test_a_channel_that_has_no_place_for_it_is_left_when_its_time_is_over():
    begun = story(ALONE)
    begun.attempt = lambda name: [] if begun.states[name].channel == "email" else Story.attempt(begun, name)
    begun._hand_over = lambda: []
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(3 * MINUTE)
    (failed,) = begun.told(NoticeFailed)
    assert (failed.reason, failed.next_channel) == ("late", "inbox")


def test_a_process_that_dies_between_handing_over_and_telling_leads_to_the_same_message_again():
    begun = story(ALONE)
    begun.hears(no_program("urgent", owner=ANA))
    begun._hand_over = lambda: []
    begun.passes(MINUTE / 60)
    name = next(name for name, state in begun.states.items() if name.startswith("notice/"))
    begun.attempt(name, lost=True)
    assert begun.attempt(name) == []
    del begun._hand_over
    begun.passes(3 * MINUTE)
    assert [said.reason for said in begun.told(NoticeDeferred)] == ["unknown"]
    assert [one[0] for one in begun.handed] == [name, name] and len(begun.told(NoticeSent)) == 1


def test_preferences_are_ones_own_and_must_make_sense():
    begun = story()
    assert begun.asks(SetPreferences(), BEN, recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5609"
    assert begun.asks(SetPreferences(zone="Mars/Olympus"), ANA, recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5603"
    assert begun.asks(SetPreferences(quiet_from="21:00"), ANA, recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5604"
    assert names(begun.asks(SetPreferences(hourly_max=3), ANA, recipient(ANA))) == ["RecipientPreferred"]
    assert begun.asks(SetPreferences(hourly_max=3), ANA, recipient(ANA)) == [] and begun.refused is None
    wrong = ListContacts(contacts=tuple(one.model_copy(update={"address": type(one.address)("no-at")}) for one in contacts(ANA).contacts))
    assert begun.asks(wrong, "staff/platform", recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5605"


def test_somebody_is_away_by_their_own_word_or_a_leads():
    begun = story()
    goes_away(begun, DORA, NINE + DAY, backup=None)
    away = SetAway(until=NINE + DAY, backup=BEN)
    assert begun.asks(away, BEN, recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5609"
    assert names(begun.asks(away, DORA, recipient(ANA))) == ["RecipientAway"]
    for nobody in (ANA, COORDINATOR, "staff/999"):
        asked = SetAway(until=NINE + timedelta(days=2), backup=nobody)
        assert begun.asks(asked, ANA, recipient(ANA)) == [] and begun.refused.reasons[0].code == "TL-5606", nobody
