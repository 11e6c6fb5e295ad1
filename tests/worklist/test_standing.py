"""What lists are cut by, where a risk was cleared: its field stays, and is empty."""

from services.worklist import standing

CLEARED = {standing.risk_key("authorization", "visit/1"): None}


def test_a_cleared_risk_beside_one_that_stands_is_no_risk():
    assert standing.risks({"care": {**CLEARED, "at_risk": True}, "placement": {standing.risk_key("late"): "late"}}) == ["at-risk", "late"]


def test_an_authorization_whose_risk_was_cleared_blocks_nothing_any_more():
    assert standing.stage("authorization", {"authorization": {**CLEARED, "status": "denied"}}, {}) == "denied"
    assert standing.stage("authorization", {"authorization": {standing.risk_key("late"): "late"}}, {}) == "blocking"
