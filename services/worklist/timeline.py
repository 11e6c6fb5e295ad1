"""How what happened is told: events day by day, who owned an item when, which clocks ran, why the step is what it is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from starlette.requests import Request

from contracts.kernel import kind_of
from services.worklist import history, ruled, words
from services.worklist.items import Document
from services.worklist.pages import late_by
from services.worklist.patches import Patch
from services.worklist.rows import Row

PARTS = {
    "crisis": ("episode", "contact"),
    "authorization": ("authorization",),
    "notifications": ("alert", "notice"),
    "care": ("plan", "care", "transition"),
    "referral": ("request", "placement"),
    "consents": ("consent",),
}
"""What a timeline can be narrowed to, by the kind of the aggregate that an event is about."""
Names = Mapping[str, str]


def days(events: Sequence[Row], request: Request) -> list[tuple[str, list[Row]]]:
    """The newest first, day by day of the reader's."""
    local, part = request.state.local, PARTS.get(request.query_params.get("show", ""))
    chosen = [one for one in events if part is None or kind_of(one["subject"]) in part]
    told = [{**one, "late_by": late_by(one["recorded"], one["at"]), "kind": words.kind(one["subject"])} for one in reversed(chosen)]
    return [(f"{on:%A} {on.day} {on:%B}", list(ones)) for on, ones in groupby(told, key=lambda one: local.day(one["recorded"]))]


def parts(entries: Iterable[Patch], request: Request) -> list[Row]:
    """What it can be narrowed to, of what there is."""
    kinds = {kind_of(entry["subject"]) for entry in entries}
    chosen = request.query_params.get("show", "")
    named = [("", "Everything"), *((key, words.plain(key)) for key, of in PARTS.items() if kinds & set(of))]
    return [
        {"href": f"{request.url.path}{f'?show={key}' if key else ''}#story", "name": name, "chosen": key == chosen} for key, name in named
    ]


def owners(moments: Iterable[history.Moment], names: Names, now: datetime) -> list[Row]:
    """Who answered for it from when until when, whoever does now first."""
    return [_held(one, names, now) for one in reversed(history.owners(moments))]


def clocks(moments: Iterable[history.Moment], names: Names, now: datetime) -> list[Row]:
    """Every clock that ran, the one that runs first."""
    return [_ran(one, names, now) for one in reversed(history.clocks(moments))]


def why(moments: Sequence[history.Moment]) -> Row | None:
    """What made the next step what it is, and by which rule it is due; None where nothing is left to do."""
    entry = history.reason(moments)
    if entry is None:
        return None
    block: Document = moments[-1].state["next"]
    return {"what": entry["what"], "at": entry["at"], "rule": ruled.of(block["rule"]) if block.get("rule") else None}


def _held(one: history.Held, names: Names, now: datetime) -> Row:
    return {
        "who": words.who(one.who, names) or "Nobody",
        "role": words.who(one.role, names) if one.role != one.who else "",
        "nobody": one.who is None,
        "since": one.since,
        "until": one.until,
        "length": words.length((one.until or now) - one.since),
    }


def _ran(one: history.Ran, names: Names, now: datetime) -> Row:
    late, running = one.late(now), one.until is None
    told = words.due(one.due, now) if running else "in time"
    if late and one.due:
        told = f"late by {words.length((one.until or now) - one.due)}"
    return {
        "action": words.action(one.action),
        "owner": words.who(one.owner, names),
        "waiting_on": words.whom((one.waiting_on or "").split(","), names),
        "rule": words.plain(one.rule or ""),
        "due": one.due,
        "since": one.since,
        "until": one.until,
        "late": late,
        "running": running,
        "told": told if one.due else "no deadline",
    }


def reached(one: Row, names: Names) -> Row:
    """Somebody who was told, in words: whether they, or somebody else, have seen it."""
    seen = one["seen"]
    by = "Nobody has seen it" if not seen else "Seen" if seen["by"] == one["who"] else f"Seen by {words.who(seen['by'], names)}"
    return {**one, "name": words.who(one["who"], names) or "Nobody on duty", "seen_at": seen["at"] if seen else None,
            "by": "" if one["over"] and not seen else by, "stands": not one["over"]}  # fmt: skip
