"""Rows as people read them: words, and a person's initials where the reader may see them.

Names lie sealed in the read model. They are opened here, for one answer, for a principal that the table lets see the person, and
whoever was shown is handed to the accounts of reading.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from contracts.kernel import kind_of
from contracts.partners import Guardian, PersonDetails
from infra.access import Access, Item
from infra.clock import Clock
from infra.identity import Principal
from infra.sealing import Erased, Unreadable
from services.worklist import standing, words
from services.worklist.about import about, risks
from services.worklist.details import DETAILS, GUARDIAN
from services.worklist.front_door import OPENINGS
from services.worklist.items import Document, by_kind
from services.worklist.marking import Keys
from services.worklist.sealed import details_of, written
from services.worklist.store import Board

log = structlog.get_logger(__name__)
SEE_PERSON = "see-person"
ERASED = "erased"
UNKNOWN = PersonDetails()
SHARED = ("role/program-desk", "role/mobile-team", "role/crisis-facility", "role/partner")
"""Roles that people of different organisations hold: such a role says what they may do, and not whose an item is."""
NAMES_KEPT_S, COUNT_OLD_S = 30.0, 4 * 3600
Row = dict[str, Any]
Members = Mapping[str, frozenset[str]]
"""By item: who sees it by being on the person's care team."""
NO_MEMBERS: Members = {}
Seen = Callable[[Principal, str, Sequence[str]], None]
"""Who was shown which records, on which occasion. Called in the answer's path, so it must only remember; writing is done in batches."""


def tag(record: str, protected: bool) -> str:
    """As whose an item counts for whoever opened its record in an emergency, while that lasts: nobody's token names such a thing."""
    return f"emergency {'protected ' if protected else ''}{record}"


def _tag(document: Document) -> frozenset[str]:
    """Who opened a person sees the person, and not who else opened them."""
    record = record_of(document) if kind_of(document["_id"]) != OPENINGS else ""
    return frozenset({tag(record, bool(document.get("sensitivity")))}) if record else frozenset()


def record_of(document: Document) -> str:
    return document.get("record") or (document["_id"] if document["_id"].startswith("record/") else "")


def item_of(document: Document, members: Members = NO_MEMBERS) -> Item:
    """What access needs to know of an item. Whoever is only asked to take somebody sees what is needed, and not yet who it is."""
    concerned = frozenset(document.get("concerns", ())) - frozenset((*document.get("waiting_on", ()), *document.get("asked", ())))
    named = {id for id in (document.get("partner"), document.get("owner")) if id}
    return _item(document, concerned | named - set(SHARED) | _tag(document), members)


def summary_of(document: Document, members: Members = NO_MEMBERS) -> Item:
    """As whoever it waits on may see it as well: without the person."""
    return _item(document, (frozenset(document.get("concerns", ())) | item_of(document).organisations) - set(SHARED), members)


def _item(document: Document, organisations: frozenset[str], members: Members) -> Item:
    return Item(organisations, _accountable(document), members.get(document["_id"], frozenset()))


def _accountable(document: Document) -> str:
    owner = document.get("owner") or ""
    return "" if owner in SHARED else owner


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be shown of a person: always initials; the rest where it was asked for, and is then accounted for as such."""

    initials: str
    name: str = ""
    born: str = ""
    phone: str = ""
    language: str = ""
    guardian: str = ""
    known: PersonDetails = UNKNOWN
    """Opened: what a page tells of it is for that page to say."""


class People:
    """Opens names for one answer."""

    def __init__(self, board: Board, vault: Keys, access: Access, seen: Seen) -> None:
        self._board, self._vault, self._access, self._seen = board, vault, access, seen

    async def said(self, principal: Principal, item: Document, tokens: Sequence[str]) -> list[str]:
        """What people wrote of an item's record, to whoever may see the person; nothing to anybody else."""
        if not tokens or not self._access.may(principal, SEE_PERSON, item_of(item)):
            return ["" for _ in tokens]
        record = record_of(item)
        key = (await self._vault.keys([record])).get(record)
        return [written(record, token, key) for token in tokens]

    async def shown(
        self, principal: Principal, items: Sequence[Document], occasion: str, whole: bool = False,
        members: Members = NO_MEMBERS,
    ) -> dict[str, Shown]:  # fmt: skip
        """By record: what may be shown. A record that is not in it is told by its reference. `whole`: the name, not initials alone."""
        wanted = {record_of(item) for item in items if self._access.may(principal, SEE_PERSON, item_of(item, members))} - {""}
        if not wanted:
            return {}
        generation = await self._board.current()
        documents, keys = await self._board.documents(generation, wanted), await self._vault.keys(wanted)
        shown = {record: told for record, document in documents.items() if (told := _opened(record, document, keys.get(record)))}
        self._seen(principal, f"{occasion}, whole names" if whole else occasion, sorted(shown))
        return shown if whole else {record: Shown(told.initials) for record, told in shown.items()}


def _opened(record: str, document: Document, key: bytes | None) -> Shown | None:
    try:
        details = details_of(record, document, key)
    except Erased:
        return Shown(ERASED, ERASED)
    except Unreadable:
        log.error("sealed name not readable")
        return None
    plain = _plain(details, DETAILS)
    parts = _name(plain)
    if not parts:
        return None
    safe = details.safe_contact.number if details.safe_contact else None
    return Shown(
        initials=" ".join(f"{part[:1]}." for part in parts), name=" ".join(parts), born=plain.get("birth_date", ""),
        phone=str(safe.plain) if safe else plain.get("phone", ""), language=words.language(plain.get("language", "")),
        guardian=_guardian(_plain(details.guardian, GUARDIAN)) if details.guardian else "", known=details,
    )  # fmt: skip


def _plain(details: PersonDetails | Guardian, names: Sequence[str]) -> dict[str, str]:
    values = ((name, getattr(details, name, None)) for name in names)
    return {name: str(value.plain) for name, value in values if value is not None and value.plain}


def _name(known: Mapping[str, str]) -> list[str]:
    return [known[name].strip() for name in ("given_name", "family_name") if name in known]


def _guardian(known: Mapping[str, str]) -> str:
    """With whom one speaks, and how."""
    speaks = f"speaks {words.language(known['language'])}" if "language" in known else ""
    return ", ".join(filter(None, (" ".join(_name(known)), known.get("phone", ""), speaks)))


@dataclass(frozen=True, slots=True)
class Listed:
    """What the network's own facts list: what things are called, who is on duty, programs, teams and facilities."""

    names: Mapping[str, str]
    staff: tuple[tuple[str, tuple[str, ...]], ...] = ()
    caseloads: tuple[tuple[str, int], ...] = ()
    """How much somebody may answer for at most, or a program have, where it has a limit."""
    programs: tuple[Row, ...] = ()
    teams: tuple[Row, ...] = ()
    facilities: tuple[Row, ...] = ()
    partners: tuple[Document, ...] = ()


class Names:
    """What programs, desks and partners are called, as their own facts list them."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board, self._clock, self._listed, self._until = board, clock, Listed({}), float("-inf")

    @property
    def latest(self) -> Mapping[str, str]:
        """As they were read last; nobody waits for a newer one."""
        return self._listed.names

    async def known(self) -> Mapping[str, str]:
        return (await self.listed()).names

    async def listed(self) -> Listed:
        if self._clock.monotonic() > self._until:
            generation = await self._board.current()
            self._listed = _listed(await self._board.items(generation, {"listed": True}, [("listed", 1)], 1_000))
            self._until = self._clock.monotonic() + NAMES_KEPT_S
        return self._listed


def _listed(items: Sequence[Document]) -> Listed:
    sections = [section for item in items for section in by_kind(item["sections"]).values()]
    return Listed(
        dict(pair for item in items for pair in _pairs(item)),
        tuple((role, tuple(people)) for section in sections for role, people in section.get("staff", ())),
        tuple((who, limit) for section in sections for who, limit in section.get("caseloads", ())),
        _all(sections, "programs"), _all(sections, "teams"), _all(sections, "facilities"),
        tuple(item for item in items if item["_id"].startswith("partner/")),
    )  # fmt: skip


def _all(sections: Sequence[Mapping[str, Any]], name: str) -> tuple[Row, ...]:
    return tuple(one for section in sections for one in section.get(name, ()))


def _pairs(item: Document) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for section in by_kind(item["sections"]).values():
        found += [(id, name) for id, name in section.get("names", ())]
        found += [(item["_id"], section["name"])] if "name" in section else []
    return found


def row(item: Document, now: datetime, people: Mapping[str, Shown], names: Mapping[str, str]) -> Row:
    """Risk · name · next action · due · owner · waiting on · since · last real contact · allowed actions, and what leads there."""
    block, record = item.get("next") or {}, item.get("record") or item["_id"]
    due, person = item.get("due"), people.get(record)
    return {
        "risk": risks(item),
        "name": (person.name or person.initials) if person else None, "reference": f"{words.kind(record)} {words.short(record)}",
        "action": words.action(block["action"]) if block else "Nothing left to do",
        "due": due, "due_in_words": words.due(due, now) if block else "", "late": bool(due and due < now),
        "owner": words.who(item.get("owner"), names) or None, "owner_id": item.get("owner"),
        "role": words.who(item.get("role"), names) or None,
        "waiting_on": words.whom(item.get("waiting_on", ()), names) or None,
        "asks": standing.asks_of(item, by_kind(item["sections"])),
        "since": item.get("since"), "since_in_words": words.since(item.get("since"), now),
        "last_contact": item.get("last_contact"), "last_contact_in_words": words.since(item.get("last_contact"), now),
        "allowed": list(block.get("allowed", ())),
        "item": item["_id"], "kind": words.kind(item["_id"]), "status": words.status(item["status"]) if item.get("status") else None,
        "urgency": words.URGENCIES.get(item.get("urgency") or ""), "service": words.plain(item["service"]) if item.get("service") else None,
        "partner": words.who(f"partner/{item['partner']}", names) if item.get("partner") else None,
        "program": words.who(item.get("program"), names) or None,
        "about": about(item, now, names), "record": item.get("record"), "lead": item.get("lead"),
        "codes": {name: item.get(name) for name in ("urgency", "service", "partner", "program", "status")},
        "requested_at": item.get("requested_at"), "sensitivity": item.get("sensitivity"),
        "open": item["open"], "gap_since": item.get("gap_since"), "over": words.since(item.get("over_at"), now),
    }  # fmt: skip


def line(item: Document, now: datetime) -> Row:
    """Another open item of the same person, in a line."""
    block, due = item.get("next") or {}, item.get("due")
    return {"item": item["_id"], "kind": words.kind(item["_id"]), "action": words.action(block.get("action", "")),
            "due_in_words": words.due(due, now), "late": bool(due and due < now)}  # fmt: skip


def team(listed: Row, item: Document | None) -> Row:
    """A mobile team: where it goes, and whether it is there, held or out. One that was never heard of has not signed on."""
    section = by_kind(item["sections"]).get("team", {}) if item else {}
    return {**listed, "status": words.status(section.get("status", "not-signed-on")), "episode": section.get("episode"),
            "free": section.get("status") == "free"}  # fmt: skip


def facility(listed: Row, item: Document | None, now: datetime) -> Row:
    """A facility's beds by kind as they were last counted; a count says its age, and one that was never made says so."""
    section = by_kind(item["sections"]).get("facility", {}) if item else {}
    counts = [(kind, section.get(f"beds_{kind}")) for kind in listed["beds"]]
    told = [{"kind": words.plain(kind), "free": count["free"] if count else None, "age": words.since(count["at"], now) if count else "",
             "old": (now - count["at"]).total_seconds() > COUNT_OLD_S if count else False} for kind, count in counts]  # fmt: skip
    return {**listed, "counts": told}


def event(entry: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    """One event of a timeline, with its place in the log."""
    shown = ("at", "recorded", "type", "topic", "partition", "offset", "subject", "sequence", "what", "correlation", "cause")
    actor = {"actor": words.who(_actor(entry["actor"]), names), "actor_id": entry["actor"]}
    return {**{name: entry[name] for name in shown}, "trace": entry.get("trace", ""), **actor}


def _actor(stated: str) -> str:
    """`user/staff/7` is told as staff; what acts by itself as the system."""
    kind, _, id = stated.partition("/")
    return id if kind == "user" and "/" in id else f"partner/{id}" if kind == "service_account" and id else f"role/{kind}" if kind else ""
