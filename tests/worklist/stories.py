"""Events of invented referrals, as they lie in the log."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson

from contracts import assignment, catalogue, intake
from contracts.kernel import Event, Next, Personal
from contracts.partners import PersonDetails
from infra.envelope import headers, sequence_text
from infra.partition import partition_of
from infra.records import Record
from services.worklist.projections import Change, Heard, changes

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOPIC_OF = {event.type: topic.name for topic in catalogue.TOPICS for event in topic.events}
HOME = {kind: name for kind, name in TOPIC_OF.items() if name in ("intake-events", "assignment-events")}
DESK, COORDINATOR, LEAD = "role/intake-desk", "role/coordinator", "role/network-lead"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def step(owner: str, action: str, due: datetime | None = None, waiting_on: str | None = None, *allowed: str) -> Next:
    return Next(owner=owner, action=action, due=due, waiting_on=waiting_on, rule=action, allowed=allowed)


@dataclass
class Log:
    """Numbers what is said as its topics would: sequences by topic and subject, offsets by partition."""

    heard: list[Heard] = field(default_factory=list)
    _sequences: dict[tuple[str, str], Iterator[int]] = field(default_factory=dict)
    _offsets: dict[tuple[str, int], Iterator[int]] = field(default_factory=dict)

    def say(self, subject: str, data: Event, minutes: float = 0.0, topic: str = "") -> Heard:
        topic = topic or HOME[data.type]
        partition = partition_of(subject)
        sequence = next(self._sequences.setdefault((topic, subject), count(1)))
        offset = next(self._offsets.setdefault((topic, partition), count()))
        one = Heard(
            topic, partition, offset, data.type, subject, sequence, f"{topic}-{subject}-{sequence}", at(minutes), at(minutes + 0.05),
            ("user", "staff/7"), "correlation-1", {"topic": "partner-in-example-hospital"}, "", data,
        )  # fmt: skip
        self.heard.append(one)
        return one

    @property
    def changes(self) -> list[Change]:
        return [change for heard in self.heard for change in changes(heard)]


def received(n: int | str = 1, urgency: str | None = "urgent", minutes: float = 0.0, **more: object) -> intake.RequestReceived:
    due = at(minutes + 240)
    known = {"record": f"record/{n}", "partner": "example-hospital", "reference": f"EX-{n}", "requested_at": at(minutes),
             "service": "outpatient-therapy", "urgency": urgency, "next": step(DESK, "acknowledge-request", due)}  # fmt: skip
    return intake.RequestReceived(**{**known, **more})  # type: ignore[arg-type]


def opened(record: str, details: PersonDetails | None = None) -> intake.RecordOpened:
    sealed = Personal[str](sealed="sealed:v1:token")
    return intake.RecordOpened(record=record, partner="example-hospital", person=record.replace("record", "person"),
                               details=details or PersonDetails(given_name=sealed, family_name=sealed))  # fmt: skip


def offered(n: int, due: datetime) -> assignment.PlacementOffered:
    offers = tuple(assignment.Offer(program=f"program/{i}", desk=f"desk/{i}", respond_by=due) for i in range(n))
    return assignment.PlacementOffered(round=1, offers=offers, next=step(COORDINATOR, "await-answers", due, "desk/0"))


def whole(log: Log, n: int | str = 1, minutes: float = 0.0) -> Log:
    """One referral from the door to an owner who handed it on."""
    request, placement, m = f"request/{n}", f"placement/{n}", minutes
    log.say(f"record/{n}", opened(f"record/{n}"), m)
    log.say(request, received(n, minutes=m), m)
    log.say(request, intake.RequestAcknowledged(by="staff/7", next=step("staff/7", "triage-request", at(m + 245))), m + 5)
    triaged = intake.RequestTriaged(
        by="staff/7", urgency="urgent", service="outpatient-therapy", next=step(COORDINATOR, "find-place", at(m + 1440))
    )
    log.say(request, triaged, m + 10)
    log.say(placement, assignment.PlacementOpened(request=request, service="outpatient-therapy", urgency="urgent", requested_at=at(m),
                                                  next=step(COORDINATOR, "offer-to-programs", at(m + 60))), m + 11)  # fmt: skip
    log.say(
        placement,
        assignment.OwnerAssigned(owner="staff/12", role=COORDINATOR, next=step(COORDINATOR, "offer-to-programs", at(m + 60))),
        m + 12,
    )
    log.say(placement, offered(2, at(m + 250)), m + 13)
    visit = step("role/example-house", "schedule-first-visit", at(m + 600))
    yes = assignment.PlacementAccepted(program="program/1", by="staff/31", owner="role/example-house", released=("program/0",), next=visit)
    log.say(placement, yes, m + 40)
    log.say(
        placement,
        assignment.OwnerAssigned(owner="staff/31", role="role/example-house", next=step("staff/31", "schedule-first-visit", at(m + 600))),
        m + 50,
    )
    return log


def record_of(heard: Heard) -> Record:
    """The event as the broker hands it to us."""
    assert heard.data
    attributes = {
        "specversion": "1.0", "id": heard.id, "source": "/test/worklist", "type": heard.type, "subject": heard.subject,
        "time": heard.at.isoformat(), "datacontenttype": "application/json", "sequence": sequence_text(heard.sequence),
        "partitionkey": heard.subject, "recordedtime": heard.recorded.isoformat(), "authtype": heard.actor[0], "authid": heard.actor[1],
        "correlationid": heard.correlation, "causetopic": heard.cause.get("topic", ""),
        **({"sensitivity": heard.sensitivity} if heard.sensitivity else {}),
    }  # fmt: skip
    body = heard.data.__pydantic_serializer__.to_json(heard.data, exclude_none=True)
    return Record(heard.topic, heard.partition, heard.offset, tuple(headers(attributes)), body)


def unknown(heard: Heard) -> Record:
    """The same event under a type of a newer build."""
    known = record_of(heard)
    renamed = tuple((name, b"request.transformed.v9" if name == "ce_type" else value) for name, value in known.headers)
    return replace(known, headers=renamed, value=orjson.dumps({"what": "nobody knows"}))
