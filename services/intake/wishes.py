"""What a person wants that others must act on: programs that they will not go to are asked for none of their requests.

The record tells its requests by a deadline that is due at once, each time its word changes, and a new request when it comes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from contracts.directory import Criteria
from contracts.intake import ProgramsAvoided
from contracts.kernel import Deadline, Fact, Message, World
from services.intake import requests
from services.intake.records import Record
from services.intake.requests import Request

AVOID = "tell-what-is-avoided"
ANYWHERE = Criteria()


def avoided(record: Record) -> tuple[str, ...]:
    said = record.details.preferences
    return (said.avoid or ()) if said else ()


def passed(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    """A request hears what its person avoids, where that is another than it knows."""
    record: Record | None = world[message.subject]
    request: Request | None = world[message.data.about]
    if record is None or request is None or not request.is_open or request.avoid == avoided(record):
        return []
    return [Fact(message.data.about, ProgramsAvoided(avoid=avoided(record), noted_at=now, next=requests.still(request)))]


def fitting(criteria: Criteria | None, request: Request) -> Criteria | None:
    """What a program must fit, as triage says, and none that the person avoids."""
    if not request.avoid:
        return criteria
    known = criteria or ANYWHERE
    return known.model_copy(update={"avoid": tuple(dict.fromkeys((*known.avoid, *request.avoid)))})


def of_record(record: Record) -> Iterator[Deadline]:
    if record.wishes_at:
        yield from (Deadline(AVOID, one, record.wishes_at) for one in record.requests)
