"""Twenty partners, their clients, and the people who answer: most do what is next in time, some late, some never."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from contracts.assignment import PlacementOffered
from contracts.directory import Desk, Program
from contracts.kernel import Next, Personal, kind_of
from contracts.partners import Identifier, PersonDetails, ReferralAmended, ReferralRequested, ReferralWithdrawn
from services.assignment import commands as placing
from services.follow_up import commands as caring
from services.intake import commands as intake
from services.intake.referrals import request_of
from tests.year.network import NEW_YEAR, Network, Said, blind

SERVICES = ("outpatient-therapy", "case-management", "substance-use-treatment")
DAY = timedelta(days=1)
HANDED = {"request": "intake", "placement": "assignment", "care": "follow_up"}


def directory() -> placing.ListDirectory:
    programs = tuple(
        Program(id=f"program/{n}", name=f"Program {n}", desk=f"desk/{n}", services=(SERVICES[n % 3],), places=5 + n % 4) for n in range(12)
    )
    desks = tuple(Desk(id=f"desk/{n}", hours={"mon-fri": f"0{7 + n % 3}:00-1{6 + n % 3}:00"}, zone="America/New_York") for n in range(12))
    staff = {f"desk/{n}": (f"staff/{100 + n}",) for n in range(0, 12, 2)}
    roles = {"role/intake-desk": ("staff/1", "staff/2"), "role/coordinator": ("staff/3", "staff/4", "staff/5")}
    return placing.ListDirectory(programs=programs, staff=staff | roles, desks=desks)


@dataclass
class Town:
    """Who refers whom when, and what people do about each next step."""

    network: Network
    dice: Random
    partners: int
    clients: int

    def opens(self, days: int) -> None:
        self.network.asks("assignment", directory(), "directory/network", "staff/platform")
        for client in range(self.clients):
            self.network.at(NEW_YEAR + timedelta(minutes=self.dice.uniform(0, days * 1440)), lambda client=client: self._refers(client))  # type: ignore[misc]

    def _refers(self, client: int) -> None:
        """Late by up to two days, now and then repeated, changed or taken back."""
        partner, reference = f"partner-{self.dice.randrange(self.partners)}", f"R-{client}"
        person = PersonDetails(
            identifiers=(Identifier(system="urn:example:mrn", value=Personal(f"m-{client % (self.clients * 4 // 5 + 1)}")),)
        )
        asked = ReferralRequested(
            reference=reference, requested_at=self.network.now - timedelta(hours=self.dice.choice([0, 0, 0, 1, 6, 48])), person=person,
            service=self.dice.choice(SERVICES), urgency=self.dice.choice(["urgent", "routine", "routine", None]),
        )  # fmt: skip
        more: list[Any] = [asked] * self.dice.choice([1, 1, 2])
        if self.dice.random() < 0.1:
            more.append(ReferralAmended(reference=reference, urgency="urgent"))
        if self.dice.random() < 0.04:
            more.append(ReferralWithdrawn(reference=reference, reason="not-needed"))
        for n, data in enumerate(more):
            self.network.at(self.network.now + n * DAY, lambda data=data: self._sends(partner, data))  # type: ignore[misc]
        subject = request_of(partner, reference, blind)
        if self.dice.random() < 0.03:
            self._asks_later(30, "intake", intake.ReportDeath(), subject)

    def _sends(self, partner: str, data: Any) -> None:
        self.network.asks("intake", data, "", partner, f"partner-in-{partner}")

    def watch(self, said: Said) -> None:
        """Somebody sees a next step, and does it: soon, when it is late, or never before something else happens."""
        step: Next | None = getattr(said.data, "next", None)
        kind = kind_of(said.subject)
        if step is None or kind not in HANDED:
            return
        if isinstance(said.data, PlacementOffered):
            self._desks(said.subject, said.data)
        if act := STEPS.get((kind, step.action)):
            hours = self.dice.choice([0.1, 0.5, 1, 2, 4, 30, 200])
            self.network.at(self.network.now + timedelta(hours=hours), lambda: act(self, said.subject))

    def _desks(self, subject: str, offered: PlacementOffered) -> None:
        for offer in offered.offers:
            answer = self.dice.choices(["yes", "no", "list", "silence"], [3, 3, 1, 3])[0]
            command: dict[str, Callable[[], Any]] = {
                "yes": lambda program=offer.program: placing.AcceptOffer(program=program),  # type: ignore[misc]
                "no": lambda program=offer.program: placing.DeclineOffer(program=program, reason="no-capacity"),  # type: ignore[misc]
                "list": lambda program=offer.program: placing.Waitlist(program=program),  # type: ignore[misc]
            }
            if answer in command:
                self._asks_later(30, "assignment", command[answer](), subject)

    def _asks_later(self, hours: float, service: str, data: Any, subject: str) -> None:
        """By the owner, else by a coordinator."""
        when = self.network.now + timedelta(hours=self.dice.uniform(0, hours))
        self.network.at(when, lambda: self.asks(service, data, subject))

    def asks(self, service: str, data: Any, subject: str) -> None:
        state = self.network.houses[service].states.get(subject)
        who = getattr(state, "owner", "staff/3")
        self.network.asks(service, data, subject, who if who.startswith("staff/") else "staff/3")


def _does(service: str, made: Callable[[Town], Any]) -> Callable[[Town, str], None]:
    return lambda town, subject: town.asks(service, made(town), subject)


def _books(town: Town, subject: str) -> None:
    at = town.network.now + timedelta(days=town.dice.uniform(0.2, 12))
    plan = subject.replace("care/", "plan/")
    town.asks("follow_up", caring.BookVisit(starts_at=at, reason="client-choice"), plan)


def _sees(town: Town, subject: str) -> None:
    """The visit took place, or the person did not come."""
    plan = town.network.houses["follow_up"].states.get(subject.replace("care/", "plan/"))
    if plan is None or not plan.bookings or plan.bookings[0].starts_at > town.network.now:
        town.network.at(town.network.now + DAY, lambda: _sees(town, subject)) if plan and plan.bookings else None
        return
    visit, at = plan.bookings[0].visit, plan.bookings[0].starts_at
    came = caring.RecordAttendance(visit=visit, at=at) if town.dice.random() < 0.7 else caring.RecordNoShow(visit=visit, at=at)
    town.asks("follow_up", came, subject.replace("care/", "plan/"))


def _closes(town: Town, subject: str) -> None:
    """As far as it is known; one in twenty is needed again."""
    state = town.network.houses["intake"].states[subject]
    how = "verified" if state.served else town.dice.choice(["asserted", "unmet"])
    town.asks("intake", intake.CloseRequest(how=how, reason="services-obtained"), subject)
    if town.dice.random() < 0.05:
        again = intake.ReopenRequest(reason="asked-again")
        town.network.at(town.network.now + 9 * DAY, lambda: town.asks("intake", again, subject))


def _verifies(town: Town, subject: str) -> None:
    lives = town.dice.random() < 0.5
    town.asks("intake", intake.RefuteDeath() if lives else intake.CloseRequest(how="died", reason="death-verified"), subject)


STEPS: dict[tuple[str, str], Callable[[Town, str], None]] = {
    ("request", "acknowledge-request"): _does("intake", lambda town: intake.AcknowledgeRequest()),
    ("request", "triage-request"): _does("intake", lambda town: town.dice.choice([
        intake.AskInformation(items=("consent",)),
        *[intake.TriageRequest(urgency=urgency, service=town.dice.choice(SERVICES)) for urgency in ("urgent", "routine", "routine")],
    ])),
    ("request", "wait-for-information"): _does("intake", lambda town: intake.GoOnWithout(reason="nobody-answers")),
    ("request", "review-outcome"): _closes,
    ("request", "verify-death"): _verifies,
    ("placement", "reroute"): _does("assignment", lambda town: placing.OfferAgain()),
    ("placement", "contact-waiting"): _does("assignment", lambda town: placing.LogContact(
        channel="telephone", outcome=town.dice.choice(["reached", "no-answer"]), contacted_at=town.network.now
    )),
    ("care", "schedule-visit"): _books,
    ("care", "contact-client"): _books,
    ("care", "record-attendance"): _sees,
    ("care", "confirm-status"): _does("follow_up", lambda town: town.dice.choice(
        [caring.ConfirmStatus(), caring.ReportOutcome(outcome="completed")]
    )),
}  # fmt: skip
"""What somebody does about a step, when they get to it."""
