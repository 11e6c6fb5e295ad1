"""Who holds what, and by which database sessions: so that the next holder can end them.

A document is `{_id: resource, holder, sessions}`. A process killed inside a transaction leaves its documents locked until the
server gives the transaction up (60 s); ending its sessions frees them at once, and makes a paused holder's commit fail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from uuid import uuid4

from infra.store.documents import Document
from infra.store.failures import expect


@dataclass(eq=False)
class Holder:
    """One store: its name in the records, and the ids of all sessions it will ever use (they outlive being ended)."""

    sessions: list[Document]
    name: str = field(default_factory=lambda: uuid4().hex)

    async def take(self, database: Any, resources: Sequence[str], session: Any) -> None:
        """End first, record then: whoever dies between leaves the old record, and the next one ends those sessions again."""
        known = await database["fences"].find({"_id": {"$in": resources}}, session=session).to_list(None)
        previous = {document["holder"]: document["sessions"] for document in known if document["holder"] != self.name}
        if previous:
            await database.command({"killSessions": [*chain.from_iterable(previous.values())]})
        await self._record(database, known, set(resources) - {document["_id"] for document in known}, session)

    async def _record(self, database: Any, known: Iterable[Document], new: Iterable[str], session: Any) -> None:
        ours = {"holder": self.name, "sessions": self.sessions}
        updates = [{"q": {"_id": one["_id"], "holder": one["holder"]}, "u": {"$set": ours}} for one in known]
        inserts = [{"_id": resource, **ours} for resource in sorted(new)]
        if updates:
            expect(await database.command({"update": "fences", "updates": updates}, session=session), len(updates))
        if inserts:
            expect(await database.command({"insert": "fences", "documents": inserts}, session=session), len(inserts))
