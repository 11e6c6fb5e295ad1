"""Two takers of one thing, read from the facts of a team or a facility alone."""

from collections.abc import Iterable

import orjson

from infra.store import FactRow


def double_booked(facts: Iterable[FactRow]) -> list[str]:
    """Two takers of one team at once, read from the team's facts alone."""
    holder, found = "", []
    for fact in facts:
        data, kind = orjson.loads(fact.data), fact.attributes["type"]
        if kind in ("team.held.v1", "team.committed.v1"):
            if holder not in ("", data["episode"]):
                found.append(f"{holder} and {data['episode']}")
            holder = data["episode"]
        elif kind == "team.freed.v1":
            found += [] if data["episode"] == holder else [f"{data['episode']} freed what {holder} had"]
            holder = ""
    return found


def overbooked(facts: Iterable[FactRow], beds: int) -> list[int]:
    """How many too many were held or taken at once, read from the facility's facts alone. It counts once, at the beginning."""
    held, taken, found = set[str](), 0, []
    for fact in facts:
        data, kind = orjson.loads(fact.data), fact.attributes["type"]
        if kind in ("facility.bed-held.v1", "facility.hold-extended.v1"):
            held.add(data["episode"])
        elif kind in ("facility.hold-ended.v1", "facility.bed-taken.v1"):
            held.discard(data["episode"])
            taken += kind == "facility.bed-taken.v1"
        if kind == "facility.bed-held.v1" and len(held) + taken > beds:
            found.append(len(held) + taken - beds)
    return found
