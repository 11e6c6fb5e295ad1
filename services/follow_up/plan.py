"""A plan: what it has become, what is owed on it. All of it is a fold over its facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from contracts.kernel import State
from contracts.partners import Channel, VisitKind
from contracts.plans import Level, Signal, SuppressionKind
from services.follow_up import commands
from services.follow_up.items import Item, Need
from services.follow_up.rules import PartOfDay, clock, yes

SUPERVISOR = "role/clinical-supervisor"
DIED: SuppressionKind = "died"
AGREED = "whoever said why it is not shown said until when"


class Booking(State):
    """A booked visit that was not settled yet; whether it was kept must be known by `settle_by`."""

    visit: str
    starts_at: AwareDatetime
    settle_by: AwareDatetime
    kind: VisitKind = "service"
    channel: Channel = "in-person"


NO_SHOWS = {"no-show", "no-shows"}
"""Signals of visits that were missed: one, and two in a row."""


class Missed(State):
    visit: str
    at: AwareDatetime


class Attempt(State):
    """Somebody tried to reach the person."""

    at: AwareDatetime
    channel: Channel
    part_of_day: PartOfDay


class Suppression(State):
    """Why it is not shown among those dropping out, and until when."""

    kind: SuppressionKind
    since: AwareDatetime
    until: AwareDatetime
    by: str
    noted_at: AwareDatetime


class Sighted(State):
    """A contact, for those who follow the person across programs."""

    at: AwareDatetime
    visit: bool


class Plan(Item):
    """One person's enrolment in one program.

    `missed` are visits missed in a row since the last attended one; `settled` the last visits whose end is known; `attempts` those
    of this round of outreach; `news_at` when something was last recorded that matters beyond this plan.
    """

    program: str
    partner: str | None = None
    record: str | None = None
    person: str | None = None
    service: str | None = None
    status: Literal["enrolled", "active", "ended"] = "enrolled"
    opened_at: AwareDatetime
    visit_by: AwareDatetime
    cadence_days: int
    books_visits: bool = True
    covered_until: AwareDatetime | None = None
    tightened_until: AwareDatetime | None = None
    at_risk: bool = False
    minor: bool = False
    reviewed_at: AwareDatetime | None = None
    bookings: tuple[Booking, ...] = ()
    settled: dict[str, str] = {}
    missed: tuple[Missed, ...] = ()
    visits: int = 0
    visited_at: AwareDatetime | None = None
    telephone_evaluation: bool = False
    exchanged_at: AwareDatetime | None = None
    unbooked_since: AwareDatetime | None = None
    recorded_at: AwareDatetime
    level: Level = "ok"
    signals: tuple[Signal, ...] = ()
    flagged_at: AwareDatetime | None = None
    attempts: tuple[Attempt, ...] = ()
    outreach_at: AwareDatetime | None = None
    round_at: AwareDatetime | None = None
    asked_at: AwareDatetime | None = None
    accepted_until: AwareDatetime | None = None
    suppressions: tuple[Suppression, ...] = ()
    resumed_at: AwareDatetime | None = None
    refuted_at: AwareDatetime | None = None
    """When somebody last said that a reported death was not so."""
    seen_elsewhere_at: AwareDatetime | None = None
    silent_since: AwareDatetime | None = None
    checked_at: AwareDatetime | None = None
    sighted: tuple[Sighted, ...] = ()
    unseen: tuple[Sighted, ...] = ()
    """Visits that were taken back: others may have been told of them."""
    news_at: AwareDatetime | None = None

    @property
    def is_dead(self) -> bool:
        """As was reported, whether or not verified: no contact and no reminder any more."""
        return any(one.kind == DIED for one in self.suppressions)

    @property
    def needs_outreach(self) -> bool:
        """A missed visit, or lapsing: somebody has to reach the person. A supervisor's question stands before it."""
        asking = {signal.code for signal in self.signals if signal.level in ("lapsing", "review") or signal.code in NO_SHOWS}
        return self.flagged_at is not None and bool(asking - NO_SHOWS if self.is_expected_again else asking)

    @property
    def is_expected_again(self) -> bool:
        """Spoken with since the visit that was missed last, and booked anew: the no-show stands until they come, reaching out is done."""
        spoken = self.exchanged_at is not None and bool(self.missed) and self.exchanged_at > self.missed[-1].at
        return spoken and bool(self.bookings)

    @property
    def needs(self) -> tuple[Need, ...]:
        if self.status == "ended":
            return ()
        if self.suppressions:
            return (self._suppressed(),)
        if self.silent_since:
            return (Need("ask-feed", clock("ask-feed", self.silent_since), waiting_on=self.program),)
        return (*self._attendance(), *self._drifting(), self._review())

    def _suppressed(self) -> Need:
        first = min(self.suppressions, key=lambda one: (one.kind != DIED, one.until))
        if first.kind == DIED:
            return Need("verify-death", clock("verify-death", first.since))
        return Need("review-suppression", clock("suppression-review", first.since), due=first.until, ends_by=AGREED)

    def _attendance(self) -> Iterator[Need]:
        """From the first attended visit on it is owed here; before that, the referral owes it."""
        if self.visits and self.bookings:
            first = self.bookings[0]
            yield Need("record-attendance", clock("record-attendance", first.starts_at), waiting_on="client")

    def _drifting(self) -> Iterator[Need]:
        if self.asked_at or self.level == "review":
            asked = self.asked_at or max(s.since for s in self.signals)
            yield Need("review-engagement", clock("supervisor-review", asked), waiting_on=SUPERVISOR)
        elif self.needs_outreach:
            yield self._outreach()
        elif self.level == "stale":
            yield Need("check-plan", clock("check-plan", self.signals[-1].since))
        elif self.unbooked_since and any(s.code == "no-next-visit" for s in self.signals):
            yield Need("book-visit", clock("book-next", self.unbooked_since))

    def _outreach(self) -> Need:
        """Another attempt; after a missed visit the first one is owed sooner where the person is at risk."""
        if self.attempts:
            return Need("reach-out", clock("outreach-next", self.attempts[-1].at))
        if self.missed:
            return Need("reach-out", clock("contact-after-no-show", self.missed[-1].at, risk=yes(self.at_risk)))
        return Need("reach-out", clock("outreach-next", self.round_at or self.flagged_at or self.opened_at))

    def _review(self) -> Need:
        return Need("review-plan", clock("plan-review", self.reviewed_at or self.opened_at, minor=yes(self.minor)))

    @property
    def allowed(self) -> tuple[str, ...]:
        if self.status == "ended":
            return (commands.RecordAttendance.type, commands.LogContact.type, commands.RetractAttendance.type)
        if self.is_dead:
            return (commands.RefuteDeath.type, commands.DischargePlan.type)
        always = (commands.BookVisit, commands.RecordAttendance, commands.LogContact, commands.LogAttempt, commands.AdjustPlan,
                  commands.SuppressPlan, commands.ReportDeath, commands.DischargePlan)  # fmt: skip
        found = [command.type for command in always]
        booked = (commands.MoveVisit, commands.CancelVisit, commands.RecordNoShow)
        found += [command.type for command in booked] if self.bookings else []
        found += [commands.RetractAttendance.type] if self.visits else []
        found += [commands.LiftSuppression.type] if self.suppressions else []
        found += [commands.ReviewEngagement.type] if self.asked_at or self.level == "review" else []
        return tuple(found)

    def booking(self, visit: str) -> Booking | None:
        return next((one for one in self.bookings if one.visit == visit), None)

    def round_ends_at(self) -> datetime | None:
        """When outreach has had its time and a supervisor looks."""
        if not self.needs_outreach or self.asked_at or self.level == "review" or self.suppressions or self.status == "ended":
            return None
        begun = self.round_at or self.flagged_at
        return clock("outreach-round", begun).due_at if begun else None
