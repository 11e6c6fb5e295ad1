"""From an event to what changes on the worklist. Pure: no I/O, no clock.

Every event changes the item of its own aggregate. What an event says is a patch of that aggregate's section: the fields it names
and nothing else, so that an item is a fold of its patches and can be folded again at any time.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from contracts import agreements, caseloads, consents, directory, emergency_access, endings, intake, needs, upkeep
from contracts import assignment as placing
from contracts.authorization import AuthorizationChange
from contracts.kernel import Change as Said
from contracts.kernel import Event, Next, derived, kind_of
from services.worklist import authorizing, care, care_teams, crisis, details, hindrances, sides, standing, telling
from services.worklist.sentences import sentence
from services.worklist.words import plain

Patch = dict[str, Any]
REFERRAL = ("request", "placement", "care")
"""Kinds of the aggregates that make one referral, in the order in which a need goes through them; they share what follows the `/`."""
TELLING = "alert"
"""The kind of the aggregates that hold who was told of an item (`alert/placement/1`): part of that item's story."""
SLOTS = 0x1000
PROGRAM = {"id", "name", "desk", "services", "places", "age_groups", "levels", "payers", "languages", "areas"}
ALIKE = "alike_"
"""What begins the field of a record that somebody must compare this one with."""
OPENINGS, OPENED = "access", "opened_"
"""The kind of what was opened of a person in an emergency, and what begins the field of whoever opened it."""
NOTHING_LEFT = "none"
"""The action of a `next` that says that nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event where it lies in the log. `data` is None where the type is not known here, or could not be read (`readable`)."""

    topic: str
    partition: int
    offset: int
    type: str
    subject: str
    sequence: int
    id: str
    at: datetime
    recorded: datetime
    actor: tuple[str, str] = ("system", "")
    correlation: str = ""
    cause: Mapping[str, str] = field(default_factory=dict)
    sensitivity: str = ""
    data: Event | None = None
    readable: bool = True
    trace: str = ""
    """The id of the trace in which it was said, where that can be looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one event does to one item. `counted`: the section hears every event of its aggregate, so a hole is a loss."""

    item: str
    topic: str
    subject: str
    sequence: int
    patch: Patch
    entry: Patch
    counted: bool = True

    @property
    def id(self) -> str:
        return self.entry["_id"]  # type: ignore[no-any-return]


def item_of(subject: str) -> str:
    """Requests, placements and care of one need are one referral; everything else is an item of its own."""
    kind, _, suffix = subject.partition("/")
    if kind == TELLING:
        return item_of(suffix)
    return f"referral/{suffix}" if kind in REFERRAL else subject


def parked_item(subject: str) -> str:
    """A parked aggregate is an item beside the one it holds up: that one's owner and clock stand as they were."""
    return f"parked/{subject}"


def changes(heard: Heard) -> tuple[Change, ...]:
    """What an event changes: its own item, and for what the runtime says of an aggregate, the item of the keeping."""
    own = _change(heard, item_of(heard.subject), patch(heard))
    if isinstance(heard.data, upkeep.AggregateParked | upkeep.AggregateReleased | upkeep.MessageOverdue):
        return own, _change(heard, parked_item(heard.subject), _kept(heard.data), counted=False)
    return (own,)


def patch(heard: Heard) -> Patch:
    """The fields of its section that this event sets; `None` takes a field away."""
    if heard.data is None:
        return {} if heard.readable else {"unread": heard.sequence}
    told = _told(heard.data, heard.at)
    label = {"sensitivity": heard.sensitivity} if heard.sensitivity else {}
    return {name: _stored(value) for name, value in {**told, **label, **_next(heard.data)}.items()}


def _told(data: Event, at: datetime) -> Patch:
    if isinstance(data, AuthorizationChange):
        return authorizing.patch(data)
    if said := DATED.get(type(data)):
        return said(data, at)
    return PROJECTED.get(type(data), _nothing)(data)


def _change(heard: Heard, item: str, told: Patch, counted: bool = True) -> Change:
    entry = {
        "_id": entry_id(item, heard.topic, heard.subject, heard.sequence),
        "item": item, "topic": heard.topic, "partition": heard.partition, "offset": heard.offset,
        "subject": heard.subject, "sequence": heard.sequence, "type": heard.type, "event": heard.id,
        "at": stored(heard.at), "recorded": stored(heard.recorded),
        "what": sentence(heard.type, heard.data), "actor": "/".join(filter(None, heard.actor)),
        "correlation": heard.correlation, "cause": dict(heard.cause), "patch": told, "counted": counted,
        **({"trace": heard.trace} if heard.trace else {}),
    }  # fmt: skip
    return Change(item, heard.topic, heard.subject, heard.sequence, told, entry, counted)


def entry_id(item: str, topic: str, subject: str, sequence: int) -> str:
    """Begins with the item, so that an item's entries lie together and need no index beside their ids.

    The rest tells apart all whose facts lie there: `request`, `placement`, and the alerts about each of them.
    """
    return f"{entries_of(item)}{topic}|{subject.rpartition('/')[0]}|{sequence:010d}"


def entries_of(item: str) -> str:
    """What the ids of an item's entries begin with: first one of SLOTS, so that all entries can be read in parts of even size."""
    return f"{crc32(item.encode()) % SLOTS:03x}|{item}|"


def stored(at: datetime) -> datetime:
    """An instant as the database gives it back: UTC, whole milliseconds."""
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return at.replace(microsecond=beyond) if (beyond := at.microsecond // 1000 * 1000) != at.microsecond else at


def _stored(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stored(inner) for name, inner in value.items()}
    return stored(value) if isinstance(value, datetime) else value


def _next(data: Event) -> Patch:
    """Who owes what by when. A fact without the block leaves it as it stood, unless the fact ends the aggregate."""
    said = data.next if isinstance(data, Said) and not isinstance(data, KEEPING) else None
    if isinstance(data, ENDS) or (said and said.action == NOTHING_LEFT):
        return {"next": None}
    return {"next": _block(said)} if said else {}


def _block(said: Next) -> Patch:
    due = stored(said.due) if said.due else None
    return {"owner": said.owner, "action": said.action, "waiting_on": said.waiting_on, "due": due, "rule": said.rule,
            "allowed": list(said.allowed)}  # fmt: skip


def _kept(data: Event) -> Patch:
    """A parked aggregate or a message that waits too long, as an item with an owner and a clock."""
    if isinstance(data, upkeep.AggregateReleased):
        return {"status": "released", "next": None}
    assert isinstance(data, Said)
    status = "parked" if isinstance(data, upkeep.AggregateParked) else "message-overdue"
    return {"status": status, "next": _block(data.next) if data.next else None}


# — what each fact tells


def _nothing(_: Any) -> Patch:
    return {}


def _known(event: Event, *names: str) -> Patch:
    """These fields, where the event has them; a personal value as its sealed token."""
    values = ((name, getattr(event, name)) for name in names)
    return {name: stored(value) if isinstance(value, datetime) else value for name, value in values if value is not None}


def _received(e: intake.RequestReceived) -> Patch:
    told = _known(e, "partner", "reference", "record", "requested_at", "service", "urgency", "sender", "consent", "channel")
    return {"status": "received", **told}


def _registered(e: agreements.PartnerRegistered) -> Patch:
    """The agreement takes the place of the one before, whole."""
    days = {name: day.isoformat() if (day := getattr(e, name)) else None for name in ("effective_on", "ends_on")}
    times = [[one.step, one.within, list(one.urgencies)] for one in e.response_times] or None
    lists = {"scope": list(e.scope) or None, "contacts": list(e.contacts) or None, "response_times": times}
    return {"status": "registered", "name": e.name, "agreement": e.agreement, "ends_at": None, **days, **lists}


def _consent(e: consents.PermitChanged) -> Patch:
    """With the permit as it stands: whoever is on the person's team sees no further than it opens."""
    return {"status": e.type.split(".")[1], "record": e.record, "request": e.request, "permit": e.permit.model_dump(exclude_none=True)}


def opened_by(account: str) -> str:
    """The field of what somebody opened. An account may be called anything, dots too; a field may not."""
    return OPENED + derived("opened", account)


def _opened(e: emergency_access.AccessOpened) -> Patch:
    """Who may see the person until when, and whether what 42 CFR Part 2 protects as well."""
    shown = {
        "by": e.by,
        "until": stored(e.until),
        "protected": e.protected,
        "ground": e.ground,
        "at": stored(e.opened_at),
        "words": e.words.sealed,
    }
    return {"status": "access-opened", "record": e.record, opened_by(e.by): shown}


def _reviewed(e: emergency_access.AccessReviewed, at: datetime) -> Patch:
    return {"status": f"access-{e.finding}", "finding": e.finding, "reviewer": e.by, "reviewed_at": at}


def _details(e: intake.RecordOpened | intake.RecordAmended) -> Patch:
    """The tokens of what may be shown to whom it may be shown."""
    return details.kept(e.details, getattr(e, "cleared", ()))


def _alike(other: str) -> str:
    return ALIKE + derived("alike", other)


def _kept_apart(e: intake.RecordKeptApart) -> Patch:
    return {"status": "kept-apart", **{_alike(one): None for one in e.others}}


def _linked(e: intake.RecordLinked) -> Patch:
    by_person = {} if e.by == intake.BY_NUMBER else {"status": "unlinked" if e.by == intake.UNLINKED else "linked"}
    return {"group": e.person, **by_person, **({_alike(e.other): None} if e.other else {})}


def _directory(e: directory.DirectoryListed) -> Patch:
    names = [[program.id, program.name] for program in e.programs] + _desks(e.programs) + [[id, name] for id, name in e.people.items()]
    programs = [one.model_dump(mode="json", include=PROGRAM) for one in e.programs]
    staff, most = [[role, list(people)] for role, people in e.staff.items()], [[who, limit] for who, limit in e.caseloads.items()]
    return {"names": names, "programs": programs, "staff": staff, "caseloads": most}


def _desks(programs: Sequence[directory.Program]) -> list[list[str]]:
    """A desk is called as its program is; one that answers for several has a name of its own."""
    many = Counter(program.desk for program in programs)
    return [[one.desk, one.name if many[one.desk] == 1 else f"{plain(one.desk.partition('/')[2])} desk"] for one in programs]


def _contacted(e: placing.PlacementContactLogged) -> Patch:
    """Tried is not reached: until somebody reaches the client the referral is one whose client we try to reach."""
    return {"last_contact": stored(e.contacted_at)} if e.outcome == "reached" else {"status": "contacting"}


def _offered(e: placing.PlacementOffered) -> Patch:
    """Which programs were asked: they see it until their yes counts no more, and whoever enters an answer can say whose it is."""
    asked = standing.asks(e.released, False) | standing.asks((offer.program for offer in e.offers), True)
    return {"status": "offered", **asked, **_known(e, "service", "urgency")}


def _released(status: str, *names: str) -> Callable[[Any], Patch]:
    """Whoever was asked and is not needed any more."""
    return lambda e: {"status": status, **standing.asks(e.released, False), **_known(e, *names)}


def _accepted(e: placing.PlacementAccepted) -> Patch:
    """Ownership moves with the yes, to the program's role; a person of it comes with a fact of its own."""
    return {
        "status": "accepted",
        "program": e.program,
        **standing.asks((*e.released, e.program), False),
        **_owns(e.owner or e.desk or e.by),
        "handed_to": None,
    }


def _owns(owner: str | None, role: str | None = None) -> Patch:
    """Who answers for the placement, and under which role. A role that owns is its own."""
    if owner is None:
        return {}
    role = role or (owner if not is_person(owner) else None)
    return {"owner": owner, **({"role": role} if role else {})}


def is_person(owner: str) -> bool:
    return kind_of(owner) not in ("role", "desk")


PROJECTED: Mapping[type[Event], Callable[[Any], Patch]] = {
    intake.RequestReceived: _received,
    intake.RequestAmended: lambda e: _known(e, "service", "urgency"),
    intake.RequestWithdrawn: lambda e: {"status": "withdrawn", "closed": True},
    needs.RequestJoined: lambda e: _known(e, "requested_at", "urgency"),
    intake.RequestAcknowledged: lambda e: {"status": "acknowledged"},
    intake.RequestInformationAsked: lambda e: {"status": "needs-info"},
    intake.RequestInformationSupplied: lambda e: {"status": "acknowledged"},
    intake.RequestInformationWaived: lambda e: {"status": "acknowledged"},
    **dict.fromkeys(consents.CHANGES, _consent),
    consents.ConsentAsked: lambda e: {"status": f"consent-{e.reason}", "record": e.record, "request": e.request},
    consents.DisclosureWithheld: lambda e: {"status": "withheld", "record": e.record, "request": e.request},
    consents.ConsentAttempted: lambda e: {"status": f"consent-{e.outcome}"},
    consents.ConsentSettled: lambda e: {"status": "settled"},
    emergency_access.AccessOpened: _opened,
    endings.RequestOutcomeReported: lambda e: {"status": "outcome-reported"},
    endings.RequestClosed: lambda e: {"status": f"closed-{e.how}", "closed": True},
    endings.RequestReopened: lambda e: {"status": "acknowledged", "closed": False, **_known(e, "interval", "requested_at", "service")},
    endings.RequestDeathReported: lambda e: {"status": "death-reported"},
    endings.RequestDeathRetracted: lambda e: {"status": "resumed"},
    intake.RequestTriaged: lambda e: {"status": "triaged", **_known(e, "urgency", "service")},
    intake.RecordOpened: lambda e: {"status": "opened", "partner": e.partner, "group": e.person, **_details(e)},
    intake.RecordAmended: _details,
    intake.RecordLinked: _linked,
    intake.RecordKeptApart: _kept_apart,
    intake.RecordConflicted: lambda e: {"status": "conflicted"},
    intake.CandidateFound: lambda e: {"status": "possible-duplicate", _alike(e.other): e.other},
    agreements.PartnerRegistered: _registered,
    agreements.AgreementExpiring: lambda e: {"status": "agreement-expiring", "ends_at": stored(e.ends_at)},
    agreements.AgreementEnded: lambda e: {"status": "agreement-ended", "ends_at": stored(e.ends_at)},
    directory.DirectoryListed: _directory,
    **dict.fromkeys((caseloads.CaseloadTaken, caseloads.CaseloadFreed), lambda e: {"count": e.count}),
    placing.PlacementOpened: lambda e: {"status": "opened", **_known(e, "service", "urgency", "requested_at"), **_owns(e.owner)},
    placing.OwnerAssigned: lambda e: _owns(e.owner, e.role),
    placing.PlacementOffered: _offered,
    placing.PlacementAccepted: _accepted,
    placing.PlacementDeclined: lambda e: {"status": "declined", **standing.asks((e.program,), False)},
    placing.OfferUnanswered: lambda e: {"status": "unanswered"},
    placing.NoProgramAvailable: _released("no-program", "service", "urgency"),
    placing.PlacementWithheld: _released("withheld", "service", "urgency"),
    placing.PlacementWaitlisted: lambda e: {"status": "waitlisted", **standing.asks((e.program,), True)},
    placing.PlacementContactLogged: _contacted,
    placing.HandOffAsked: lambda e: {"handed_to": e.to},
    placing.HandedOff: lambda e: {**_owns(e.owner, e.role), "handed_to": None},
    **dict.fromkeys((placing.HandOffDeclined, placing.HandOffWithdrawn), lambda e: {"handed_to": None}),
    placing.PlacementHalted: _released("halted"),
    placing.PlacementResumed: lambda e: {"status": "opened"},
    placing.PlacementReopened: lambda e: {"status": "opened", **_known(e, "interval", "requested_at"), **_owns(e.owner)},
    placing.PlacementCountedEarlier: lambda e: _known(e, "requested_at"),
    placing.PlacementEnded: _released("ended"),
    **crisis.PROJECTED,
    **care.PROJECTED,
    **care_teams.PROJECTED,
    **sides.PROJECTED,
    **hindrances.PROJECTED,
    upkeep.InputQuarantined: lambda e: {"status": "quarantined", "issues": [issue.model_dump() for issue in e.issues]},
    upkeep.InputRepaired: lambda e: {"status": "repaired"},
    upkeep.InputDiscarded: lambda e: {"status": "discarded"},
}
"""Facts that are in neither change nothing but who owes what next."""
DATED: Mapping[type[Event], Callable[[Any, datetime], Patch]] = {**telling.PROJECTED, emergency_access.AccessReviewed: _reviewed}
"""Those that tell when it was as well."""

ENDS = (intake.RequestWithdrawn, placing.PlacementEnded, upkeep.InputRepaired, upkeep.InputDiscarded)
KEEPING = (upkeep.AggregateParked, upkeep.AggregateReleased, upkeep.MessageOverdue)
"""Facts about the keeping: the aggregate's own `next` stands."""
