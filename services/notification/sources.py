"""Which facts of the network are alerts: one table over wire types, and the shape that all of them share.

A new fact is heard as soon as it is in the catalogue. It is an alert when its type fits a line below (the first that does); what it
says is read by the names that every lateness fact uses, and from its `next` block where it has no field of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from contracts.alerts import Purpose, Severity
from contracts.directory import LEADS
from contracts.kernel import Change, Message, Next, kind_of

CRISIS_TOPICS = ("crisis-intake-events", "crisis-routing-events")
SEVERITIES: dict[str | None, Severity] = {
    "emergency": "crisis", "crisis": "crisis", "immediate": "crisis", "expedited": "urgent", "urgent": "urgent", "routine": "routine",
    "standard": "routine",
}  # fmt: skip
REFERRAL = ("request", "placement", "care")
"""What the board shows as one referral: aggregates that share what follows the `/`."""
NEED = (*REFERRAL, "consent", "view", "plan", "authorization")
"""And what else follows from it, about the same person."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fact means for whoever must act. `severity` is for facts that name neither it nor an urgency; `until` are facts of the item
    that show that it was acted on, beside those that change its next step; `whom` is the field that names who is called, instead of
    the owner; `owner` who answers where the fact names nobody. `told`: all that is asked is that somebody hears of it, so saying that
    one has seen it is acting. `levels` are kinds of their own by the fact's `level`: another level takes the place of the one before."""

    milestone: str
    purpose: Purpose = "call"
    severity: Severity = "urgent"
    until: tuple[str, ...] = ()
    whom: str = ""
    owner: str = ""
    told: bool = False
    levels: tuple[tuple[str, "Kind"], ...] = ()

    def of(self, fact: Change) -> "Kind | None":
        """The kind of this very fact; None where its level calls nobody."""
        return dict(self.levels).get(getattr(fact, "level", "")) if self.levels else self


NOTED = "record.death-noted.v1"
TAKEN_BACK = ("*.death-retracted.v*", "record.death-refuted.v*")
"""The report of a death was wrong."""
DEATH = Kind("death-reported", until=("*.death-verified.v*", "*.death-retracted.v*", "*.closed.v*"))
TRANSFER = ("*.handed-off.v*", "*.hand-off-declined.v*", "*.hand-off-withdrawn.v*", "*.hand-over-accepted.v*", "*.hand-over-declined.v*",
            "*.hand-over-withdrawn.v*")  # fmt: skip
STILL_YOURS = Kind("still-yours", until=(*TRANSFER, "*.hand-off-asked.v*", "*.hand-over-asked.v*"), told=True)
CAME_BACK = ("*.flag-cleared.v*", "*.flag-retracted.v*", "*.suppressed.v*", "*.discharged.v*", "*.reviewed.v*")
DROPPING_OUT = Kind("lapsing", until=CAME_BACK, levels=(
    ("watch", Kind("watch", "reminder", "routine", CAME_BACK)),
    ("stale", Kind("stale", "reminder", "routine", CAME_BACK)),
    ("lapsing", Kind("lapsing", until=CAME_BACK)),
    ("review", Kind("review", until=CAME_BACK)),
))  # fmt: skip
UNOWNED = Kind("unowned", owner=LEADS)
KINDS: tuple[tuple[str, Kind], ...] = (
    ("*.died.v*", DEATH),
    ("record.death-noted.v*", DEATH),
    ("*.death-reported.v*", DEATH),
    ("placement.offer-unanswered.v*", Kind("unanswered", until=("placement.offered.v*",))),
    ("placement.no-program-available.v*", Kind("no-program", until=("placement.offered.v*",))),
    ("access.opened.v*", Kind("emergency-access", until=("access.reviewed.v*",), told=True)),
    ("*.hand-off-asked.v*", Kind("hand-off", "transfer", until=TRANSFER, whom="to")),
    ("*.hand-over-asked.v*", Kind("hand-off", "transfer", until=TRANSFER, whom="to")),
    ("*.hand-off-declined.v*", STILL_YOURS),
    ("*.hand-over-declined.v*", STILL_YOURS),
    ("*.hand-off-unanswered.v*", Kind("unanswered", until=TRANSFER)),
    ("*.hand-over-unanswered.v*", Kind("unanswered", until=TRANSFER)),
    ("episode.opened.v*", Kind("crisis", severity="crisis")),
    ("*.plan-team-alerted.v*", Kind("plan-team", severity="crisis", whom="role", told=True)),
    ("*.unanswered.v*", Kind("unanswered")),
    ("*-unanswered.v*", Kind("unanswered")),
    ("*.no-*-available.v*", Kind("none-available")),
    ("*.bed-lost.v*", Kind("bed-lost", severity="crisis")),
    ("*.put-at-risk.v*", Kind("at-risk", until=("*.risk-cleared.v*",))),
    ("placement.overdue.v*", Kind("overdue", until=("placement.accepted.v*",))),
    ("aggregate.parked.v*", Kind("parked", until=("aggregate.released.v*",))),
    ("input.quarantined.v*", Kind("quarantined", severity="routine", until=("input.repaired.v*", "input.discarded.v*"))),
    ("message.overdue.v*", Kind("cause-missing", severity="routine", until=("*",))),
    ("*.warned.v*", Kind("warned", "reminder", "routine")),
    ("*-warned.v*", Kind("warned", "reminder", "routine")),
    ("*.expiring.v*", Kind("expiring", "reminder", "routine")),
    ("*.renewal-due.v*", Kind("expiring", "reminder", "routine")),
    ("*.line-expired.v*", Kind("expired")),
    ("partner.agreement-expiring.v*", Kind("expiring", "reminder", "routine", ("partner.registered.v*",))),
    ("partner.agreement-ended.v*", Kind("expired", severity="routine", until=("partner.registered.v*",))),
    ("consent.expired.v*", Kind("expired", until=("consent.recorded.v*", "consent.settled.v*", "consent.attempted.v*"))),
    ("*.overdue.v*", Kind("overdue")),
    ("*-overdue.v*", Kind("overdue")),
    ("*.escalated.v*", Kind("escalated")),
    ("*-escalated.v*", Kind("escalated")),
    ("plan.flagged.v*", DROPPING_OUT),
    ("*.supervisor-review-*.v*", Kind("review", until=CAME_BACK)),
    ("*-missed.v*", Kind("missed")),
    ("*.missed.v*", Kind("missed")),
    ("feed.silent.v*", Kind("silent", severity="routine", until=("feed.resumed.v*",), owner=LEADS)),
)
BY_MILESTONE = {one.milestone: one for kind in (*dict(KINDS).values(), UNOWNED) for one in (kind, *dict(kind.levels).values())}
RETRACTED = "*-retracted.v*"
"""What came late showed that it never was so."""
ENDS = ("*.ended.v*", "*.closed.v*", "*.withdrawn.v*", "*.cancelled.v*")
"""Facts after which nothing of an item is left to act on."""
NOTHING_LEFT = "none"
"""The action of a `next` that says so."""


@cache
def kind_of_fact(type: str) -> Kind | None:
    """What a wire type means; None for facts that call nobody."""
    return next((kind for pattern, kind in KINDS if fnmatchcase(type, pattern)), None)


def calls(fact: Change) -> Kind | None:
    """Whom and for what a fact calls: by its type, and whatever its type where it leaves its item without an owner."""
    if kind := kind_of_fact(fact.type):
        return kind.of(fact)
    return UNOWNED if _is_unowned(fact) else None


def _is_unowned(fact: Change) -> bool:
    return fact.next is not None and not fact.next.owner and fact.next.action not in ("", NOTHING_LEFT)


@dataclass(frozen=True, slots=True)
class Late:
    """What an alert must say of its fact, and what it is narrowed by."""

    item: str
    cause: str
    rule: str
    milestone: str
    severity: Severity
    purpose: Purpose
    owner: str | None
    asked: str | None
    waiting_on: str | None
    action: str | None
    step: str | None
    """The next step that another one must take the place of; None where the lateness is of a clock around the steps."""
    due: datetime | None
    rungs: tuple[str, ...]
    """Whom its rule has called, one after another; none where it says nobody, or where this is no call for help."""
    record: str | None
    program: str | None
    organisation: str | None


SINCE = ("sought_since", "flagged_at", "since")
INSTANTS = ("due", "due_at", "respond_by", "confirm_before", "accept_before", "answer_before", "tell_before", "on_scene_before")


def late(message: Message, kind: Kind) -> Late:
    """Read by name. The milestone names the instant that it is about: lateness of the same step at another time is another one, and
    so is what is asked of somebody, or told to them, once more."""
    fact: Change = message.data
    step = fact.next or Next(owner="", action="")
    rule = _first(fact, "rule") or step.rule or fact.type.rpartition(".")[0]
    asks = kind.purpose == "transfer"
    own, due = _first(fact, *SINCE, *INSTANTS), _first(fact, *INSTANTS) or step.due
    about, action = own or (message.at if asks or kind.told else due), _first(fact, "action") or step.action or None
    return Late(
        item=message.subject,
        cause=fact.type,
        rule=rule,
        milestone=f"{kind.milestone}/{about.isoformat()}" if about else kind.milestone,
        severity=_severity(fact, rule, message.topic, kind),
        purpose=kind.purpose,
        owner=_first(fact, kind.whom if kind.whom and not asks else "owner") or step.owner or kind.owner or None,
        asked=_first(fact, kind.whom) if asks else None,
        waiting_on=_first(fact, "waiting_on", "waited_on", "desk") or step.waiting_on,
        action=action,
        step=action if step.action in ("", action) and not kind.told else None,
        due=due,
        rungs=(_first(fact, "escalates") or ()) if kind.purpose == "call" else (),
        record=None if kind is DEATH else _first(fact, "record"),
        program=_first(fact, "program"),
        organisation=_first(fact, "organisation", "partner"),
    )


def _first(fact: Change, *names: str) -> Any:
    return next((value for name in names if (value := getattr(fact, name, None)) is not None), None)


def _severity(fact: Change, rule: str, topic: str, kind: Kind) -> Severity:
    """As the fact says; else as its rule's name or its topic does."""
    if stated := SEVERITIES.get(_first(fact, "severity", "urgency")):
        return stated
    if topic in CRISIS_TOPICS:
        return "crisis"
    return next((SEVERITIES[word] for word in rule.partition("@")[0].split("-") if word in SEVERITIES), kind.severity)


def acts(fact: Change, cause: str, milestone: str, action: str | None, step: str | None, due: datetime | None) -> bool:
    """Whether a later fact of an item shows that what `cause` called for was done, or never was so.

    The step is another one, or has another time; for a clock around the steps, only what ends it counts.
    """
    kind = kind_of_fact(cause)
    if milestone == UNOWNED.milestone and fact.next and fact.next.owner:
        return True
    if kind and kind.levels and fact.type == cause:
        return (now := kind.of(fact)) is None or now.milestone != milestone
    if fnmatchcase(fact.type, RETRACTED) and _first(fact, "action") is not None:
        return bool(_first(fact, "action") == action)
    if kind and any(fnmatchcase(fact.type, pattern) for pattern in kind.until):
        return fact.type != cause
    if any(fnmatchcase(fact.type, pattern) for pattern in ENDS):
        return True
    if kind_of_fact(fact.type) or fact.next is None:
        return False
    if fact.next.action == NOTHING_LEFT:
        return True
    return step is not None and (fact.next.action != step or bool(due and fact.next.due and fact.next.due > due))


def hearing_is_all(cause: str) -> bool:
    """Whether nothing but that somebody hears of it was asked."""
    kind = kind_of_fact(cause)
    return kind is not None and kind.told


def tells_of_a_death(fact: Change) -> bool:
    """Whether this says that the person died, in whatever words its aggregate has for it."""
    return kind_of_fact(fact.type) is DEATH or "died" in (getattr(fact, name, None) for name in ("reason", "outcome", "disposition"))


def takes_back_a_death(fact: Change) -> bool:
    """Whether this says that the report was wrong."""
    return any(fnmatchcase(fact.type, pattern) for pattern in TAKEN_BACK)


def family(subject: str) -> tuple[str, ...]:
    """The aggregates of the same need, so far as their ids tell; this one first."""
    kind, rest = kind_of(subject), subject.partition("/")[2]
    return (subject, *(f"{other}/{rest}" for other in NEED if kind in NEED and other != kind))
