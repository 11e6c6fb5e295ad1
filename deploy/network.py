"""The network file: who publishes to us under which agreement, which programs take people, who is on duty.

Every fault is told by its place in the file, never by a value.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.agreements import AgreementKind, ResponseTime
from contracts.crisis_beds import BedKind, CrisisFacility
from contracts.crisis_dispatch import MobileTeam, Setting
from contracts.crisis_routing import CrisisRosterListed
from contracts.directory import Desk as Opening
from contracts.directory import DirectoryListed, Program
from contracts.payers import LineNeeded, Payer, Requirement
from deploy.console import Say
from deploy.local.kafka import ADMIN
from deploy.partners import NAME, Broker, Standing, admit, connected, standings
from deploy.running import Running
from infra.calendar import Hours
from infra.identity import Principal
from infra.problems import Problem
from infra.rulefile import Limit

PLATFORM = Principal("staff/platform", frozenset({"platform"}))

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,62}$")]
PartnerName = Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
Role = Annotated[str, Field(pattern=r"^role/[a-z0-9-]{2,40}$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Kind = Literal[
    "hospital", "clinic", "primary-care", "crisis-line", "detox", "school", "shelter", "court", "jail", "payer", "social-services", "other"
]
"""The kind of recipient decides what may be told to it."""


class Part(BaseModel):
    """Unknown keys are refused: a misspelling must not be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answering(ResponseTime):
    """How long one step may take, as rules write it: `4 bh`, `1 bd`."""

    model_config = Part.model_config
    within: Limit


class Agreement(Part):
    """`signed`, or a `joint-protocol` that both keep to without a signature (CCBHC 2023, criterion 3.c)."""

    kind: AgreementKind
    effective_on: date
    ends_on: date | None = None
    scope: tuple[Code, ...] = ()
    """What it is about: referrals, crisis, transitions, authorizations."""
    response_times: tuple[Answering, ...] = ()
    """How fast each answers the other. They become rules that are laid over ours (`agreed.py`)."""

    def in_force(self, today: date) -> bool:
        return self.effective_on <= today and (self.ends_on is None or today <= self.ends_on)


class Partner(Part):
    """An organisation that publishes to us. `contacts` are roles over there, not people."""

    id: PartnerName
    name: Words
    agreement: Agreement
    kind: Kind = "other"
    contacts: tuple[Words, ...] = ()

    def registered(self) -> dict[str, Any]:
        """What intake is told of it."""
        said = self.agreement.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
        return {"name": self.name, "agreement": self.agreement.kind, "contacts": list(self.contacts), **said}


class Taker(Program):
    """A program as the file lists it. `partner` is the organisation that runs it, if it is one of ours."""

    model_config = Part.model_config
    id: Id
    name: Words
    desk: Id
    services: tuple[Code, ...] = Field(min_length=1)
    places: int = Field(ge=0)
    partner: PartnerName | None = None
    cadence_days: Annotated[int, Field(ge=1, le=366)] | None = None
    caseload: Annotated[int, Field(ge=0, le=1_000)] | None = None
    """How many people it has at most, where our yes is to be held to it."""


class Crew(Part):
    """A mobile crisis team: what it can do, which areas it goes to, the desk whose people on duty answer for it."""

    id: Annotated[str, Field(pattern=r"^team/[a-z0-9-]{1,60}$")]
    name: Words
    desk: Id
    skills: tuple[Code, ...] = ()
    areas: tuple[Code, ...] = Field(min_length=1)


class Place(Part):
    """A facility that takes people in crisis: which beds it has, whom it serves, the desk that answers for it."""

    id: Annotated[str, Field(pattern=r"^facility/[a-z0-9-]{1,60}$")]
    name: Words
    desk: Id
    beds: tuple[BedKind, ...] = Field(min_length=1)
    areas: tuple[Code, ...] = ()


class Desk(Part):
    """Where offers to a program are answered, by whom, and when it is open: the network's hours, or its own, holidays left out.

    `on_holidays: open` is for a desk that never closes for one.
    """

    id: Id
    role: Role = "role/program-desk"
    hours: dict[str, str] = {}
    zone: Words | None = None
    on_holidays: Literal["closed", "open"] = "closed"


class Person(Part):
    """Somebody on duty: an opaque id, a name for the sign-in page alone, roles (`role/…`) and desks (`desk/…`)."""

    id: Annotated[str, Field(pattern=r"^staff/[0-9]{1,12}$")]
    name: Words
    on_duty: tuple[Id, ...] = Field(min_length=1)
    email: Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[a-z0-9.-]+$")] | None = None
    """Where they are told beside the board's own inbox."""
    caseload: Annotated[int, Field(ge=0, le=1_000)] | None = None
    """How many placements they answer for at most. Counted from the day on which it first stands here."""

    @property
    def roles(self) -> frozenset[str]:
        """As a token names them: who answers for any desk is a program desk."""
        return frozenset("program-desk" if duty.startswith("desk/") else duty.removeprefix("role/") for duty in self.on_duty)


class Insurer(Payer):
    """Somebody who pays for care."""

    model_config = Part.model_config


class TableLine(LineNeeded):
    model_config = Part.model_config


class Table(Requirement):
    """One row of a payer's table."""

    model_config = Part.model_config
    lines: tuple[TableLine, ...] = Field(default=(), max_length=50)


class Network(Part):
    """One deployment serves one network."""

    id: Code
    name: Words
    zone: Words
    state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    hours: dict[str, str] = {"mon-fri": "08:00-17:00"}
    works_on: tuple[Words, ...] = ()
    """Holidays, by name, of the state on which nobody closes."""
    roles: tuple[Role, ...] = ()
    partners: tuple[Partner, ...] = ()
    desks: tuple[Desk, ...] = ()
    programs: tuple[Taker, ...] = ()
    areas: dict[Code, Setting] = {}
    """Response areas of mobile teams: urban or rural decides how long the way may take."""
    teams: tuple[Crew, ...] = ()
    facilities: tuple[Place, ...] = ()
    payers: tuple[Insurer, ...] = ()
    """Who pays for care. One that is a partner is asked on its own topic, every other by the way that it says."""
    requirements: tuple[Table, ...] = ()
    """What each payer wants to be asked before; only it knows, and its table is kept here in versions."""
    staff: tuple[Person, ...] = ()

    @property
    def observes(self) -> tuple[str, ...]:
        """Whose holidays are kept: the nation's, and the state's."""
        return ("US", f"US-{self.state}") if self.state else ("US",)

    def directory(self) -> DirectoryListed:
        """What assignment is told: programs, desks, and who is on duty behind which role or desk, in the order of the file."""
        programs = tuple(Program(**{name: getattr(taker, name) for name in Program.model_fields}) for taker in self.programs)
        return DirectoryListed(
            programs=programs, staff=self.behind(), desks=tuple(map(self._opening, self.desks)), caseloads=self.caseloads(),
            people=self.called(),
        )  # fmt: skip

    def caseloads(self) -> dict[str, int]:
        """Who has a limit: people, and programs."""
        most = [(one.id, one.caseload) for one in self.staff] + [(one.id, one.caseload) for one in self.programs]
        return {id: many for id, many in most if many is not None}

    def called(self) -> dict[str, str]:
        """What people are called at work: `Robin, coordinator` is Robin."""
        return {person.id: person.name.partition(",")[0] for person in self.staff}

    def roster(self) -> CrisisRosterListed:
        """What crisis routing is told: teams, facilities, areas, and who is on duty."""
        teams = tuple(MobileTeam(**dict(crew)) for crew in self.teams)
        facilities = tuple(CrisisFacility(**dict(place)) for place in self.facilities)
        return CrisisRosterListed(teams=teams, facilities=facilities, areas=self.areas, staff=self.behind())

    def behind(self) -> dict[str, tuple[str, ...]]:
        """Role or desk to people on duty, in the order of the file."""
        found: dict[str, tuple[str, ...]] = {}
        for person in self.staff:
            for role in person.on_duty:
                found[role] = (*found.get(role, ()), person.id)
        return found

    def _opening(self, desk: Desk) -> Opening:
        """A desk with its calendar written out, so that whoever reads it needs no network file."""
        keeps = desk.on_holidays == "closed"
        return Opening(
            id=desk.id,
            role=desk.role,
            hours=desk.hours or self.hours,
            zone=desk.zone or self.zone,
            observes=self.observes if keeps else (),
            works_on=self.works_on if keeps else (),
        )

    def calendar(self) -> dict[str, Any]:
        """The network's own hours, as a directory of rules has them in its `calendar.yaml`."""
        return {"hours": self.hours, "zone": self.zone, "observes": list(self.observes), "works_on": list(self.works_on)}

    def contacts(self) -> dict[str, dict[str, Any]]:
        """Where people can be told; the inbox of the board needs no address."""
        by_mail = {one.id: [{"channel": "email", "address": one.email}] for one in self.staff if one.email}
        return {person: {"contacts": contacts, "home": self.zone} for person, contacts in by_mail.items()}

    def faults(self) -> Iterator[str]:
        """What no single part can be blamed for: names said twice, names of nothing, an end before its beginning."""
        for part in ("partners", "desks", "programs", "teams", "facilities", "staff"):
            yield from _twice(part, [one.id for one in getattr(self, part)])
        for at, partner in enumerate(self.partners):
            if partner.agreement.ends_on and partner.agreement.ends_on < partner.agreement.effective_on:
                yield f"/partners/{at}/agreement/ends_on: before effective_on; correct one of them"
            agreed = Counter((one.step, urgency) for one in partner.agreement.response_times for urgency in one.urgencies)
            if max(agreed.values(), default=1) > 1:
                yield f"/partners/{at}/agreement/response_times: a step has two times for one urgency; keep one"
        yield from _hours("", self.hours, self.zone, self.observes, self.works_on)
        for at, desk in enumerate(self.desks):
            yield from _hours(f"/desks/{at}", desk.hours or self.hours, desk.zone or "UTC")
        desks, partners, payers = ({one.id for one in part} for part in (self.desks, self.partners, self.payers))
        for at, program in enumerate(self.programs):
            yield from _unknown(f"/programs/{at}/partner", filter(None, [program.partner]), partners, "partners")
            yield from _unknown(f"/programs/{at}/payers", program.payers, payers, "payers")
        for part in ("programs", "teams", "facilities"):
            for at, one in enumerate(getattr(self, part)):
                yield from _unknown(f"/{part}/{at}/desk", [one.desk], desks, "desks")
                yield from _unknown(f"/{part}/{at}/areas", one.areas, self.areas, "areas")
        for at, payer in enumerate(self.payers):
            yield from _unknown(f"/payers/{at}/partner", filter(None, [payer.partner]), partners, "partners")
        for at, row in enumerate(self.requirements):
            yield from _unknown(f"/requirements/{at}/payer", [row.payer], payers, "payers")
        for at, desk in enumerate(self.desks):
            yield from _unknown(f"/desks/{at}/role", [desk.role], self.roles, "roles")
        for at, person in enumerate(self.staff):
            yield from _unknown(f"/staff/{at}/on_duty", person.on_duty, desks.union(self.roles), "roles or desks")


def _hours(pointer: str, hours: dict[str, str], zone: str, observes: Sequence[str] = (), works_on: Sequence[str] = ()) -> Iterator[str]:
    try:
        Hours.of(hours, zone, observes, works_on)
    except Problem as problem:
        yield from (f"{pointer}/{fault.strip()}" for fault in problem.why.splitlines())


def _twice(part: str, ids: list[str]) -> Iterator[str]:
    counts = Counter(ids)
    return (f"/{part}/{at}/id: named twice; give each an id of its own" for at, id in enumerate(ids) if counts[id] > 1)


def _unknown(pointer: str, named: Iterable[str], known: Iterable[str], where: str) -> Iterator[str]:
    if not set(named) <= set(known):
        yield f"{pointer}: names something that is not in {where}; list it there, or correct the name"


def load(path: Path) -> Network:
    """Raises TL-2601 (not readable) or TL-2602 (every fault, by its place in the file; never a value)."""
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise Problem("TL-2601", "the network file cannot be read", type(error).__name__, "give a file of YAML", where) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("TL-2601", "the network file cannot be read", type(error).__name__, "give a file of YAML", str(path)) from None
    try:
        network = Network.model_validate(said)
        faults = list(network.faults())
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors(include_url=False, include_input=False)]
    if faults:
        raise Problem("TL-2602", "the network file is wrong", "\n  ".join(faults), "correct what is pointed at", str(path))
    return network


def _fault(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    """Where and what; a key that nobody knows is told with those that are."""
    told = "nobody knows this key; remove or correct it" if kind == "extra_forbidden" else message
    return f"/{'/'.join(map(str, loc))}: {told}"


def broker_of(running: Running) -> Broker:
    return connected(running.kafka(ADMIN))


def apply(running: Running, network: Network, say: Say, dry_run: bool = False) -> dict[str, str]:
    """Make the file true, in the order in which each part finds what it needs; again changes nothing. Passwords of new partners.

    Nobody is shut out by a line that is missing, and nobody who was revoked comes back by one that stands.
    """
    broker = broker_of(running)
    known = standings(broker)
    ours = [partner for partner in network.partners if _belongs(partner, known.get(partner.id), say)]
    new = [partner.id for partner in ours if known.get(partner.id) != "admitted"]
    listed = network.directory()
    taking = f"programs: {len(listed.programs)}; on duty: {len(network.staff)} people behind {len(listed.staff)} roles and desks"
    say(f"partners: {len(ours)}, of which {len(new)} new{': ' if new else ''}{', '.join(new)}")
    if dry_run:
        say(taking)
        say("dry run: nothing was changed")
        return {}
    passwords = admit(broker, new, known)
    bodies = {f"/v1/partners/{one.id}/register": one.registered() for one in ours}
    told = [_told(running, "intake", path, body) for path, body in bodies.items()]
    say(f"registrations: {len(ours)}, of which {sum(told)} changed")
    body = listed.model_dump(mode="json", include={"programs", "staff", "desks", "caseloads", "people"})
    changed = "changed" if _told(running, "assignment", "/v1/directory", body) else "unchanged"
    roster = network.roster().model_dump(mode="json", include={"teams", "facilities", "areas", "staff"})
    _told(running, "crisis_routing", "/v1/roster", roster)
    tables = network.model_dump(mode="json", include={"payers", "requirements"}, exclude_none=True)
    _told(running, "authorization", "/v1/requirements", tables)
    for person, contacts in network.contacts().items():
        _told(running, "notification", f"/v1/people/{person.partition('/')[2]}/contacts", contacts)
    say(f"{taking}; {changed}")
    say(f"payers: {len(network.payers)}; rows of what they ask for: {len(network.requirements)}")
    say(f"mobile teams: {len(network.teams)}; crisis facilities: {len(network.facilities)}")
    return passwords


def _belongs(partner: Partner, standing: Standing | None, say: Say) -> bool:
    """Under an agreement that is in force, and not revoked."""
    if not partner.agreement.in_force(date.today()):
        say(f"{partner.id}: left as it is, its agreement is not in force today")
    elif standing == "revoked":
        say(f"{partner.id}: left out, it was revoked (to admit it again: throughline partner add {partner.id})")
    else:
        return True
    return False


def _told(running: Running, service: str, path: str, body: dict[str, Any]) -> bool:
    """Whether something followed. What stands already is no fact, so every telling may have an idempotency key of its own.

    A key made of the content alone would have "A, then B, then A again" end with B: the last would be the first one's repetition.
    """
    answer = running.post(service, path, orjson.dumps(body), PLATFORM, str(uuid4()))
    if answer.status_code < 400:
        return bool(answer.json()["sequence"])
    told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    why = "; ".join(f"{error.get('pointer', '')} {error.get('fix', '')}" for error in told.get("errors", ()))
    raise Problem("TL-2603", "a part of the network file was refused", f"{told.get('title', answer.status_code)} {why}", "correct it", path)
