"""What notification says of who has which duty (`roster/network`), of people reported dead (`silence/<record>`), and of whose an item is
(`belonging/<item>`)."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.alerts import Severity
from contracts.kernel import Change, Code, Model


class Subscription(Model):
    """Somebody wants to be told as well. A field that is absent narrows nothing; `severity` is the least grave they want."""

    subscriber: Code
    """A role (`role/…`), a desk or a person."""
    rule: Code | None = None
    program: Code | None = None
    organisation: Code | None = None
    owner: Code | None = None
    severity: Severity = "routine"


class Shift(Model):
    """Who has the duty of a role from then to then: while a role's shifts are listed, they alone say who is told for it."""

    role: Code
    person: Code
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class RosterListed(Change):
    """Who is on duty behind which role or desk, as assignment's directory says; the first one is when this service began to tell."""

    type: ClassVar = "roster.listed.v1"
    staff: dict[str, tuple[str, ...]]
    began_at: AwareDatetime
    programs: dict[str, str | None] = {}
    """Each with the partner whose program it is; None: one of the network's own."""


class RosterSubscribed(Change):
    """Who wants to be told of what beside the owner. It replaces the list before it."""

    type: ClassVar = "roster.subscribed.v1"
    subscriptions: tuple[Subscription, ...]


class RosterShifted(Change):
    """Who has which duty when. It replaces the list before it."""

    type: ClassVar = "roster.shifted.v1"
    shifts: tuple[Shift, ...]


class SilenceBegun(Change):
    """The person of this record was reported dead (`by`, a kind of fact): nobody is told anything about them but that."""

    type: ClassVar = "silence.begun.v1"
    by: str
    item: str
    spreads_at: AwareDatetime | None = None
    """Of a record: when everything else about it is to fall silent, too."""


class SilenceEnded(Change):
    """A person looked and the report was wrong: `by` whom."""

    type: ClassVar = "silence.ended.v1"
    by: str
    spreads_at: AwareDatetime | None = None
    """Of a record: when everything else about it is to be told of again."""


class SilenceFollowed(Change):
    """So many of the items about a record heard of it; those after `after` are next, None: that were all."""

    type: ClassVar = "silence.followed.v1"
    after: str | None = None


class BelongingLearned(Change):
    """The item is this program's and this organisation's, by what was last said of it: whoever subscribed to either is told of its alerts.
    What is absent is not known, or is nobody's any more."""

    type: ClassVar = "belonging.learned.v1"
    program: Code | None = None
    organisation: Code | None = None
    record: str | None = None
    """Whom it is about: a death that is reported of them stops what is told of it."""


class BelongingSilenced(Change):
    """The person whom the item is about was reported dead (`silent`), or lives after all: its alerts are to stop, or may be told again."""

    type: ClassVar = "belonging.silenced.v1"
    silent: bool
    noted_at: AwareDatetime


EVENTS = (RosterListed, RosterSubscribed, RosterShifted, SilenceBegun, SilenceEnded, SilenceFollowed, BelongingLearned, BelongingSilenced)
