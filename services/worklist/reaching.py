"""How somebody is reached without putting them at risk, and what they want, in words for whoever is about to do it. Pure."""

from collections.abc import Iterator, Mapping

from contracts.partners import PersonDetails
from contracts.people import Preferences, SafeContact

ANSWERS = {
    "only-the-person": "Speak with nobody but them",
    "guardian": "The guardian may answer",
    "household": "Anybody of the household may answer",
    "anybody": "Anybody may answer",
}
MESSAGES = {
    "none": "Leave no message",
    "call-back-only": "Leave a name and a number at most, and nothing of care",
    "any": "Messages may be left",
}
CONSENT = {
    "self": "They consent for themselves",
    "guardian": "The guardian consents for them",
    "self-and-guardian": "Both they and the guardian must consent",
    "court": "A court decides who consents",
}
TELEHEALTH = {"yes": "Video or telephone is fine", "no": "No video or telephone", "only": "By video or telephone only"}
UNSAID = "Nobody said what is safe"
CAREFUL = (ANSWERS["only-the-person"], MESSAGES["none"])
"""What is meant where nobody said anything."""


def rules(known: PersonDetails) -> tuple[str, ...]:
    """The rules of contact, the number first; the careful way in the place of each that nobody stated."""
    said = known.safe_contact or SafeContact()
    number = f"Use {said.number.plain}, and no other number" if said.number else ""
    hours = f"When: {said.hours.plain}" if said.hours else ""
    answer = ANSWERS[str(said.may_answer.plain)] if said.may_answer else CAREFUL[0]
    message = MESSAGES[str(said.message.plain)] if said.message else CAREFUL[1]
    return tuple(filter(None, (number, hours, answer, message)))


def are_stated(known: PersonDetails) -> bool:
    return known.safe_contact is not None


def interpreter(known: PersonDetails) -> str:
    if known.interpreter is None:
        return ""
    return "Needs an interpreter" if known.interpreter.plain else "Needs no interpreter"


def consent(known: PersonDetails) -> str:
    return CONSENT[str(known.may_consent.plain)] if known.may_consent else ""


def wishes(known: PersonDetails, names: Mapping[str, str]) -> tuple[str, ...]:
    """What they want of their care; a program that they will not go to by its name."""
    return tuple(filter(None, _wishes(known.preferences or Preferences(), names)))


def _wishes(said: Preferences, names: Mapping[str, str]) -> Iterator[str]:
    yield f"Where: {said.place.plain}" if said.place else ""
    yield f"Times: {said.times.plain}" if said.times else ""
    yield TELEHEALTH[str(said.telehealth.plain)] if said.telehealth else ""
    yield f"Not {', not '.join(names.get(one, one) for one in said.avoid)}" if said.avoid else ""


def of_them(known: PersonDetails, names: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """All of it for the page about the person; of contact always, of the rest where anything was said."""
    said = (
        ("Reach them so", rules(known) if are_stated(known) else (UNSAID, *CAREFUL)),
        ("Language", (interpreter(known),)),
        ("Consent", (consent(known),)),
        ("What they want", wishes(known, names)),
    )
    return [(name, lines) for name, lines in said if any(lines)]
