"""Several senders ask for the same: it is worked as one request, and each of them is answered. Intake says all of it."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.clocks import Clocked
from contracts.kernel import Change, Code
from contracts.partners import Urgency


class RequestJoined(Clocked):
    """Another sender asked for the same for the same person: `request` is worked as this one from now on, and its sender is answered.

    `requested_at` and `urgency` are what holds now: the earliest request starts the clocks, the most urgent word stands.
    """

    type: ClassVar = "request.joined.v1"
    request: str
    requested_at: AwareDatetime
    urgency: Urgency | None = None


class RequestParted(Change):
    """`request` is not worked as this one any more: it was opened again by itself, or its sender took it back."""

    type: ClassVar = "request.parted.v1"
    request: str


class RequestStatusPassedOn(Change):
    """Whoever asked for what is worked as this request is told where it stands: `status` as its own sender was told it."""

    type: ClassVar = "request.status-passed-on.v1"
    status: Code
    reason: Code | None = None
    to: Code | None = None
    passed_on_at: AwareDatetime


EVENTS = (RequestJoined, RequestParted, RequestStatusPassedOn)
