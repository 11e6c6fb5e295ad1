"""What is said of an item in one line beside its next step, and why it is where it is: in words, by the kind of item. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from contracts.kernel import kind_of
from services.worklist import hindrances, sides, words
from services.worklist.items import Document, by_kind
from services.worklist.local import Dated

RISKS = {
    "danger-imminent": "Imminent danger",
    "danger-high": "High danger",
    "at-risk": "At risk",
    "denied": "Care denied",
    "outside-window": "Visit not covered",
    "decision-after-visit": "Decision after the visit",
    "units-used-up": "Units used up",
}
SIGNALS = {
    "no-show": "missed a visit",
    "no-shows": "missed two visits in a row",
    "no-contact": "not in touch for too long",
    "no-next-visit": "no next visit is booked",
    "no-first-visit": "no first visit by its date",
    "treatment-gap": "treatment ran out",
    "stale": "nothing heard of the plan",
}
NOT_SHOWN = {
    "died": "died",
    "in-hospital": "in hospital",
    "in-residential": "in residential care",
    "in-jail": "in jail",
    "transferred": "transferred",
    "planned-discharge": "discharge is planned",
    "paused": "a pause was agreed",
    "consent-withdrawn": "consent was withdrawn",
}
STAYS = {
    "hospital": "Hospital",
    "ed": "Emergency department",
    "detox": "Detox",
    "residential": "Residential care",
    "crisis-unit": "Crisis unit",
    "jail": "Jail",
    "step-down": "Step-down",
}
OUTCOMES = {"left-message": "left a message", "no-answer": "no answer", "wrong-number": "wrong number", "refused": "did not want to talk"}
LINES = {
    "assembling": "being put together",
    "submitted": "with the payer",
    "pended": "not decided yet",
    "contact-payer": "payer wants a call",
    "approved": "approved",
    "partial": "approved in part",
    "modified": "approved with changes",
    "denied": "denied",
    "upheld": "denied again",
    "not-required": "needs none",
    "cancelled": "not asked for",
    "expired": "expired",
    "unanswered": "no answer in time",
    "appealed": "appealed",
}

Said = str | Dated


def risks(item: Mapping[str, Any]) -> list[str]:
    """An emergency is a risk by itself; the rest is what somebody judged, or what stops the care."""
    judged = any(code.startswith("danger-") for code in item.get("risks", ()))
    first = ["Emergency"] if item.get("urgency") == "emergency" and not judged else []
    return first + [RISKS.get(code) or hindrances.RISKS.get(code) or words.plain(code) for code in item.get("risks", ())]


def about(item: Document, now: datetime, names: Mapping[str, str] = {}) -> list[Said]:
    """What the item is about and why it is here, the most telling first."""
    kinds = by_kind(item["sections"])
    kind = kind_of(item["_id"])
    section = kinds.get(kind, {})
    return [part for part in OF_KIND.get(kind, _referral)(section if kind in kinds else item, item, now, names) if part]


def _referral(section: Mapping[str, Any], item: Document, now: datetime, names: Mapping[str, str]) -> Iterator[Said]:
    if (urgency := item.get("urgency")) and urgency != "emergency":
        yield words.URGENCIES.get(urgency, words.plain(urgency))
    if item.get("service"):
        yield words.plain(item["service"])
    if item.get("status"):
        yield words.status(item["status"])
    if item.get("visit_at"):
        yield Dated("visit", item["visit_at"])


def _plan(section: Mapping[str, Any], item: Document, now: datetime, names: Mapping[str, str]) -> Iterator[Said]:
    if section.get("not_shown"):
        why = f"Not shown, because: {NOT_SHOWN.get(section['not_shown'], section['not_shown'])}"
        yield Dated(f"{why}, until", section["not_shown_until"]) if section.get("not_shown_until") else why
    yield words.plain(", ".join(SIGNALS.get(code, code.replace("-", " ")) for code in section.get("signals", ())))
    yield _tried(section, now)
    if section.get("seen_elsewhere"):
        yield "seen in the network"
    if section.get("cadence_days"):
        yield f"expected every {section['cadence_days']} days"
    yield words.who(section.get("program"), names)


def _tried(section: Mapping[str, Any], now: datetime) -> str:
    """Outreach so far: the last attempt and how it ended."""
    last = section.get("last_attempt")
    if not last:
        return ""
    outcome = OUTCOMES.get(last["outcome"], last["outcome"].replace("-", " "))
    return f"last tried {words.since(last['at'], now)} by {last['channel'].replace('-', ' ')}: {outcome}"


def _transition(section: Mapping[str, Any], item: Document, now: datetime, names: Mapping[str, str]) -> Iterator[Said]:
    yield STAYS.get(section.get("stay", ""), words.plain(section.get("stay", "")))
    if section.get("discharged_at"):
        where = f" to {section['to'].replace('-', ' ')}" if section.get("to") else ""
        yield f"left {words.since(section['discharged_at'], now)}{where}{', against advice' if section.get('against_advice') else ''}"
    elif section.get("expected_at"):
        yield Dated("leaves", section["expected_at"])
    elif section.get("admitted_at"):
        yield Dated("since", section["admitted_at"])
    yield Dated("visit", section["visit_at"]) if section.get("visit_at") else "no visit booked"
    yield _tried(section, now)


def _authorization(section: Mapping[str, Any], item: Document, now: datetime, names: Mapping[str, str]) -> Iterator[Said]:
    yield words.plain(item["service"]) if item.get("service") else ""
    for line in lines(section):
        stands = f"line {line['line']} {line['stands']}"
        if line.get("until"):
            yield f"{stands}, until {line['until']}"
        else:
            yield Dated(f"{stands}, decision by", line["decision_by"]) if line.get("decision_by") else stands


def lines(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of an authorization as they stand, each with what was said of it."""
    found: dict[int, dict[str, Any]] = {}
    for name, value in section.items():
        if name.startswith("line_"):
            number, _, part = name.removeprefix("line_").partition("_")
            found.setdefault(int(number), {"line": int(number), "stands": "known"})[part] = value
    for line in found.values():
        line["stands"] = LINES.get(line.get("status", ""), words.plain(line.get("status", "known")).lower())
    return [found[number] for number in sorted(found)]


def _episode(section: Mapping[str, Any], item: Document, now: datetime, names: Mapping[str, str]) -> Iterator[Said]:
    yield words.status(section.get("status", ""))
    if not item.get("open", True) and item.get("requested_at"):
        yield Dated("opened", item["requested_at"])
    yield words.plain(section["area"]) if section.get("area") else ""
    yield words.who(section.get("team"), names)
    yield words.who(section.get("facility"), names)


OF_KIND = {
    "plan": _plan,
    "transition": _transition,
    "authorization": _authorization,
    "episode": _episode,
    "view": sides.about,
    "barrier": hindrances.barrier,
    "risk-flag": hindrances.flag,
}
"""What is said of an item by its kind; of every other what is said of a referral."""
