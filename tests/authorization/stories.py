"""An authorization's story in a few words: what was heard, asked and passed, and the facts that followed, as the runtime would have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from contracts.assignment import PlacementAccepted, PlacementEnded
from contracts.authorization import AuthorizationSubmitted
from contracts.intake import PayerResponseReceived
from contracts.kernel import Actor, Change, Command, DeadlinePassed, Event, Fact, Message, Next, Personal, Sealable
from contracts.payers import LineNeeded, Payer, PayerAnswer, Requirement
from infra.sealing import seal_here
from services.authorization import domain
from services.authorization.authorization import Authorization
from services.authorization.commands import EnterDecision, ListRequirements, RecordCoverage, SubmitAuthorization
from services.authorization.requirements import REQUIREMENTS
from tests.deciding import Deciding

E = TypeVar("E", bound=Event)
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""
TODAY = NINE.date()
REQUEST, PLACEMENT, AUTHORIZATION = "request/1", "placement/1", "authorization/1"
RECORD, COVERAGE = "record/1", "coverage/1"
DESK, ANA = "desk/harbor", "staff/ana"
RESIDENTIAL = "residential-treatment"
KEY = bytes(32)
MANAGED, EMPLOYER = "example-health", "example-works"


def requirement(**told: Any) -> Requirement:
    lines = (LineNeeded(service="H0018", units=14, unit="day", days=14), LineNeeded(service="H0015", units=20, unit="visit", days=60))
    fields = {"payer": MANAGED, "service": RESIDENTIAL, "version": 1, "effective_from": date(2026, 1, 1), "needed": "authorization"}
    return Requirement(**(fields | {"lines": lines, "silence_means": "denial"} | told))


TABLES = ListRequirements(
    payers=(
        Payer(id=MANAGED, kind="medicaid-managed-care", channel="fhir", partner=MANAGED),
        Payer(id=EMPLOYER, kind="employer", channel="portal"),
    ),
    requirements=(
        requirement(),
        requirement(service="outpatient-therapy", needed="nothing", lines=()),
        requirement(payer=EMPLOYER, silence_means="nothing"),
    ),
)
COVERED = RecordCoverage(payer=MANAGED, member=Personal("EX-MEMBER-1"))


def accepted(**told: Any) -> PlacementAccepted:
    fields = {"program": "program/harbor", "by": "staff/eve", "released": (), "desk": DESK, "owner": DESK, "service": RESIDENTIAL}
    return PlacementAccepted(**(fields | {"urgency": "routine", "requested_at": NINE, "record": RECORD} | told))


ENDED = PlacementEnded(reason="withdrawn", released=())


def answer(action: str | None, line: int | None = 1, **told: Any) -> PayerAnswer:
    return PayerAnswer(**({"line": line, "action": action} | told))


def by_letter(action: str, line: int = 1, received_at: datetime | None = None, channel: str = "letter", **told: Any) -> EnterDecision:
    return EnterDecision(answer=answer(action, line, **told), channel=channel, received_at=received_at)


@dataclass
class Story(Deciding):
    """An authorization and the deadlines that fired."""

    domain = domain
    now: datetime = NINE
    spent: set[str] = field(default_factory=set)

    @property
    def authorization(self) -> Authorization:
        return self.states[AUTHORIZATION]

    @property
    def next(self) -> Next:
        """Who owes what, as the last fact of the authorization says."""
        said = [fact.data for fact in self.facts if fact.subject == AUTHORIZATION][-1]
        assert isinstance(said, Change) and said.next
        return said.next

    @property
    def reference(self) -> str:
        """Our number of the last submission."""
        return self.told(AuthorizationSubmitted)[-1].reference

    def step(self, action: str, line: int = 1) -> Any:
        """The open step of that name, or None."""
        return next((step for step in self.authorization.steps if (step.action, step.line) == (action, line)), None)

    def told(self, kind: type[E]) -> list[E]:
        return [fact.data for fact in self.facts if type(fact.data) is kind]

    def hears(self, event: Event, at: datetime | None = None) -> list[Change]:
        return self.take(event, PLACEMENT, Actor(), at)

    def follows(self, event: Event) -> list[Change]:
        """Follow-up says something of the plan of the same need."""
        return self.take(event, "plan/1", Actor())

    def asks(self, command: Command, who: str = ANA) -> list[Change]:
        subjects = {ListRequirements: REQUIREMENTS, RecordCoverage: COVERAGE}
        return self.take(command, subjects.get(type(command), AUTHORIZATION), Actor("user", who))

    def answers(self, *told: PayerAnswer, reference: str = "") -> list[Change]:
        """The payer answers our last submission, or the one of that number, on its topic; the envelope bears the payer's own instant."""
        said: list[Change] = []
        for one in told:
            heard = PayerResponseReceived(
                record=RECORD, authorization=AUTHORIZATION, payer=MANAGED, reference=reference or self.reference, answer=one,
                received_at=self.now,
            )  # fmt: skip
            said += self.take(heard, "exchange/1", Actor(), one.answered_at)
        return said

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by; every deadline that comes is decided at its instant, once while it stands."""
        until, said = self.now + time, []
        while due := [one for one in self._deadlines() if one.at <= until]:
            first = min(due, key=lambda one: (one.at, one.name, one.about))
            self.now = max(self.now, first.at)
            said += self.take(DeadlinePassed(name=first.name, about=first.about, at=first.at), AUTHORIZATION, Actor())
            self.spent.add(first.id)
        self.now = until
        return said

    def _deadlines(self) -> list[Any]:
        known = list(domain.deadlines(self.states[AUTHORIZATION])) if AUTHORIZATION in self.states else []
        self.spent &= {one.id for one in known}
        return [one for one in known if one.id not in self.spent]

    def take(self, data: Any, subject: str, actor: Actor, at: datetime | None = None) -> list[Change]:
        self.turns += 1
        return self.decides(Message(f"message-{self.turns}", data, subject, at=at or self.now, actor=actor))

    def becomes(self, fact: Fact) -> Any:
        """After the fact was sealed, as it is before it is stored."""
        said = fact.data
        if isinstance(said, Sealable):
            seal_here(said, said.record, KEY)
        assert said == type(said).model_validate_json(said.model_dump_json(exclude_none=True)) or isinstance(said, Sealable)
        after = domain.evolve(self.states.get(fact.subject), said)  # type: ignore[arg-type]
        assert after is not None
        return type(after).model_validate_json(after.model_dump_json(exclude_none=True))


def story(tables: ListRequirements | None = TABLES, covered: RecordCoverage | None = COVERED, **told: Any) -> Story:
    """Payers and coverage are known, and a program accepted the person."""
    begun = Story()
    if tables:
        begun.asks(tables, "staff/platform")
    if covered:
        begun.asks(covered)
    begun.hears(accepted(**told))
    return begun


def submitted(**told: Any) -> Story:
    """Both lines are with the payer since nine."""
    begun = story(**told)
    begun.asks(SubmitAuthorization(diagnosis=Personal("F33.1")))
    return begun


def names(facts: Sequence[Change]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
