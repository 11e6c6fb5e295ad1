"""What goes on under a number of its sender's, word after word: a stay, an appointment.

Each word is known again, and is about the record that the first one named: once known, it never becomes somebody else's by itself.
Who sends is the one who may say it, so no partner can say anything of another's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.kernel import Blind, Fact, Route, State, World
from contracts.partners import FromPartner, PersonDetails
from contracts.stays import StayReceived
from contracts.visits import VisitReceived
from services.intake import records
from services.intake.records import Named

CONTENTS_KEPT = 50


class Known(State):
    """As the front door knows it: enough to know it, and every word about it, again."""

    record: str
    contents: tuple[str, ...] = ()
    sensitivity: str = ""
    consent: str | None = None


Word = StayReceived | VisitReceived


class Numbered:
    """Where one word belongs: the pair (partner, reference) is one `subject`, whoever repeats it; by its `claim` a later word finds the
    record it is about."""

    def __init__(self, kind: str, partner: str, reference: str, person: PersonDetails | None, blind: Blind) -> None:
        self.partner, self.details, self.blind = partner, person or PersonDetails(), blind
        self.subject = f"{kind}/" + blind(kind, partner, reference)
        self.claim = blind(f"record-of-{kind}", partner, reference)
        self.named = Named(partner, self.details, f"{kind}/{reference}", blind)

    def route(self, claims: Sequence[str] = (), references: Sequence[str] = ()) -> Route:
        return Route((self.subject, self.named.record), (*self.named.claims, self.claim, *claims), tuple(references))

    def content(self, data: FromPartner, names: Sequence[str]) -> str:
        """A blind digest of what makes two words the same."""
        return self.blind("content", repr([(name, records.readable(value)) for name in names if (value := getattr(data, name))]))

    def whose(self, record: str | None, world: World, now: datetime) -> tuple[str, list[Fact]]:
        """Whose it is, and what was learnt of them. `record`: where that is known already."""
        if record is None:
            return records.met(self.partner, self.details, self.named, world, now)
        return record, list(records.told(record, self.details, self.named, world, now))

    def said(self, word: Word, known: Known | None, record: str) -> Fact:
        """The word as a fact; the first one takes the claim for its record."""
        return Fact(self.subject, word) if known else Fact(self.subject, word, claims=(self.claim,), holder=record)


def known(state: Known | None, word: Word) -> dict[str, Any]:
    """What is known of it after a word: a label stays on everything that is told of it later."""
    contents = (*(state.contents if state else ()), word.content)[-CONTENTS_KEPT:]
    label = word.sensitivity or (state.sensitivity if state else "")
    return {"record": word.record, "contents": contents, "sensitivity": label, "consent": word.consent}
