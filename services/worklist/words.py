"""Words for people: what is to do, who, when. No identifier and no code where a word can stand."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from contracts.kernel import kind_of
from services.worklist import authorizing, care, crisis, sides

ACTIONS = {
    "acknowledge-request": "Acknowledge the request",
    "triage-request": "Triage the request",
    "wait-for-information": "Get what is missing",
    "renew-agreement": "Renew the agreement, or let it end",
    "review-access": "Review what was opened in an emergency",
    "obtain-consent": "Ask the person for consent",
    "await-consent": "Get the consent without which no program may be asked",
    "find-place": "Find a place",
    "review-outcome": "Review the outcome and close the referral",
    "await-answer": "Wait for the programs that were asked",
    "call-programs": "Call the programs that were asked",
    "contact-client": "Contact the client",
    "contact-again": "Try the client again",
    "contact-waiting": "Speak with the person who waits in a list",
    "reroute": "Ask somebody else, or find a way in between",
    "schedule": "Book a first visit",
    "look-at-input": "Look at an input that could not be used",
    "release-aggregate": "Mend the cause and release what is held",
    "find-missing-cause": "Find the message that is missing",
    "compare-records": "Compare two records",
    "decide-identity": "Decide who this is",
    "see-to-barrier": "See to what stands in the way of care",
    "review-risk-flag": "Review the flag: is there still a risk?",
    **crisis.ACTIONS,
    **authorizing.ACTIONS,
    **care.ACTIONS,
    **sides.ACTIONS,
}
STATUSES = {
    "no-program": "No program available", "unanswered": "Offer not answered", "declined": "Declined", "opened": "Looking for a place",
    "access-opened": "Opened in an emergency, not reviewed yet", "access-justified": "Emergency access, justified",
    "access-not-justified": "Emergency access, not justified", "access-unclear": "Emergency access, unclear",
    "withheld": "Not told, for want of consent", "consent-missing": "No consent was given yet", "consent-expiring": "The consent ends soon",
    "message-overdue": "A message is waiting", "possible-duplicate": "Possibly known already", **sides.STATUSES,
}  # fmt: skip
KINDS = {
    "referral": "Referral",
    "record": "Record",
    "input": "Input",
    "parked": "Held back",
    "partner": "Partner",
    "consent": "Consent",
    "care-team": "Care team",
    "access": "Emergency access",
    "barrier": "Barrier",
    "risk-flag": "Risk flag",
    **crisis.KINDS,
    **care.KINDS,
    **sides.KINDS,
}
AGREEMENTS = {"signed": "a signed agreement", "joint-protocol": "a joint protocol"}
HELD = {"quiet": "it is quiet hours", "routine": "for the daily digest", "rate": "too many came within an hour"}
URGENCIES = {"emergency": "Emergency", "urgent": "Urgent", "routine": "Routine"}


def day(on: date) -> str:
    """`5 March 2027`."""
    return f"{on.day} {on:%B %Y}"


def plain(code: str) -> str:
    """`intensive-outpatient` is `Intensive outpatient`."""
    words = code.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def way(channel: str) -> str:
    """How a message went: by e-mail, in the inbox."""
    return {"email": "by e-mail", "inbox": "in the inbox"}.get(channel) or f"by {plain(channel).lower()}"


def action(code: str) -> str:
    """The next step, verb first."""
    return ACTIONS.get(code, plain(code))


LANGUAGES = {
    "ar": "Arabic", "ase": "American Sign Language", "en": "English", "es": "Spanish", "fr": "French", "ht": "Haitian Creole",
    "ne": "Nepali", "ru": "Russian", "so": "Somali", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def language(code: str) -> str:
    """By its name where we have it; `es-MX` is Spanish."""
    return LANGUAGES.get(code.partition("-")[0].lower(), code)


def status(code: str) -> str:
    return STATUSES.get(code, plain(code))


def who(id: str | None, names: Mapping[str, str] = {}) -> str:
    """`role/intake-desk` is the Intake desk; `staff/7` is Staff 7; a program or desk by its listed name."""
    if not id:
        return ""
    if id in names:
        return names[id]
    kind, _, rest = id.partition("/")
    return plain(rest) if kind in ("role", "partner", "payer") else f"{plain(kind)} {short(rest)}".strip()


def whom(ids: Sequence[str], names: Mapping[str, str] = {}) -> str:
    """All that something waits on: Oak and Elm."""
    *others, last = [who(id, names) for id in ids] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def short(id: str) -> str:
    """The last characters of a long id: enough to tell two rows apart."""
    tail = id.rpartition("/")[2]
    return tail if len(tail) <= 12 else tail[-6:]


def length(span: timedelta) -> str:
    """One unit, rounded down: `45 min`, `3 h`, `12 days`."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def due(at: datetime | None, now: datetime) -> str:
    """When it must have happened. Something without a clock is not on time, and says so."""
    if at is None:
        return "no deadline"
    return f"late by {length(now - at)}" if at < now else f"in {length(at - now)}"


def since(at: datetime | None, now: datetime) -> str:
    return f"{length(now - at)} ago" if at else ""


def kind(item: str) -> str:
    return KINDS.get(kind_of(item), plain(kind_of(item)))
