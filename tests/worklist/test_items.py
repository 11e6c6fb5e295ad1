"""An item is the same, whatever order and however often its events come."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import assignment, endings, intake, upkeep
from services.worklist.items import NO_OWNER, PERSON, ROLE_ONLY, Sections, applied, leading, refolded, summary
from services.worklist.projections import Change, changes, entry_id, item_of
from tests.worklist.stories import COORDINATOR, DESK, Log, at, offered, received, step, whole

LOG = whole(Log())
REFERRAL = [change for change in LOG.changes if change.item == "referral/1"]
WHOLE, _, _ = applied({}, REFERRAL)


def told(batches: list[list[Change]]) -> Sections:
    """What the follower does, without its database: apply batches, fold again from all entries when one came late."""
    sections: Sections = {}
    entries: dict[str, dict] = {}
    for batch in batches:
        sections, fresh, late = applied(sections, batch)
        assert not fresh.keys() & entries.keys(), "an entry was taken for new twice"
        entries |= fresh
        if late:
            sections = refolded(entries.values())
    return sections


def delivery(dice: Random) -> list[list[Change]]:
    """Per-aggregate order kept, aggregates interleaved at will, anything repeated at any later time, cut into any batches."""
    left: dict[str, list[Change]] = {}
    for change in REFERRAL:
        left.setdefault(change.subject, []).append(change)
    sent: list[Change] = []
    while any(left.values()):
        if sent and dice.random() < 0.4:
            sent.append(dice.choice(sent))  # a stale duplicate
            continue
        sent.append(left[dice.choice([subject for subject, line in left.items() if line])].pop(0))
    cuts = sorted(dice.sample(range(len(sent) + 1), k=min(len(sent), 3)))
    return [sent[i:j] for i, j in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


@given(st.integers(0, 1 << 32))
@settings(max_examples=500)
def test_any_interleaving_and_any_repetition_make_the_same_item(seed):
    assert told(delivery(Random(seed))) == WHOLE


@given(st.permutations(REFERRAL), st.integers(1, 5), st.integers())
@settings(max_examples=300)
def test_even_events_of_one_aggregate_out_of_order_make_the_same_item_once_all_are_there(order, size, seed):
    order = [*order, *Random(seed).sample(order, 3)]
    assert told([order[i : i + size] for i in range(0, len(order), size)]) == WHOLE


@given(st.sets(st.integers(0, len(REFERRAL) - 1)), st.integers())
def test_the_same_part_of_the_events_makes_the_same_item_in_any_order(kept, seed):
    part = [REFERRAL[i] for i in sorted(kept)]
    assert told([Random(seed).sample(part, len(part))]) == refolded(change.entry for change in part)


def test_a_hole_is_remembered_until_what_was_missing_comes():
    first, second, third = [change for change in REFERRAL if change.subject == "request/1"]
    sections, _, late = applied({}, [first, third])
    assert sections["intake-events"]["request/1"]["missing"] == [[2, 2]] and not late
    assert summary("referral/1", sections)["gap_since"] == third.entry["recorded"]
    healed = told([[first, third], [second]])
    assert summary("referral/1", healed)["gap_since"] is None


def test_an_event_that_could_not_be_read_is_a_hole_that_stays():
    from dataclasses import replace

    unread = [
        replace(heard, data=None, readable=False) if heard.sequence == 2 else heard for heard in LOG.heard if heard.subject == "request/1"
    ]
    sections, _, _ = applied({}, [change for heard in unread for change in changes(heard)])
    assert summary("referral/1", sections)["gap_since"] is not None
    assert sections["intake-events"]["request/1"]["status"] == "triaged"


# — whose the next step is

ASK, OFFER, VISIT = ({"next": {"owner": "role/x", "action": action}} for action in ("triage", "offer", "visit"))


@pytest.mark.parametrize(
    ("sections", "lead"),
    [
        ({}, None),
        ({"request": ASK}, "request"),
        ({"request": ASK, "placement": OFFER}, "placement"),
        ({"request": ASK, "placement": OFFER, "care": VISIT}, "care"),
        ({"request": ASK, "placement": OFFER, "care": {"status": "ended"}}, "request"),
        ({"placement": OFFER}, "placement"),
        ({"request": {"closed": True, **ASK}, "placement": OFFER}, None),
        ({"request": {}, "placement": {"status": "ended"}}, None),
    ],
)
def test_the_next_step_sits_in_one_aggregate_at_a_time(sections, lead):
    assert leading(sections) == lead


def test_the_requests_next_step_stands_until_the_placement_is_heard():
    before = applied({}, [change for change in REFERRAL if change.topic == "intake-events"])[0]
    assert summary("referral/1", before)["next"]["action"] == "find-place"
    assert summary("referral/1", WHOLE)["next"]["action"] == "schedule-first-visit"


def test_the_person_comes_from_ownership_facts_and_the_role_stays_beside():
    sections: Sections = {}
    seen = []
    for change in REFERRAL:
        sections, _, _ = applied(sections, [change])
        row = summary("referral/1", sections)
        seen.append((row["owner"], row["person"], row["grip"]))
    assert seen == [
        (DESK, None, ROLE_ONLY), ("staff/7", None, PERSON), (COORDINATOR, None, ROLE_ONLY), (COORDINATOR, None, ROLE_ONLY),
        ("staff/12", "staff/12", PERSON), ("staff/12", "staff/12", PERSON), ("role/example-house", None, ROLE_ONLY),
        ("staff/31", "staff/31", PERSON),
    ]  # fmt: skip


def test_a_hand_off_moves_the_owner_only_when_it_is_accepted():
    log = whole(Log())
    asked = log.say(
        "placement/1",
        assignment.HandOffAsked(to="staff/19", by="staff/31", next=step(COORDINATOR, "await-hand-off", at(700), "staff/19")),
        50,
    )
    sections, _, _ = applied(WHOLE, changes(asked))
    assert summary("referral/1", sections)["owner"] == "staff/31"
    done = log.say(
        "placement/1", assignment.HandedOff(owner="staff/19", left="staff/31", next=step(COORDINATOR, "schedule-first-visit", at(700))), 55
    )
    sections, _, _ = applied(sections, changes(done))
    assert summary("referral/1", sections)["owner"] == "staff/19"


def test_an_item_that_nobody_answers_for_is_unowned_and_one_without_a_clock_says_so():
    log = Log()
    log.say("request/9", received(9, next=step("", "acknowledge-request")))
    row = summary("referral/9", applied({}, log.changes)[0])
    assert row["grip"] == NO_OWNER and row["due"] is None and row["open"]


def test_a_withdrawn_request_closes_its_referral_even_before_the_placement_hears_it():
    log = whole(Log())
    log.say("request/1", intake.RequestWithdrawn(reason="not-needed", next=step(DESK, "none")), 60)
    row = summary("referral/1", applied({}, [c for c in log.changes if c.item == "referral/1"])[0])
    assert (row["open"], row["status"], row["next"]) == (False, "withdrawn", None)


def test_an_edit_does_not_reset_how_long_a_step_has_been_waited_for():
    log = Log()
    log.say("request/1", received(), 0)
    log.say("request/1", intake.RequestAmended(record="record/1", urgency="routine", next=step(DESK, "acknowledge-request", at(500))), 90)
    row = summary("referral/1", applied({}, log.changes)[0])
    assert (row["since"], row["urgency"], row["due"]) == (at(0), "routine", at(500))


def test_a_parked_aggregate_is_an_item_beside_the_referral_whose_owner_stands():
    log = whole(Log())
    origin, issue = upkeep.Origin(topic="intake-events"), upkeep.Issue(code="TL-4001")
    said = upkeep.AggregateParked(origin=origin, issue=issue, next=step("role/data-steward", "release-aggregate", at(300)))
    parked = log.say("placement/1", said, 60, topic="assignment-events")
    own, kept = changes(parked)
    assert summary("referral/1", applied(WHOLE, [own])[0])["next"]["action"] == "schedule-first-visit"
    row = summary(kept.item, applied({}, [kept])[0])
    assert (kept.item, row["open"], row["owner"], row["gap_since"]) == ("parked/placement/1", True, "role/data-steward", None)
    released = log.say("placement/1", upkeep.AggregateReleased(replayed=2), 50, topic="assignment-events")
    assert not summary(kept.item, applied(applied({}, [kept])[0], [changes(released)[1]])[0])["open"]


def test_a_parking_that_comes_after_a_newer_one_changes_nothing():
    log = whole(Log())
    origin, issue = upkeep.Origin(topic="intake-events"), upkeep.Issue(code="TL-4001")
    said = upkeep.AggregateParked(origin=origin, issue=issue, next=step("role/data-steward", "release-aggregate", at(300)))
    first, second = (changes(log.say("placement/1", said, minutes, topic="assignment-events"))[1] for minutes in (60, 90))
    assert applied({}, [first, second])[0] == applied({}, [second, first])[0]


def test_request_placement_and_care_of_one_need_are_one_item():
    assert {item_of(subject) for subject in ("request/1", "placement/1", "care/1")} == {"referral/1"}
    assert item_of("input/5") == "input/5"


def test_whatever_shares_an_item_keeps_its_own_entries():
    subjects = ["request/a", "placement/a", "care/a", "alert/request/a", "alert/placement/a"]
    items = {item_of(subject) for subject in subjects}
    assert items == {"referral/a"}
    assert len({entry_id("referral/a", "notification-events", subject, 1) for subject in subjects}) == len(subjects)


def test_once_it_is_opened_again_only_what_is_said_of_that_opening_leads():
    log = whole(Log())
    log.say("request/1", endings.RequestClosed(how="verified", by="staff/12", closed_at=at(60), reason="reviewed"), 60)

    def lead() -> str | None:
        return summary("referral/1", applied({}, [change for change in log.changes if change.item == "referral/1"])[0])["lead"]

    assert lead() is None
    again = endings.RequestReopened(by="staff/7", reason="asked-again", reopened_at=at(70), interval=2, requested_at=at(70),
                                    service="outpatient-therapy", next=step("staff/7", "triage-request", at(300)))  # fmt: skip
    log.say("request/1", again, 70)
    assert lead() == "request"
    opened = assignment.PlacementReopened(
        interval=2, service="outpatient-therapy", requested_at=at(70), owner=DESK, next=step(DESK, "none")
    )
    log.say("placement/1", opened, 71)
    assert lead() == "request"  # the search has no step yet
    log.say("placement/1", offered(1, at(400)), 72)
    assert lead() == "placement"
