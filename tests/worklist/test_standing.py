"""What lists are cut by, where a risk was cleared: its field stays, and is empty."""

from datetime import UTC, datetime

from contracts import assignment as placing
from services.worklist import standing
from services.worklist.items import document
from services.worklist.projections import PROJECTED
from services.worklist.rows import item_of, summary_of

CLEARED = {standing.risk_key("authorization", "visit/1"): None}


def test_a_cleared_risk_beside_one_that_stands_is_no_risk():
    assert standing.risks({"care": {**CLEARED, "at_risk": True}, "placement": {standing.risk_key("late"): "late"}}) == ["at-risk", "late"]


def test_an_authorization_whose_risk_was_cleared_blocks_nothing_any_more():
    assert standing.stage("authorization", {"authorization": {**CLEARED, "status": "denied"}}, {}, {}) == "denied"
    assert standing.stage("authorization", {"authorization": {standing.risk_key("late"): "late"}}, {}, {}) == "blocking"


def test_an_offer_to_two_desks_is_in_the_lists_of_both_and_tells_neither_who_it_is():
    block = {"owner": "role/coordinator", "action": "await-answer", "waiting_on": "desk/elm,desk/oak", "allowed": []}
    placement = {"status": "offered", "next": block, "sequence": 1}
    found = document("referral/1", {"assignment-events": {"placement/1": placement}}, 1)
    assert found["waiting_on"] == ["desk/elm", "desk/oak"] and {"desk/elm", "desk/oak"} <= set(found["concerns"])
    assert {"desk/elm", "desk/oak"} <= summary_of(found).organisations
    assert {"desk/elm", "desk/oak"}.isdisjoint(item_of(found).organisations)


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def asked_after(*events) -> list[str]:
    section: dict = {}
    for one in events:
        section |= PROJECTED[type(one)](one)
    return standing.asked({"placement": {name: value for name, value in section.items() if value is not None}})


def test_whose_yes_still_counts_sees_it_though_its_time_is_over():
    offers = tuple(
        placing.Offer(program=one, desk=one.replace("program", "desk"), respond_by=NOON) for one in ("program/elm", "program/oak")
    )
    offered = placing.PlacementOffered(round=1, offers=offers)
    declined = placing.PlacementDeclined(program="program/elm", by="staff/31", reason="language")
    silent = placing.OfferUnanswered(program="program/oak", desk="desk/oak", respond_by=NOON)
    nobody = placing.NoProgramAvailable(service="youth-therapy", urgency="routine")
    assert asked_after(offered) == ["program/elm", "program/oak"]
    assert asked_after(offered, declined, silent, nobody) == ["program/oak"], "a late yes counts"
    accepted = placing.PlacementAccepted(program="program/oak", by="staff/31", released=())
    assert asked_after(offered, declined, silent, nobody, accepted) == []
