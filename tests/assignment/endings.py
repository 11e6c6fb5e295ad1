"""What the front door says of a request's end, of a death, and of its being opened again."""

from datetime import timedelta

from contracts.endings import RequestClosed, RequestDeathReported, RequestDeathRetracted, RequestReopened
from tests.assignment.stories import ANA, BEN, NINE, THERAPY

DEAD = RequestDeathReported(record="record/1", noted_at=NINE, by=ANA)


def lives(service: str = THERAPY) -> RequestDeathRetracted:
    return RequestDeathRetracted(record="record/1", noted_at=NINE, by=ANA, service=service, urgency="urgent")


def closed(how: str) -> RequestClosed:
    return RequestClosed(how=how, by=BEN, closed_at=NINE, reason="reviewed")


def reopened(interval: int = 2, hours: int = 0) -> RequestReopened:
    at = NINE + timedelta(hours=hours)
    return RequestReopened(by=ANA, reason="asked-again", reopened_at=at, interval=interval, requested_at=at, service=THERAPY)
