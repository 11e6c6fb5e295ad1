"""What notification says of a person who is told (`recipient/staff/7`): where, when, in whose place; a channel's address is sealed."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Change, Code, Model, Personal, Sealable
from contracts.notices import Channel, Entry
from contracts.partners import Text

DayTime = str
"""`HH:MM`, in the recipient's zone."""


class ContactPoint(Model):
    """Where somebody can be told. The address is theirs alone to see; its domain names the server that it shares with others."""

    channel: Channel
    address: Personal[Text]
    domain: Code
    mark: Code | None = None
    """Blind digest of channel and address: the same list again is no fact."""


class RecipientListed(Sealable):
    """Where this person can be told, in the order in which it is tried. It replaces what was listed before."""

    type: ClassVar = "recipient.listed.v1"
    contacts: tuple[ContactPoint, ...]
    home: Code = "UTC"
    """The zone they are in, unless they prefer another."""


class RecipientPreferred(Change):
    """How this person wants to be told. Crisis alerts, and urgent ones to whoever has the duty, pass the quiet hours."""

    type: ClassVar = "recipient.preferred.v1"
    locale: Code
    zone: Code | None = None
    quiet_from: DayTime | None = None
    quiet_until: DayTime | None = None
    digest_at: DayTime
    """When what is routine is told, all at once."""
    hourly_max: int
    """More than these within an hour are told as one summary; crisis alerts always pass."""


class RecipientAway(Change):
    """This person is away until then; `backup` is told in their place. `until` in the past: they are back."""

    type: ClassVar = "recipient.away.v1"
    until: AwareDatetime
    backup: str | None = None
    since: AwareDatetime | None = None
    """What is held for them goes to their backup from then on."""


class RecipientHeld(Change):
    """They will be told of this at `until`, together with what else is held: it is quiet, routine, or too much within an hour."""

    type: ClassVar = "recipient.held.v1"
    entry: Entry
    until: AwareDatetime
    why: Literal["quiet", "routine", "rate"]


class RecipientTold(Change):
    """A message to them was queued; what was held and is in it is held no longer."""

    type: ClassVar = "recipient.told.v1"
    notice: str
    told_at: AwareDatetime
    alerts: tuple[str, ...]


class RecipientHandedOn(Change):
    """They are away, and what was held for them is theirs no more: `to` is told of it, or somebody was already."""

    type: ClassVar = "recipient.handed-on.v1"
    alerts: tuple[str, ...]
    to: str


class RecipientBounced(Change):
    """An address does not take messages: the channel is passed over until it is listed anew. `notice` showed it."""

    type: ClassVar = "recipient.bounced.v1"
    channel: Channel
    notice: str


EVENTS = (RecipientListed, RecipientPreferred, RecipientAway, RecipientHeld, RecipientTold, RecipientHandedOn, RecipientBounced)
