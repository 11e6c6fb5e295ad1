"""Stays that facilities tell of: admitted, left, or neither after all. What follows for the person is follow-up's to decide.

Who sends is the facility: one that it names is one of its own.
"""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.kernel import Blind, Change, Decision, Message, Reason, Refused, Route, World
from contracts.partners import AgeGroup, StayReported
from contracts.stays import StayReceived
from services.intake import ages, answers, numbered, records
from services.intake.numbered import Known, Numbered

NO_INSTANT = Reason("TL-5131", "/at", "say when the person was admitted or left")
NOT_YET = Reason("TL-5132", "/at", "this lies in the future; tell it once it has happened")
NOBODY = Reason("TL-5133", "/person", "say who was admitted or left")
UNKNOWN_STAY = Reason("TL-5134", "/reference", "no stay is known by this number; tell its admission or discharge first")
CONTENT = ("step", "kind", "at", "admitted_at", "facility", "person", "to", "against_advice", "problem")
"""What makes two words about a stay the same."""
HAPPENED = ("admitted", "discharged")
TOLD = ("step", "kind", "at", "admitted_at", "to", "against_advice", "problem", "sensitivity", "consent", "said_at")


class Stay(Known):
    """One stay, how old its person was, and the latest instant that a word about it bore."""

    group: AgeGroup = "adult"
    said_at: AwareDatetime | None = None

    def is_known(self, content: str, said_at: datetime | None) -> bool:
        """The last word again, or an earlier one. What was said later than all that is known is news: it stands again."""
        is_later = bool(said_at and self.said_at and said_at > self.said_at)
        return content == self.contents[-1] or (content in self.contents and not is_later)


def _numbered(partner: str, data: StayReported, blind: Blind) -> Numbered:
    return Numbered("stay", partner, data.reference, data.person, blind)


def route(partner: str, data: StayReported, blind: Blind) -> Route:
    """The stay by its facility's number, the record by claims."""
    return _numbered(partner, data, blind).route()


def reported(message: Message, partner: str, world: World, now: datetime) -> Decision:
    """A new word about a stay, or one that is known already."""
    data: StayReported = message.data
    stay = _numbered(partner, data, world.blind)
    state: Stay | None = world[stay.subject]
    if reason := _unusable(data, state, now):
        return Refused((reason,))
    content = stay.content(data, CONTENT)
    if state and state.is_known(content, data.said_at):
        return [answers.received(stay.subject, partner, message, duplicate=True)]
    record, learnt = stay.whose(state.record if state else None, world, now)
    said = StayReceived(
        record=record, person=records.person_of(record, learnt, world), partner=partner, reference=data.reference, content=content,
        facility=f"{partner}/{data.facility}" if data.facility else partner, group=_group(data, state),
        **{name: getattr(data, name) for name in TOLD},
    )  # fmt: skip
    return [stay.said(said, state, record), *learnt, answers.received(stay.subject, partner, message)]


def _group(data: StayReported, state: Stay | None) -> AgeGroup:
    """How old the person was then, where it is told; else as it was known, or an adult."""
    told = ages.group(data.person, data.at) if data.at else None
    return told or (state.group if state else "adult")


def _unusable(data: StayReported, state: Stay | None, now: datetime) -> Reason | None:
    if data.step not in HAPPENED:
        return UNKNOWN_STAY if state is None else None
    if data.at is None:
        return NO_INSTANT
    if max(data.at, data.admitted_at or data.at) > now:
        return NOT_YET
    return NOBODY if state is None and data.person is None else None


def evolve(state: Stay | None, fact: Change) -> Stay | None:
    """What is known of the stay."""
    if not isinstance(fact, StayReceived):
        return state
    said_at = max((at for at in (fact.said_at, state.said_at if state else None) if at), default=None)
    return Stay(**numbered.known(state, fact), group=fact.group, said_at=said_at)
