"""An invented morning on the console: somebody in crisis, somebody home from hospital, somebody gone quiet, a payer that said no."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from contracts import (
    agreements,
    alerts,
    assignment,
    caseloads,
    consents,
    crisis_beds,
    crisis_dispatch,
    crisis_routing,
    directory,
    follow_up,
    intake,
    notices,
    plans,
    recipients,
    transitions,
)
from contracts import authorization as asking
from contracts import authorization_lines as lines
from contracts.kernel import Change, Next, Personal
from contracts.partners import PersonDetails
from infra import http
from infra.clock import Clock, ManualClock
from infra.identity import Principal
from infra.issuer import LocalIssuer
from infra.sealing import seal
from infra.settings import Settings
from infra.telemetry import Meters
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.worklist.accounts import seen
from services.worklist.app import HEARS, build
from services.worklist.follow import Follower, Reader
from services.worklist.issuing import PEOPLE
from services.worklist.marking import Marking
from services.worklist.relay import Answered, Asked, Owners
from tests.worklist.books import Book
from tests.worklist.shelf import Shelf
from tests.worklist.stories import COORDINATOR, Log, at, opened, received, record_of, step, whole

PEOPLE_NAMED = {
    1: ("Ottilie", "Testperson"),
    2: ("Bo", "Exampleton"),
    3: ("Élodie", "Sampleford"),
    4: ("Teo", "Invented"),
    5: ("Noor", "Madeup"),
    6: ("Alexa", "Placeholder"),
    7: ("Jonas", "Testperson"),
    8: ("Mira", "Exampleton"),
}
DAY, SUPERVISOR = 24 * 60, "role/clinical-supervisor"
OTHER_TOPICS = {
    **{event.type: "follow-up-events" for event in (*follow_up.EVENTS, *plans.EVENTS, *transitions.EVENTS)},
    **{event.type: "authorization-events" for event in (*asking.EVENTS, *lines.EVENTS)},
    **{event.type: "notification-events" for event in (*alerts.EVENTS, *notices.EVENTS, *recipients.EVENTS)},
    **{event.type: "crisis-routing-events" for event in crisis_routing.EVENTS},
}


def owed(owner: str, action: str, minutes: float, *allowed: str, waiting_on: str | None = None) -> Next:
    return step(owner, action, at(minutes), waiting_on, *allowed)


class Scene:
    """The console over a board in memory, with people's names in a vault, at 08:00 of an invented Tuesday."""

    def __init__(self, directory: Path, now: float = 300, owners: Owners | None = None, zone: str = "", **settled: str) -> None:
        wall, self.clock, self.seen, self.board = Clock(), ManualClock(at(now)), list[tuple](), Shelf()
        self.clock.wall = wall.wall  # type: ignore[method-assign]
        settings = Settings(service="worklist", development=True, state_dir=directory, kafka_tls=False, **settled)
        self.vault = MemoryVault(LocalWrapper.of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""), wall)
        self.issuer = LocalIssuer(directory, settings.audience, wall)
        self.given: list[tuple] = []
        self.book = Book(f"b-{uuid4().hex}", self.clock)
        self.owners = Taken(self.given)
        self.worklist = build(
            settings,
            self.board,
            self.vault,
            self.clock,
            Meters(f"w-{uuid4().hex}"),
            self.book.settle,
            people=PEOPLE,  # type: ignore[arg-type]
            seen=self._told,
            demo=True,
            owners=owners or self.owners,
            zone=zone,
        )
        self.app = http.application(self.worklist.routes)
        self.marking = Marking(self.board, self.vault, self.clock)  # type: ignore[arg-type]
        self.follower = Follower(self.board, Reader(HEARS), self.clock, Meters(f"f-{uuid4().hex}"), self.marking)  # type: ignore[arg-type]

    def _told(self, *told) -> None:
        self.seen.append(told)
        seen(*told)

    async def hear(self, log: Log) -> None:
        await self.follower.take([record_of(heard) for heard in log.heard])

    async def play(self) -> "Scene":
        log = Log()
        _directory(log)
        _referrals(log)
        _crisis(log)
        _plans(log)
        _transitions(log)
        _authorizations(log)
        _alerts(log)
        await self.vault.open(create=True)
        for n, (given, family) in PEOPLE_NAMED.items():
            key = (await self.vault.keys([f"record/{n}"], create=True))[f"record/{n}"]
            said = PersonDetails(
                given_name=Personal(given), family_name=Personal(family), phone=Personal("555-0100"), birth_date=Personal(date(1990, 5, n))
            )
            log.say(f"record/{n}", opened(f"record/{n}", seal(said, f"record/{n}", key)), -DAY)
        await self.hear(log)
        return self

    def worklist_owners_answer(self, answer: Answered) -> None:
        self.owners.answer = answer

    def token(self, principal: Principal) -> str:
        return self.issuer.token(principal)


class Taken(Owners):
    """Owners that take everything, and keep what they were given."""

    def __init__(self, given: list[tuple]) -> None:
        super().__init__({})
        self.given, self.answer, self.asked = given, Answered(True), dict[str, Asked]()

    async def give(self, service, path, body, token, key):
        self.given.append((service, path, body, key))
        return self.answer

    async def ask(self, service, path, token):
        return self.asked.get(service, Asked(503, retry_after=15))


def _say(log: Log, subject: str, event, minutes: float) -> None:
    log.say(subject, event, minutes, OTHER_TOPICS[event.type])


def _directory(log: Log) -> None:
    names = (
        ("program/0", "Example House", "desk/0"),
        ("program/1", "Sample Clinic", "desk/1"),
        ("program/2", "Lakeside Example", "desk/2"),
    )
    services = ("outpatient-therapy", "case-management", "psychiatry")
    programs = tuple(directory.Program(id=id, name=name, desk=desk, services=services, places=8) for id, name, desk in names)
    staff = {
        COORDINATOR: ("staff/12", "staff/13"),
        "role/intake-desk": ("staff/7",),
        "desk/1": ("staff/31",),
        "role/network-lead": ("staff/50",),
    }
    log.say("directory/network", directory.DirectoryListed(programs=programs, staff=staff, caseloads={"staff/12": 2, "staff/13": 5}), -DAY)
    log.say("caseload/staff-12", caseloads.CaseloadTaken(item="placement/8", limit=2, count=1), 69)
    log.say("caseload/staff-12", caseloads.CaseloadTaken(item="placement/9", limit=2, count=2), 70)
    agreed = agreements.PartnerRegistered(
        name="Example Hospital", agreement="signed", effective_on=date(2025, 1, 1), ends_on=date(2027, 3, 31), scope=("referrals",),
        contacts=("discharge planning desk",), response_times=(agreements.ResponseTime(step="information", within="1 bd"),),
    )  # fmt: skip
    log.say("partner/example-hospital", agreed, -DAY)
    log.say("partner/riverbend", agreements.PartnerRegistered(name="Riverbend Hospital", agreement="joint-protocol"), -DAY)
    teams = (
        crisis_dispatch.MobileTeam(id="team/oak", name="Oak Mobile Team", desk="desk/0", skills=("youth",), areas=("oak-county",)),
        crisis_dispatch.MobileTeam(id="team/elm", name="Elm Mobile Team", desk="desk/2", areas=("elm-county",)),
    )
    places = (
        crisis_beds.CrisisFacility(id="facility/harbor", name="Harbor House", desk="desk/2", beds=("crisis-receiving", "detox"), areas=()),
    )
    roster = crisis_routing.CrisisRosterListed(teams=teams, facilities=places, areas={"oak-county": "urban"}, staff={})
    _say(log, "crisis-roster/network", roster, -DAY)
    _say(log, "team/elm", crisis_dispatch.TeamSignedOn(by="staff/73"), -60)
    counted = crisis_beds.BedsCounted(beds="crisis-receiving", free=2, counted_at=at(120), by="staff/74")
    _say(log, "facility/harbor", counted, 120)


def _referrals(log: Log) -> None:
    acknowledge = ("acknowledge-request", "withdraw-request")
    whole(log, 1, 0)
    for n, urgency, minutes in ((2, "emergency", 255), (3, "urgent", -20), (4, "routine", 120)):
        due = minutes + (30 if urgency == "emergency" else 240)
        first = owed("role/intake-desk", "acknowledge-request", due, *acknowledge)
        label = "part2" if n == 4 else ""
        log.say(f"request/{n}", received(n, urgency, minutes, next=first, sensitivity=label, reference=f"RIVE-100{n}"), minutes)
    permit = consents.Permit(version=1, consent="C-4", recipients=("program",), until=at(30 * DAY))
    given = consents.ConsentRecorded(request="request/4", record="record/4", permit=permit, by="staff/7", signed_at=at(125))
    log.say("consent/4", given, 130)
    log.say("request/unowned", received("unowned", minutes=200, next=step("", "acknowledge-request", at(460))), 200)
    mine = owed("staff/12", "contact-client", 330, "log-contact", "ask-hand-off", "waitlist")
    log.say("request/8", received(8, "urgent", 60), 60)
    log.say("request/8", intake.RequestTriaged(by="staff/7", urgency="urgent", service="psychiatry", next=mine), 66)
    log.say(
        "placement/8",
        assignment.PlacementOpened(
            request="request/8",
            record="record/8",
            service="psychiatry",
            urgency="urgent",
            requested_at=at(60),
            owner=COORDINATOR,
            next=mine,
        ),
        67,
    )
    log.say("placement/8", assignment.OwnerAssigned(owner="staff/12", role=COORDINATOR, next=mine), 68)


def _crisis(log: Log) -> None:
    allowed = ("take-episode", "confirm-team", "decline-team", "resolve-by-contact", "report-death")
    opened = crisis_routing.EpisodeOpened(
        contact="contact/1",
        person="person/5",
        record="record/5",
        source="crisis-line",
        partner="example-hospital",
        contacted_at=at(278),
        provisional=False,
        danger="high",
        area="oak-county",
        next=owed("role/crisis-desk", "find-team", 300, *allowed),
    )
    _say(log, "episode/1", opened, 278)
    _over(log, allowed)
    proposed = crisis_dispatch.TeamProposed(
        team="team/oak",
        desk="desk/0",
        confirm_before=at(304),
        rule="confirm-team",
        contacted_at=at(278),
        next=owed("role/crisis-desk", "confirm-team", 304, *allowed, waiting_on="desk/0"),
    )
    _say(log, "episode/1", proposed, 299)


def _over(log: Log, allowed: tuple[str, ...]) -> None:
    """A crisis of the night before, which is over."""
    night = crisis_routing.EpisodeOpened(
        contact="contact/2", person="person/2", record="record/2", source="crisis-line", partner="example-hospital",
        contacted_at=at(-620), provisional=False, danger="moderate", next=owed("role/crisis-desk", "find-team", -600, *allowed),
    )  # fmt: skip
    _say(log, "episode/2", night, -620)
    closed = crisis_routing.EpisodeClosed(
        reason="resolved", by="staff/72", person="person/2", closed_at=at(-500), next=owed("role/crisis-desk", "none", 0)
    )
    _say(log, "episode/2", closed, -500)


def _plans(log: Log) -> None:
    for n, ago in ((6, 40), (7, 20)):
        first = plans.PlanOpened(
            record=f"record/{n}",
            program="program/1",
            owner="desk/1",
            service="outpatient-therapy",
            opened_at=at(-60 * DAY),
            visit_by=at(-50 * DAY),
            cadence_days=14,
            next=owed("desk/1", "book-visit", 3 * DAY),
        )
        _say(log, f"plan/{n}", first, -60 * DAY)
        seen = plans.VisitAttended(
            at=at(-ago * DAY), kind="service", channel="in-person", next=owed("desk/1", "book-visit", -ago * DAY + 7 * DAY)
        )
        _say(log, f"plan/{n}", seen, -ago * DAY)
    allowed = ("log-contact", "log-attempt", "book-visit", "suppress-plan")
    signals = (
        plans.Signal(code="no-shows", level="lapsing", since=at(-3 * DAY)),
        plans.Signal(code="no-contact", level="lapsing", since=at(-2 * DAY)),
    )
    reach = owed("staff/12", "reach-out", -120, *allowed)
    _say(log, "plan/6", plans.PlanFlagged(level="lapsing", signals=signals, flagged_at=at(-2 * DAY), next=reach), -2 * DAY)
    tried = plans.ContactAttempted(at=at(-DAY), channel="telephone", part_of_day="morning", outcome="left-message", next=reach)
    _say(log, "plan/6", tried, -DAY)
    paused = plans.PlanSuppressed(
        kind="in-hospital", since=at(-DAY), until=at(5 * DAY), by="staff/12", next=owed("desk/1", "review-suppression", 5 * DAY)
    )
    _say(log, "plan/7", paused, -DAY)


def _transitions(log: Log) -> None:
    allowed = ("record-reached", "try-to-reach", "arrange-visit", "end-transition")
    stay = transitions.TransitionOpened(
        record="record/3",
        kind="hospital",
        facility="example-hospital",
        reference="S-1",
        owner=COORDINATOR,
        admitted_at=at(-6 * DAY),
        at_risk=True,
        next=owed(COORDINATOR, "contact-in-stay", 0),
    )
    _say(log, "transition/3", stay, -6 * DAY)
    left = transitions.PersonDischarged(at=at(-200), to="shelter", next=owed(COORDINATOR, "attempt-contact", 1240, *allowed))
    _say(log, "transition/3", left, -190)
    log.heard[-1] = replace(log.heard[-1], at=at(-200))  # told ten minutes late
    still = transitions.TransitionOpened(
        record="record/4",
        kind="detox",
        facility="example-hospital",
        reference="S-2",
        owner=COORDINATOR,
        admitted_at=at(-2 * DAY),
        next=owed(COORDINATOR, "contact-in-stay", 600, "record-discharge", "record-transfer", "cancel-admission"),
    )
    _say(log, "transition/4", still, -2 * DAY)


def _authorizations(log: Log) -> None:
    subject, desk = "authorization/1", "desk/1"
    _say(
        log,
        subject,
        asking.AuthorizationOpened(
            placement="placement/1",
            request="request/1",
            owner=desk,
            service="outpatient-therapy",
            program="program/1",
            requested_at=at(0),
            record="record/1",
            next=owed(desk, "determine", 500),
        ),
        41,
    )
    asked = asking.LineAsked(line=1, service="outpatient-therapy", units=12)
    _say(
        log,
        subject,
        asking.AuthorizationDetermined(
            needed="authorization", lines=(asked,), status="assembling", next=owed(desk, "submit", 600, "submit-authorization")
        ),
        50,
    )
    denied = lines.LineDenied(
        line=1,
        channel="portal",
        action="A3",
        service="outpatient-therapy",
        received_at=at(250),
        appeal_before=at(60 * DAY),
        status="denied",
        next=owed(desk, "decide-on-appeal", 3 * DAY, "file-appeal", "waive-appeal"),
    )
    _say(log, subject, denied, 250)
    risk = asking.ReferralPutAtRisk(
        risk="denied", line=1, visit="visit-1", status="denied", next=owed(desk, "secure-care", 320, "file-appeal", "waive-appeal")
    )
    _say(log, subject, risk, 251)


def raised(subject: str, minutes: float, told: tuple[str, ...] = ("staff/12",), **more: object) -> alerts.AlertRaised:
    """A call to these people that something of this item is late."""
    said = {"alert": f"alert-{subject}", "item": subject, "rule": "contact-routine", "milestone": "overdue", "level": 0, "rung": "owner",
            "rungs": ("owner",), "severity": "urgent", "purpose": "call", "cause": "placement.overdue.v1", "action": "contact-client",
            "told": told, "raised_at": at(minutes), "climbs_at": at(minutes + 240), "due": at(minutes)}  # fmt: skip
    return alerts.AlertRaised(**{**said, **more})  # type: ignore[arg-type]


def _sent(log: Log, subject: str, alert: alerts.AlertRaised, *then: Change) -> None:
    """A message about an alert to the first whom it names, and what came of it, a minute each."""
    entry = notices.Entry(**{name: getattr(alert, name) for name in notices.Entry.model_fields})
    queued = notices.NoticeQueued(
        to=alert.told[0], kind="alert", entries=(entry,), severity=alert.severity, channels=("email", "inbox"), queued_at=alert.raised_at,
        give_up_at=alert.climbs_at,
    )  # fmt: skip
    first = (alert.raised_at - at(0)).total_seconds() / 60
    for minutes, fact in enumerate((queued, *then)):
        _say(log, subject, fact, first + minutes)


def _alerts(log: Log) -> None:
    """Robin was told of three: one is new, one they have seen, one somebody acted on."""
    _say(log, "alert/placement/8", raised("placement/8", 60), 60)
    called = raised("placement/8", 70, ("staff/50",), alert="alert-placement/8-1", level=1, rung="network-lead")
    _say(log, "alert/placement/8", called, 70)
    _sent(log, "notice/1", raised("placement/8", 60), notices.NoticeSent(to="staff/12", channel="email", code="250"))
    refused = notices.NoticeFailed(to="staff/50", channel="email", reason="550", next_channel="inbox", again_at=at(71), give_up_at=at(90))
    _sent(log, "notice/2", called, refused, notices.NoticeDelivered(to="staff/50", channel="inbox"))
    _say(log, "alert/request/3", raised("request/3", 50, action="acknowledge-request", severity="routine"), 50)
    seen = alerts.AlertAcknowledged(alert="alert-request/3", item="request/3", by="staff/12", climbs_at=at(400))
    _say(log, "alert/request/3", seen, 55)
    _say(log, "alert/request/4", raised("request/4", 30, ("staff/12", "staff/7"), purpose="transfer"), 30)
    _say(
        log,
        "alert/request/4",
        alerts.AlertActed(alerts=("alert-request/4",), item="request/4", by="request.triaged.v1", actor="staff/7"),
        40,
    )
