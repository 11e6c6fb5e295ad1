"""Which facts are not published yet: one small document for each partition of a batch, written with it and deleted when all are out.

A fact itself is never written again: marking each of them rewrote a document of a kilobyte and cost more than storing it. A marker
is deleted whole; if it stays (a crash, a failed deletion), its facts are published once more, and their listeners drop them.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import uuid4

from infra.store.documents import Document
from infra.store.port import FactRow

OPEN_MAX = 20_000
"""Markers remembered by a process. Those it forgets are deleted by whoever sweeps their partition."""


def markers(facts: Sequence[FactRow]) -> list[Document]:
    """The markers of one transaction: by partition, which is who sweeps it, and topic, so that one that fails holds up no other."""
    batch, places = uuid4().hex, dict[tuple[int, str], list[FactRow]]()
    for fact in facts:
        places.setdefault((fact.part, fact.topic), []).append(fact)
    return [
        {
            "_id": f"{batch}/{part}/{topic}",
            "part": part,
            "recorded_at": min(row.recorded_at for row in rows),
            "facts": [row.id for row in rows],
        }
        for (part, topic), rows in places.items()
    ]


def aggregate_of(fact: str) -> str:
    """A fact's id is aggregate/topic/sequence."""
    return fact.rsplit("/", 2)[0]


def of(subjects: Collection[str], found: Iterable[Document]) -> list[str]:
    """The facts of these aggregates among those that markers name."""
    return [fact for marker in found for fact in marker["facts"] if aggregate_of(fact) in subjects]


class Outbox:
    """What this process knows of open markers: which facts are still to be published before one may be deleted."""

    def __init__(self) -> None:
        self._marker: dict[str, str] = {}
        self._left: dict[str, set[str]] = {}

    def opened(self, found: Iterable[Document]) -> None:
        for marker in found:
            self._left[marker["_id"]] = set(marker["facts"])
            self._marker.update(dict.fromkeys(marker["facts"], marker["_id"]))
        while len(self._left) > OPEN_MAX:
            for fact in self._left.pop(next(iter(self._left))):
                self._marker.pop(fact, None)

    def published(self, facts: Iterable[str]) -> list[str]:
        """Markers whose last fact is among these."""
        whole = []
        for fact in facts:
            marker = self._marker.pop(fact, "")
            if marker in self._left:
                self._left[marker].discard(fact)
                if not self._left[marker]:
                    del self._left[marker]
                    whole.append(marker)
        return whole
