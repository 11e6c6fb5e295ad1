"""How somebody may be reached without putting them at risk, who may consent for them, and what they want. Each value is sealed.

A sender tells it of its own record; our own people tell it of any. FHIR R4 has no element for most of it: what it has (a language, that
an interpreter is needed, a guardian) is read from there, the rest comes in our own events.
"""

from typing import Annotated, Literal

from pydantic import Field

from contracts.kernel import Code, Model, Personal

Words = Annotated[str, Field(min_length=1, max_length=500)]
MayAnswer = Literal["only-the-person", "guardian", "household", "anybody"]
Message = Literal["none", "call-back-only", "any"]
"""What may be left where somebody else could hear or read it: nothing, a name and a number that say nothing of care, anything."""
MayConsent = Literal["self", "guardian", "self-and-guardian", "court"]
"""Whose consent counts. Of a minor it differs by state and service: it is asked, never worked out from a birth date."""
Telehealth = Literal["yes", "no", "only"]


class SafeContact(Model):
    """The rules for every contact. Whoever makes one sees them before; where nothing is known of one, the careful way is meant."""

    number: Personal[Words] | None = None
    """The one to use, whatever other numbers are known."""
    may_answer: Personal[MayAnswer] | None = None
    message: Personal[Message] | None = None
    hours: Personal[Words] | None = None
    """When it is safe, in words: `weekdays after 17:00`."""


class Preferences(Model):
    """What they want of their care. `avoid` names programs that they will not go to: ids of ours, so that no such program is asked."""

    place: Personal[Words] | None = None
    times: Personal[Words] | None = None
    telehealth: Personal[Telehealth] | None = None
    avoid: tuple[Code, ...] | None = Field(default=None, max_length=20)
