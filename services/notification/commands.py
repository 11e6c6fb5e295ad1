"""What people ask of notification. Who asks is the message's actor, never a field."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.kernel import Code, Command, Event, Model, Personal
from contracts.partners import Text
from contracts.rosters import Shift, Subscription

Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Locale = Literal["en", "es"]


class AcknowledgeAlert(Command):
    """I have seen it. It waits for me once more before it climbs."""

    type: ClassVar = "acknowledge-alert"
    alert: Code


class Contact(Model):
    """One way to tell somebody."""

    channel: Code
    address: Personal[Text]


class ListContacts(Command):
    """Where a person can be told, first choice first."""

    type: ClassVar = "list-contacts"
    contacts: tuple[Contact, ...] = Field(max_length=10)
    home: Code = "UTC"


class SetPreferences(Command):
    """How I want to be told. Quiet hours need both ends."""

    type: ClassVar = "set-preferences"
    locale: Locale = "en"
    zone: Code | None = None
    quiet_from: Time | None = None
    quiet_until: Time | None = None
    digest_at: Time = "08:00"
    hourly_max: int = Field(20, ge=1, le=500)


class SetAway(Command):
    """I am away until then; `backup` is told in my place. A time that has passed: I am back."""

    type: ClassVar = "set-away"
    until: AwareDatetime
    backup: Code | None = None


class ListSubscriptions(Command):
    """Who wants to be told of what, beside the owner."""

    type: ClassVar = "list-subscriptions"
    subscriptions: tuple[Subscription, ...] = Field(max_length=2_000)


class ListShifts(Command):
    """Who has which duty when."""

    type: ClassVar = "list-shifts"
    shifts: tuple[Shift, ...] = Field(max_length=5_000)


class RecordBounce(Command):
    """The mail system sent this notice back."""

    type: ClassVar = "record-bounce"
    channel: Code = "email"
    reason: Literal["bounced", "undelivered"] = "bounced"
    """`undelivered`: this message, for whatever reason; the address may take the next one."""


class EndSilence(Command):
    """The report of this person's death was wrong; I have verified it."""

    type: ClassVar = "end-silence"


COMMANDS = (AcknowledgeAlert, ListContacts, SetPreferences, SetAway, ListSubscriptions, ListShifts, RecordBounce, EndSilence)


class BeginNotice(Event):
    """The sender asks whether this notice is to be handed over now: what it is about is read again first."""

    type: ClassVar = "begin-notice"
    claim: str
    until: AwareDatetime
    items: tuple[str, ...]
    records: tuple[str, ...]


class EndNotice(Event):
    """What came of handing it over."""

    type: ClassVar = "end-notice"
    claim: str
    channel: Code
    outcome: Literal["sent", "delivered", "deferred", "failed"]
    code: Code | None = None
