"""Turnaround from the same facts, against what was laid down before they were made."""

import random
from datetime import timedelta

import pytest

from services.authorization.commands import EndAuthorization
from services.authorization.measures import turnaround
from tests.authorization.stories import AUTHORIZATION, NINE, answer, submitted

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
AS_OF = NINE + 10 * 24 * HOUR


@pytest.mark.parametrize("seed", [42, 7, 1])
def test_turnaround_equals_a_count_made_apart(seed):
    """Forty submissions: line 1 decided after so many hours or never, line 2 never; some ended by us before that."""
    dice, said, truth = random.Random(seed), [], []
    for who in range(40):
        expedited, after, ended = dice.random() < 0.5, dice.choice([1, 71, 72, 73, 160, 168, 169, 200, None]), dice.random() < 0.2
        given = submitted(urgency="urgent" if expedited else "routine")
        if ended:
            given.asks(EndAuthorization(reason="care-declined"))
        elif after:
            given.passes(after * HOUR)
            given.answers(answer(dice.choice(["A1", "A3", "NA"]), 1, reasons=("84",), answered_at=given.now))
        given.passes(max(AS_OF - given.now, 0 * HOUR))
        said += [(fact.subject.replace(AUTHORIZATION, f"authorization/{who}"), fact.data) for fact in given.facts]
        truth.append((expedited, None if ended else after, ended))
    found = {one.name: one for one in turnaround(said, AS_OF)}
    for name, expedited, limit in (("expedited", True, 72), ("standard", False, 168)):
        mine = [(after, ended) for urgent, after, ended in truth if urgent is expedited and not ended]
        decided = [after for after, _ in mine if after]
        rate, mean = found[f"prior-authorization-in-time {name}"], found[f"prior-authorization-turnaround {name}"]
        assert len(rate.met) == sum(after <= limit for after in decided)
        assert len(rate.missed) + len(rate.met) == 2 * len(mine) and rate.open == (), "line 2 was never decided"
        assert mean.mean == pytest.approx(sum(decided) / len(decided)) and len(mean.cases) == len(decided)
        assert len(mean.left_out) == 2 * len(mine) - len(decided)


def test_a_line_whose_time_is_not_over_can_still_be_saved():
    given = submitted()
    said = [(fact.subject, fact.data) for fact in given.facts]
    rate = next(one for one in turnaround(said, NINE + HOUR) if one.name == "prior-authorization-in-time standard")
    assert rate.open == (f"{AUTHORIZATION} line 1", f"{AUTHORIZATION} line 2") and rate.rate is None
