"""An item as a fold of what happened: sections that their own events write, and a summary that the questions ask of.

A section is written by the events of one aggregate on one topic alone, in the order of their sequence. Whatever order topics,
repetitions and late arrivals come in, the same events make the same item.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from contracts.kernel import kind_of
from services.worklist import responding, standing, telling
from services.worklist.finding import short_mark
from services.worklist.patches import Patch, is_person
from services.worklist.projections import REFERRAL, Change, item_of

Document = dict[str, Any]
Sections = Mapping[str, Mapping[str, Mapping[str, Any]]]
Verdict = Literal["new", "known", "late"]
SEARCHED = ("referral", "record", "authorization", "episode", "transition", "plan")
"""Kinds of items that are found by their number."""
CUT_BY = ("reference", "discharged_at", "expected_at", "visit_at", "signals", "not_shown", "reviewed_at")
"""What a kind of item has of its own that lists are cut, or put in order, by."""
NO_OWNER, ROLE_ONLY, PERSON = 0, 1, 2
"""How far somebody holds it (`grip`): nobody at all, a role on duty, a person. In this order the board shows them."""


def section_of(sections: Sections, topic: str, subject: str) -> Mapping[str, Any]:
    return sections.get(topic, {}).get(subject, {})


def verdict(sections: Sections, change: Change) -> Verdict:
    """`late`: it fills a hole that a higher sequence left, so the item must be folded again from its entries."""
    section = section_of(sections, change.topic, change.subject)
    if change.sequence > section.get("sequence", 0):
        return "new"
    holes = section.get("missing", ())
    return "late" if any(first <= change.sequence <= last for first, last in holes) else "known"


def folded(sections: Sections, entry: Patch) -> Sections:
    """The sections after one more entry, whose sequence is the highest of its section."""
    topic, subject = entry["topic"], entry["subject"]
    old = section_of(sections, topic, subject) if entry["counted"] else {}
    section = {name: value for name, value in {**old, **entry["patch"]}.items() if value is not None}
    section["sequence"] = entry["sequence"]
    section |= _stage(old, section, entry["at"])
    section = _spanned(old, section, entry["recorded"])
    if entry["counted"]:
        section |= _holes(old, entry)
    return {**sections, topic: {**sections.get(topic, {}), subject: section}}


def refolded(entries: Iterable[Patch]) -> Sections:
    """The sections from all entries of an item, however they came."""
    sections: Sections = {}
    for entry in sorted(entries, key=lambda entry: (entry["topic"], entry["subject"], entry["sequence"])):
        sections = folded(sections, entry)
    return sections


def applied(sections: Sections, changes: Iterable[Change]) -> tuple[Sections, dict[str, Patch], bool]:
    """The sections after these changes, the entries that were not known, and whether one came late (then fold all again)."""
    fresh: dict[str, Patch] = {}
    late = False
    for change in changes:
        came = verdict(sections, change)
        if came == "new":
            sections = folded(sections, change.entry)
        if came != "known":
            fresh.setdefault(change.id, change.entry)
            late = late or came == "late"
    return sections, fresh, late


def document(item: str, sections: Sections, version: int) -> Document:
    """The item as it is stored."""
    return {"_id": item, "v": version, "sections": sections, **summary(item, sections)}


def _stage(old: Mapping[str, Any], new: Mapping[str, Any], at: datetime) -> Patch:
    """Since when this step has been waited for: an edit, or another deadline, does not reset it."""
    before, after = old.get("next"), new.get("next")
    if not after:
        return {"since": at} if before or "since" not in old else {}
    same = before and all(before.get(part) == after.get(part) for part in ("owner", "action", "waiting_on"))
    return {} if same else {"since": at}


def _spanned(old: Mapping[str, Any], new: Patch, recorded: datetime) -> Patch:
    """With when it was first heard of, and, once nothing of it is left to do, when that was heard and who had answered for it."""
    if not old:
        new = {**new, "began": recorded}
    if not _over(new):
        return {name: value for name, value in new.items() if name != "ended"}
    return new if not old or _over(old) else {**new, "ended": {"at": recorded, "owner": old["next"]["owner"]}}


def _over(section: Mapping[str, Any]) -> bool:
    return bool(section.get("closed")) or not section.get("next")


def _holes(old: Mapping[str, Any], entry: Patch) -> Patch:
    """Sequences that were passed over, and since when that is known; the fold of a complete history has none."""
    expected = old.get("sequence", 0) + 1
    if "unread" in entry["patch"]:
        return {"missing_since": old.get("missing_since", entry["recorded"])}
    if entry["sequence"] == expected:
        return {}
    missing = [*old.get("missing", ()), [expected, entry["sequence"] - 1]]
    return {"missing": missing, "missing_since": old.get("missing_since", entry["recorded"])}


# — the summary


def leading(sections: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Which aggregate of a referral says what is next, given its sections by kind.

    The block sits in one at a time: request, then placement, then care, then the request again. The furthest one heard of leads
    while it has a next step; one that has none handed the referral back to the request. Until a successor's fact is heard, the
    last one stands. A withdrawn or closed request ends it, whatever the others have not heard yet. Once it is opened again, only what
    is said of that opening leads.
    """
    request = sections.get("request", {})
    if request.get("closed"):
        return None
    opening = request.get("interval", 1)
    furthest = next((kind for kind in reversed(REFERRAL) if kind in sections and sections[kind].get("interval", 1) >= opening), None)
    for kind in (furthest, "request"):
        if kind and sections.get(kind, {}).get("next"):
            return kind
    return None


def by_kind(sections: Sections) -> dict[str, Mapping[str, Any]]:
    """Sections by the kind of their aggregate. An aggregate that speaks on two topics is read in the topics' order."""
    found: dict[str, Mapping[str, Any]] = {}
    for topic in sorted(sections):
        for subject, section in sorted(sections[topic].items()):
            found[kind_of(subject)] = {**found.get(kind_of(subject), {}), **section}
    return found


def summary(item: str, sections: Sections) -> Patch:
    """What the questions ask of an item: stored beside the sections for their indexes, and made of nothing else."""
    kinds = by_kind(sections)
    lead = leading(kinds) if kind_of(item) == "referral" else next(iter(sorted(k for k, s in kinds.items() if s.get("next"))), None)
    section = kinds.get(lead or "", {})
    block = section.get("next") or {}
    owner, person = _owner(kinds, lead, block)
    return {
        "kind": kind_of(item), "open": bool(lead), "lead": lead, "next": block or None,
        "owner": owner, "person": person, "role": _role(kinds, block), "grip": _grip(owner),
        "waiting_on": standing.waited_on(block), "due": block.get("due"), "since": section.get("since"),
        "status": _status(kinds, lead), "gap_since": _gap_since(sections),
        **({"listed": True} if any("names" in section or "name" in section for section in kinds.values()) else {}),
        **{name: _first(kinds, name) for name in ("requested_at", "urgency", "service", "partner", "record", "sensitivity")},
        **_span(sections, kinds, lead), **_standing(item, sections, kinds, lead, block, owner),
    }  # fmt: skip


def _span(sections: Sections, kinds: standing.Kinds, lead: str | None) -> Patch:
    """When it was first heard of; and of what is over, when that was heard, and who had answered for it. An item of an earlier build,
    which did not note it, is neither new nor newly over."""
    every = [section for topic in sections.values() for section in topic.values()]
    began = min(section["began"] for section in every) if all("began" in section for section in every) else None
    ended = [section["ended"] for section in every if "ended" in section and not lead]
    placement = kinds.get("placement", {})
    answered = {one["owner"] for one in ended} | ({placement.get("owner"), placement.get("role")} if ended else set())
    found = {"began_at": began, "over_at": max((one["at"] for one in ended), default=None), "answered": sorted(filter(None, answered))}
    return {name: value for name, value in found.items() if value}


def _standing(item: str, sections: Sections, kinds: standing.Kinds, lead: str | None, block: Mapping[str, Any], owner: str | None) -> Patch:
    """What lists are cut by; what is not there takes no room."""
    kind, program, record = kind_of(item), _first(kinds, "program"), kinds.get("record", {})
    asked = standing.asked(kinds)
    concerned = standing.concerned(kind, _first(kinds, "partner"), owner, _role(kinds, block), program, *standing.waited_on(block), *asked)
    found = {
        "asked": asked,
        "program": program, "concerns": concerned, "stage": standing.stage(kind, kinds, block, sections) if lead else None,
        "inbox": telling.inbox(kinds), "escalated": telling.escalated(kinds),
        "tells": sorted({item_of(one) for one in kinds.get("notice", {}).get("about", ())}),
        "marks": [short_mark(item)] if kind in SEARCHED else None,
        "responses": responding.responses(kinds), "responded_at": responding.responded_at(kinds),
        "risks": standing.risks(kinds), "last_contact": standing.last_contact(kinds), "group": record.get("group"),
        **{name: _first(kinds, name) for name in CUT_BY},
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _owner(kinds: Mapping[str, Mapping[str, Any]], lead: str | None, block: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The accountable owner, and the person behind a role, who is known from assignment's ownership facts alone."""
    placement, stated = kinds.get("placement", {}), block.get("owner") or None
    speaks = lead in ("placement", "care") or (stated is not None and placement.get("role") == stated)
    fact = placement.get("owner") if speaks else None
    owner = stated if stated and is_person(stated) else fact or stated
    return owner, fact if fact and is_person(fact) else None


def _role(kinds: Mapping[str, Mapping[str, Any]], block: Mapping[str, Any]) -> str | None:
    """The role it is answered for under: whose team sees it."""
    stated = block.get("owner") or None
    return stated if stated and not is_person(stated) else kinds.get("placement", {}).get("role")


def _grip(owner: str | None) -> int:
    return NO_OWNER if not owner else PERSON if is_person(owner) else ROLE_ONLY


def _status(kinds: Mapping[str, Mapping[str, Any]], lead: str | None) -> str | None:
    """Of the leading aggregate; of a referral that is over, how its request ended."""
    for kind in (lead, "request", *sorted(kinds)):
        if kind and (found := kinds.get(kind, {}).get("status")):
            return str(found)
    return None


def _first(kinds: Mapping[str, Mapping[str, Any]], name: str) -> Any:
    """The request's word first: the sender's instant and the triage's urgency stand there."""
    return next((value for kind in ("request", *sorted(kinds)) if (value := kinds.get(kind, {}).get(name)) is not None), None)


def _gap_since(sections: Sections) -> datetime | None:
    stated = (section.get("missing_since") for topic in sections.values() for section in topic.values())
    return min((at for at in stated if at), default=None)
