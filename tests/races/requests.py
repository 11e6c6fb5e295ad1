"""The network that is raced for, and what is asked of it: the same list for every process, each takes its share."""

from random import Random
from typing import NamedTuple

from contracts.kernel import Command
from services.crisis_routing import commands as asked
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import ANA, OAK, desk, facility, team

TEAMS, FACILITIES = tuple(f"team/t{n}" for n in range(10)), tuple(f"facility/f{n}" for n in range(10))
"""Each facility has one bed."""
EPISODES, BEDS_EACH = 200, 1
NETWORK = asked.ListRoster(
    teams=tuple(team(name, OAK) for name in TEAMS), facilities=tuple(facility(name, OAK) for name in FACILITIES), areas={OAK: "urban"},
    staff={CRISIS_DESK: (ANA,)} | {desk(name): (ANA,) for name in (*TEAMS, *FACILITIES)},
)  # fmt: skip


class Request(NamedTuple):
    number: int
    subject: str
    command: Command


def requests(seed: int, count: int) -> list[Request]:
    """Forty episodes or so want each team and each bed, and let go of them again."""
    dice, found = Random(seed), []
    for number in range(count):
        episode = dice.randrange(EPISODES)
        nth = (episode + dice.randrange(2)) % len(TEAMS)
        found.append(Request(number, f"episode/c{episode}", _one(dice, TEAMS[nth], FACILITIES[nth])))
    return found


def _one(dice: Random, team: str, place: str) -> Command:
    ways: list[tuple[int, Command]] = [
        (6, asked.ProposeTeam(team=team)), (2, asked.ConfirmTeam(team=team)), (4, asked.DeclineTeam(team=team, reason="busy")),
        (2, asked.RecordDisposition(disposition="crisis-receiving")), (4, asked.HoldBed(facility=place)), (2, asked.SeekBed()),
        (4, asked.DeclinePerson(facility=place, reason="medical")), (4, asked.ReleaseBed(facility=place)),
    ]  # fmt: skip
    return dice.choices([command for _, command in ways], [weight for weight, _ in ways])[0]
