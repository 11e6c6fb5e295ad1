"""What happens around a referral: people in crisis, payers, who is away and who has which shift; and what may not follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from contracts.absences import AbsencesListed
from contracts.alerts import AlertAcknowledged, AlertRaised
from contracts.authorization import AuthorizationChange
from contracts.crisis_beds import CrisisFacility
from contracts.crisis_dispatch import MobileTeam, TeamConfirmed
from contracts.crisis_ownership import EpisodeTaken, HandOverAccepted, HandOverAsked
from contracts.crisis_routing import EpisodeClosed
from contracts.partners import ContactReported
from contracts.rosters import Shift
from infra.store import FactRow
from services.crisis_routing import commands as crisis
from services.crisis_routing.roster import ROSTER
from services.notification import commands as telling
from services.notification.roster import ROSTER as DUTIES
from tests.laws.people import CRISIS_DUTY, DUTY
from tests.year.network import Said

HOUR = timedelta(hours=1)
AREAS = {"oak": "urban", "elm": "rural"}
WITHIN = {"urban": HOUR, "rural": 2 * HOUR}
"""By when a team is on scene, from its referral on, by night as by day."""
TEAMS = tuple(MobileTeam(id=f"team/{name}", name=name, desk="desk/teams", areas=tuple(AREAS)) for name in ("north", "south"))
PLACES = (CrisisFacility(id="facility/harbor", name="Harbor", desk="desk/teams", beds=("crisis-receiving",), areas=tuple(AREAS)),)
SHIFTED = sorted((DUTY | CRISIS_DUTY).keys() - {"role/network-lead"})
"""Somebody leads at every hour: where nobody is behind any rung, a ladder looks again for ever, and a life takes as long."""
STAFF = st.sampled_from(sorted({person for people in (*DUTY.values(), *CRISIS_DUTY.values()) for person in people}))


class Around(RuleBasedStateMachine):
    """Rules of a life beside the referral's own."""

    network: Any

    def runs(self, work: Any) -> Any: ...

    @initialize()
    def teams_and_beds_are_listed(self) -> None:
        listed = crisis.ListRoster(teams=TEAMS, facilities=PLACES, areas=AREAS, staff=DUTY | CRISIS_DUTY)
        self.runs(self.network.asks("crisis_routing", listed, ROSTER, "staff/platform"))
        counted = crisis.CountBeds(beds="crisis-receiving", free=1, counted_at=self.network.now)
        self.runs(self.network.asks("crisis_routing", counted, PLACES[0].id, "staff/hal"))

    @rule(
        number=st.integers(0, 2), late=st.sampled_from([0 * HOUR, HOUR]), danger=st.sampled_from(["low", "high"]),
        area=st.sampled_from([*AREAS, None]),
    )  # fmt: skip
    def somebody_is_in_crisis(self, number: int, late: timedelta, danger: Any, area: str | None) -> None:
        told = ContactReported(
            reference=f"C-{number}", contacted_at=self.network.now - late, source="crisis-line", danger=danger, area=area
        )  # fmt: skip
        self.runs(self.network.sends("crisis-line", told))

    @rule(who=STAFF, hours=st.sampled_from([0, 6, 72]), backup=STAFF | st.none())
    def somebody_is_away_or_back(self, who: str, hours: int, backup: str | None) -> None:
        said = telling.SetAway(until=self.network.now + hours * HOUR, backup=backup)
        self.runs(self.network.asks("notification", said, f"recipient/{who}", who))

    @rule(who=STAFF, role=st.sampled_from(SHIFTED), hours=st.sampled_from([1, 8]))
    def a_shift_is_listed(self, who: str, role: str, hours: int) -> None:
        now = self.network.now
        listed = telling.ListShifts(shifts=(Shift(role=role, person=who, starts_at=now, ends_at=now + hours * HOUR),))
        self.runs(self.network.asks("notification", listed, DUTIES, "staff/platform"))


@dataclass
class Beside:
    """Which law a fact of these services breaks. `duty` says who is on duty behind which role."""

    duty: dict[str, tuple[str, ...]]
    away: dict[str, datetime] = field(default_factory=dict)
    """Until when, as assignment's directory says."""
    _alerts: set[str] = field(default_factory=set)
    _asked: dict[str, str] = field(default_factory=dict)

    def hears(self, said: Said, row: FactRow) -> Iterator[tuple[int, str]]:
        actor = row.attributes.get("authid", "")
        if isinstance(said.data, AbsencesListed):
            self.away = said.data.away
        yield from self._told(said.data, actor)
        if said.subject.startswith("episode/"):
            yield from self._crisis(said, actor)
        if isinstance(said.data, AuthorizationChange):
            block, steps = said.data.next, said.data.steps
            if not block or not block.owner or not all(step.owner and step.rule and step.citation for step in steps):
                yield 5, "an authorization without an owner or a cited clock"

    def is_away(self, person: str, at: datetime) -> bool:
        return person in self.away and at < self.away[person]

    def _told(self, fact: Any, actor: str) -> Iterator[tuple[int, str]]:
        """An alert is one, whoever notices it; that it is seen, a person says."""
        match fact:
            case AlertRaised():
                if fact.alert in self._alerts:
                    yield 6, "the same alert was raised again"
                self._alerts.add(fact.alert)
            case AlertAcknowledged() if fact.by != actor:
                yield 11, "seen by somebody who did not say so"

    def _crisis(self, said: Said, actor: str) -> Iterator[tuple[int, str]]:
        fact = said.data
        block = getattr(fact, "next", None)
        if block and block.action != "none" and not (block.owner and block.due):
            yield 5, "a crisis without an owner or a clock"
        match fact:
            case EpisodeTaken() if fact.owner != actor or actor not in self.duty.get(fact.role, ()):
                yield 1, "taken by somebody without that duty"
            case HandOverAsked():
                self._asked[said.subject] = fact.to
            case HandOverAccepted():
                to = self._asked.pop(said.subject, "")
                if fact.owner != actor or actor not in (to, *self.duty.get(to, ())):
                    yield 1, "handed to somebody who did not accept"
            case TeamConfirmed() if fact.setting and fact.on_scene_before - fact.referred_at != WITHIN[fact.setting]:
                yield 10, "a crisis in business time"
            case EpisodeClosed() if not actor:
                yield 2, "nobody closed it"
