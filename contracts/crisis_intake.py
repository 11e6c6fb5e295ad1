"""What intake says of people in crisis, on a topic of its own: nothing slow stands before it."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from contracts.kernel import Code, Personal, Sealable
from contracts.partners import Danger, Needs, Note, Relation, Sensitivity, Source, Text


class ContactReceived(Sealable):
    """Somebody is in crisis, said by a line, a team, a facility or a person. The caller need not be whom it is about.

    `person` is the cluster of whom it is about; `provisional` until an identifier names them. `contacted_at` is the sender's instant,
    from which crisis clocks count; they are never business time. `area` is a response area of the network, coarser than an address:
    teams are found by it, so it is readable; where to go is `location`, which is sealed.
    """

    type: ClassVar = "contact.received.v1"
    partner: str
    reference: str
    source: Source
    channel: Code
    contacted_at: AwareDatetime
    person: str
    provisional: bool
    relation: Relation
    caller_name: Personal[Text] | None = None
    call_back: Personal[Text] | None = None
    """How the caller is reached if the line breaks."""
    location: Personal[Note] | None = None
    """Where the person is now, for whoever goes there."""
    area: Code | None = None
    danger: Danger | None = None
    dangers: tuple[Code, ...] = Field(default=(), max_length=20)
    """Of what: `weapon`, `attempt`, `overdose`, `violence`, `medical`."""
    needs: Needs = Field(default=(), max_length=20)
    note: Personal[Note] | None = None
    sensitivity: Sensitivity = ""
    consent: str | None = None
    content: str = ""
    """Blind digest of what was sent: the same content again is the same fact, other content under the same number amends it."""


class ContactAmended(Sealable):
    """More is known of a contact. Only the fields present changed; the clock still counts from the contact."""

    type: ClassVar = "contact.amended.v1"
    person: str
    contacted_at: AwareDatetime
    amended_at: AwareDatetime
    caller_name: Personal[Text] | None = None
    call_back: Personal[Text] | None = None
    location: Personal[Note] | None = None
    area: Code | None = None
    danger: Danger | None = None
    dangers: tuple[Code, ...] = Field(default=(), max_length=20)
    needs: Needs = Field(default=(), max_length=20)
    note: Personal[Note] | None = None
    content: str = ""


EVENTS = (ContactReceived, ContactAmended)
