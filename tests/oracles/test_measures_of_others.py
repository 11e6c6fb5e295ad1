"""Turnaround of payers and response of mobile teams, through the deciders, against the oracle of raw rows; on three seeds."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from contracts.crisis_dispatch import TeamConfirmed
from contracts.measures import Mean, Rate
from services.authorization.commands import EndAuthorization, EnterExtension
from services.authorization.measures import turnaround
from services.crisis_routing.commands import ConfirmTeam
from services.crisis_routing.measures import response
from tests.authorization import stories as payers
from tests.crisis_routing import stories as teams
from tests.oracles import lives
from tests.oracles import measures as oracle
from tests.oracles.lives import DAY, HOUR, Asked

SEEDS, MANY = (42, 7, 2026), 60


def submitted(told: Sequence[Asked], as_of: datetime) -> payers.Story:
    first = told[0]
    given = payers.Story(first.at)
    given.asks(payers.TABLES, "staff/platform")
    given.asks(payers.COVERED)
    given.hears(payers.accepted(urgency="urgent" if first.expedited else "routine", requested_at=first.at))
    given.asks(payers.SubmitAuthorization(diagnosis=payers.Personal("F33.1")))
    for row in told[1:]:
        if row.at <= as_of:
            given.passes(row.at - given.now)
            payer_says(given, row, first.at)
    given.passes(as_of - given.now)
    return given


def payer_says(given: payers.Story, row: Asked, asked_at: datetime) -> None:
    if row.what == "answered":
        given.answers(payers.answer(row.code, row.line, reasons=("84",), answered_at=row.at))
    elif row.what == "given-up":
        given.asks(EndAuthorization(reason="care-declined"))
    else:
        until = asked_at + 7 * DAY + int(row.what.split()[1]) * DAY
        given.asks(EnterExtension(line=row.line, until=until, notice_on=row.at.date()))
        assert given.refused is None


def crisis(told: Sequence[Asked], as_of: datetime) -> teams.Story:
    given = teams.Story(told[0].at)
    given.asks(teams.NETWORK, "staff/platform", teams.ROSTER)
    for row in told:
        if row.at <= as_of:
            given.passes(row.at - given.now)
            team_says(given, row)
    given.passes(max(as_of - given.now, timedelta()))
    return given


def team_says(given: teams.Story, row: Asked) -> None:
    match row.what:
        case "contact":
            given.hears(teams.contact(contacted_at=row.at, area=teams.OAK if row.code == "urban" else teams.ELM))
        case "referred" if not given.told(TeamConfirmed):
            name = teams.proposed(given)
            given.asks(ConfirmTeam(team=name), teams.MEMBER[name])
            assert given.refused is None
        case "dispatched" | "on-scene":
            teams.report(given, row.what, row.at)


def said(stories: Iterable[tuple[str, Any]], subject: str) -> list[tuple[str, Any]]:
    return [(case, fact.data) for case, given in stories for fact in given.facts if fact.subject == subject]


def equal(found: dict[str, Rate | Mean], rates: oracle.Rates, means: oracle.Means) -> None:
    for name, parts in rates.items():
        rate = found[name]
        assert tuple(sorted(part) for part in (rate.met, rate.missed, rate.open)) == parts, name
        print(f"{name}: {len(parts[0])} met, {len(parts[1])} missed, {len(parts[2])} open")
    for name, (mean, cases, left_out) in means.items():
        ours = found[name]
        assert (sorted(ours.cases), sorted(ours.left_out)) == (cases, left_out), name
        assert ours.mean == pytest.approx(mean), name
        print(ours)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("after", [12 * DAY, 40 * DAY], ids=str)
def test_turnaround_of_each_line_is_that_of_the_oracle(seed, after):
    as_of = lives.BEGIN + after
    rows = [told for told in lives.submissions(seed, MANY) if told[0].at <= as_of]
    facts = said(((told[0].case, submitted(told, as_of)) for told in rows), payers.AUTHORIZATION)
    told = oracle.read([row for mine in rows for row in mine], Asked._fields)
    rates, means = oracle.turnaround(told, pd.Timestamp(as_of))
    equal({one.name: one for one in turnaround(facts, as_of)}, rates, means)
    assert all(rates[name][0] and rates[name][1] for name in rates)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("after", [6 * HOUR, 24 * HOUR], ids=str)
def test_response_of_mobile_teams_is_that_of_the_oracle(seed, after):
    as_of = lives.BEGIN + after
    rows = [told for told in lives.crises(seed, MANY) if told[0].at <= as_of]
    facts = said(((told[0].case, crisis(told, as_of)) for told in rows), teams.EPISODE)
    told = oracle.read([row for mine in rows for row in mine], Asked._fields)
    rates, means = oracle.response(told, pd.Timestamp(as_of))
    equal({one.name: one for one in response(facts, as_of)}, rates, means)
    assert rates["mobile-crisis-on-scene-in-time"][0] and rates["mobile-crisis-on-scene-in-time"][1]
