"""Mobile response from raw events, against a count made apart."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.crisis_dispatch import FieldStatusReported, TeamConfirmed
from services.crisis_routing.measures import response

NOON, MINUTE = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=1)


def told(who: int, status: Any, at: datetime, contact: datetime, referred: datetime, sent: datetime, limit: datetime) -> Any:
    return f"episode/{who}", FieldStatusReported(
        team="team/1", status=status, reported_at=at, by="staff/1", contacted_at=contact, referred_at=referred, dispatched_at=sent,
        on_scene_before=limit, in_time=at <= limit if status == "on-scene" else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [42, 7, 1])
def test_response_and_the_delay_of_dispatch_equal_a_count_made_apart(seed):
    dice, said, truth = random.Random(seed), list[Any](), list[Any]()
    for who in range(60):
        contact = NOON + dice.randrange(600) * MINUTE
        referred = contact + dice.randrange(1, 10) * MINUTE
        sent, limit = referred + dice.randrange(0, 30) * MINUTE, referred + dice.choice([60, 120]) * MINUTE
        scene = sent + dice.randrange(5, 130) * MINUTE if dice.random() < 0.8 else None
        said.append((f"episode/{who}", TeamConfirmed(
            team="team/1", by="staff/1", desk="desk/1", contacted_at=contact, referred_at=referred, on_scene_before=limit, rule="scene@1",
        )))  # fmt: skip
        said.append(told(who, "dispatched", sent, contact, referred, sent, limit))
        if scene:
            said.append(told(who, "on-scene", scene, contact, referred, sent, limit))
            said += [told(who, "on-scene", scene + MINUTE, contact, referred, sent, limit)] * dice.randrange(2)
        truth.append((contact, referred, sent, scene, limit))
    as_of = NOON + 400 * MINUTE
    found = {one.name: one for one in response(said, as_of)}
    there = [row for row in truth if row[3]]
    rate = found["mobile-crisis-on-scene-in-time"]
    assert len(rate.met) == sum(scene <= limit for *_, scene, limit in there)
    assert len(rate.open) == sum(not scene and limit > as_of for *_, scene, limit in truth) > 0
    assert len(rate.met) + len(rate.missed) + len(rate.open) == 60
    minutes = [(scene - referred) / MINUTE for _, referred, _, scene, _ in there]
    assert found["mobile-crisis-response"].mean == pytest.approx(sum(minutes) / len(minutes))
    assert len(found["mobile-crisis-response"].left_out) == 60 - len(there)
    delays = [(sent - referred) / MINUTE for _, referred, sent, _, _ in truth]
    assert found["mobile-crisis-dispatch-delay"].mean == pytest.approx(sum(delays) / 60)
    hours = [(scene - contact) / timedelta(hours=1) for contact, _, _, scene, _ in there]
    assert found["I-SERV crisis"].mean == pytest.approx(sum(hours) / len(hours))
