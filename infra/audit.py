"""History and state must tell the same: every stored state is the fold of its facts, and no sequence has a gap."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.service import Service
from infra.store import Aggregate, FactRow, Store
from infra.working import evolved, parsed, said_type

PAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Where history and state disagree. `code` is stable, `where` an aggregate's id and topic; no value is shown."""

    code: str
    where: str


async def verify(service: Service, store: Store) -> AsyncIterator[tuple[str, list[Finding]]]:
    """Every aggregate in order of id, with what is wrong about it (nothing, one hopes)."""
    after = ""
    while subjects := await store.subjects(after, PAGE):
        rows = await store.load(subjects)
        histories = await store.histories(subjects)
        for subject in subjects:
            yield subject, findings(service, rows[subject], histories.get(subject, []))
        after = subjects[-1]


def findings(service: Service, row: Aggregate, facts: Sequence[FactRow]) -> list[Finding]:
    """One aggregate. Facts may be newer than the row if somebody wrote meanwhile: those are left for the next run."""
    known = [fact for fact in facts if fact.sequence <= row.seq.get(fact.topic, 0)]
    found = [Finding("TL-4101", f"{row.id} {topic}") for topic in row.seq if not _whole(row, topic, known)]
    own = [fact for fact in known if fact.topic == service.topic_of(row.id)]
    if fold(service, row.id, own) != parsed(service, row):
        found.append(Finding("TL-4102", row.id))
    return found


def _whole(row: Aggregate, topic: str, facts: Sequence[FactRow]) -> bool:
    return [fact.sequence for fact in facts if fact.topic == topic] == list(range(1, row.seq[topic] + 1))


def fold(service: Service, subject: str, facts: Sequence[FactRow]) -> Any:
    """What these facts of the service's own topic make of the aggregate."""
    state = None
    for fact in facts:
        data = said_type(service, fact.attributes["type"]).model_validate_json(fact.data)
        state = evolved(service, subject, state, data)
    return state
