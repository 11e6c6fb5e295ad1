"""What the records of one person have to tell each other: that somebody died, or lives after all; and which consents they gave.

A person is a cluster of records that are linked and unlinked, never merged. Each record tells its own word to the cluster, and the
cluster tells every record that it has news: by deadlines that are due at once, durable, in any order. The newest word among the records
of a person stands for all of them. A record that leaves takes its word along, so what came only by a link goes with the link.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime

from contracts.consents import Given, RecordConsentsLearned
from contracts.endings import ClusterLearned, Death, RecordDeathNoted, RecordDeathRefuted
from contracts.intake import UNLINKED
from contracts.kernel import Change, Deadline, Fact, Model, State
from services.intake.given import merged, of_person
from services.intake.records import DEAD, TICK, Record, newer

TELL = "tell-of-death"


class Word(Model):
    """What one record itself says of a death (`death` empty: nothing), and of consents that count for the person."""

    death: Death = ""
    said_at: AwareDatetime | None = None
    by: str = ""
    given: tuple[Given, ...] = ()


class Cluster(State):
    """The records of one person that were linked or spoke of a death, each with its own word. `news_at`: when that last changed."""

    founder: str
    words: dict[str, Word] = {}
    news_at: AwareDatetime


def cluster_of(person: str) -> str:
    return person.replace("person/", "cluster/", 1)


def own_word(record: Record) -> Word:
    return Word(death=record.own_death, said_at=record.own_said_at, by=record.own_by, given=of_person(record.given))


def to_cluster(subject: str, cluster: Cluster | None, record: str, state: Record, now: datetime) -> Sequence[Fact]:
    """A record tells its person what it says itself, and a person that it left that it is gone."""
    words, word = cluster.words if cluster else {}, own_word(state)
    is_member = cluster_of(state.person) == subject
    if words.get(record) == word if is_member else record not in words:
        return []
    noted_at = max(now, cluster.news_at + TICK) if cluster else now
    said = {"word": word.death, "said_at": word.said_at, "by": word.by, "given": word.given} if is_member else {"left": True}
    founder = subject.replace("cluster/", "record/", 1)
    return [Fact(subject, ClusterLearned(record=record, founder=founder, noted_at=noted_at, **said))]


def to_record(subject: str, state: Record, about: str, cluster: Cluster, now: datetime) -> Sequence[Fact]:
    """What stands among its person's records, where that is news to this one. A link brings a death to verify, never a verified one."""
    if cluster_of(state.person) != about:
        return []
    told = merged(*(word.given for record, word in cluster.words.items() if record != subject))
    return [*_of_death(subject, state, cluster, now), *learnt(subject, state, state.given, told, now)]


def learnt(subject: str, record: Record, own: tuple[Given, ...], told: tuple[Given, ...], now: datetime) -> Sequence[Fact]:
    """Which consents count for a record, where that is another than it was."""
    if (own, told) == (record.given, record.told):
        return []
    return [Fact(subject, RecordConsentsLearned(given=own, told=told, noted_at=newer(now, record.given_at)))]


def _of_death(subject: str, state: Record, cluster: Cluster, now: datetime) -> Sequence[Fact]:
    record, stands = _newest({**cluster.words, subject: own_word(state)})
    if (stands.death in DEAD) == (state.death in DEAD):
        return []
    kind = RecordDeathNoted if stands.death in DEAD else RecordDeathRefuted
    by = stands.by or UNLINKED
    return [Fact(subject, kind(person=state.person, noted_at=later(now, state), by=by, of=record or subject, said_at=stands.said_at))]


def _newest(words: dict[str, Word]) -> tuple[str, Word]:
    """Whose word stands. Nobody's, where nobody said anything: then nobody died."""
    said = [(word.said_at, record) for record, word in words.items() if word.said_at]
    record = max(said)[1] if said else ""
    return record, words.get(record, Word())


class Told(Protocol):
    """What has heard of a death."""

    @property
    def death_noted_at(self) -> datetime | None: ...


def later(now: datetime, of: Told) -> datetime:
    """Now, and after the last word, so that whoever is told sees which is newer."""
    return max(now, of.death_noted_at + TICK) if of.death_noted_at else now


def of_record(record: Record) -> Iterator[Deadline]:
    """Whom a record has to tell at once: its person, and those that it left."""
    if record.news_at:
        yield from (Deadline(TELL, cluster_of(one), record.news_at) for one in dict.fromkeys((record.person, *record.left)))


def of_cluster(cluster: Cluster) -> Iterator[Deadline]:
    """Whom a person's news concern: every record, the one it is named by too."""
    yield from (Deadline(TELL, one, cluster.news_at) for one in dict.fromkeys((cluster.founder, *cluster.words)))


def evolve(state: Cluster | None, fact: Change) -> Cluster | None:
    """What is known of the records of a person."""
    if not isinstance(fact, ClusterLearned):
        return state
    words = {name: word for name, word in (state.words if state else {}).items() if name != fact.record}
    told = {} if fact.left else {fact.record: Word(death=fact.word, said_at=fact.said_at, by=fact.by, given=fact.given)}
    return Cluster(founder=fact.founder, words={**words, **told}, news_at=fact.noted_at)
