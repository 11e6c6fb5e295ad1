"""The working copies of one batch: what was loaded, what it becomes, and what one transaction must write."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any

from contracts.kernel import Blind, Change, Deadline, Fact, Message, Route, derived, kind_of
from infra import keeping
from infra.partition import partition_of
from infra.service import Item, Service, no_errand, nobodys
from infra.store import Aggregate, Receipt


@dataclass(slots=True)
class Said:
    """A decided fact with its place: the row to be, once its personal values are sealed."""

    fact: Fact
    cause: Message
    id: str
    topic: str
    sequence: int
    key: str
    part: int


@dataclass(slots=True)
class Kept:
    """A message to be kept: its receipt still lacks the bytes."""

    receipt: Receipt
    item: Item


@dataclass(slots=True)
class Loaded:
    """What a batch is decided on. Routes are by the identity of their item."""

    aggregates: Mapping[str, Aggregate]
    held: Mapping[str, str]
    receipts: Mapping[str, Receipt]
    routes: Mapping[int, Route]
    sought: frozenset[str] = frozenset()
    """Aggregates and claims that were asked for, whether they are there or not."""
    shares: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """What was found of whom, by the identity of the item that asked."""

    def beside(self, more: "Loaded") -> "Loaded":
        """With what was loaded later; what is known already stands as it was. Routes and shares are of the later items alone: those
        before are decided, and Python gives their identities to others."""
        return Loaded(
            {**more.aggregates, **self.aggregates}, {**more.held, **self.held}, {**more.receipts, **self.receipts},
            more.routes, more.sought | self.sought, more.shares,
        )  # fmt: skip


class States(Mapping[str, Any]):
    """States by aggregate id, parsed when first asked for; None for what was never born."""

    def __init__(self, service: Service, rows: Mapping[str, Aggregate]) -> None:
        self._service, self._rows, self._known = service, rows, dict[str, Any]()

    def __getitem__(self, subject: str) -> Any:
        if subject not in self._known:
            self._known[subject] = parsed(self._service, self._rows.get(subject))
        return self._known[subject]

    def get(self, subject: str, default: Any = None) -> Any:
        return self[subject]

    def become(self, states: Mapping[str, Any]) -> None:
        self._known |= states

    def forget(self, subjects: Collection[str]) -> None:
        """These are loaded only now."""
        for subject in subjects:
            self._known.pop(subject, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def parsed(service: Service, row: Aggregate | None) -> Any:
    """The state of a stored aggregate; None when it was never born."""
    if row is None or row.state is None:
        return None
    kind = kind_of(row.id)
    return (keeping.KeptInput if kind == keeping.INPUT else service.states[kind]).model_validate_json(row.state)


def evolved(service: Service, subject: str, state: Any, fact: Change) -> Any:
    """What the aggregate becomes."""
    if keeping.about_upkeep(fact):
        return state
    return keeping.evolve(state, fact) if kind_of(subject) == keeping.INPUT else service.evolve(state, fact)


def said_type(service: Service, name: str) -> type[Change]:
    """The class of a fact of the service's own topic: its domain's, or the keeping's."""
    return keeping.SAID.get(name) or service.says[name]


@dataclass(slots=True)
class Working:
    """Copies that a batch changes. `changed`, `said`, `receipts`, `kept` and `claims` are what must be written."""

    service: Service
    loaded: Loaded
    now: datetime
    expires_at: datetime
    blind: Blind
    rows: dict[str, Aggregate] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    changed: dict[str, Aggregate] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, datetime | None] = field(default_factory=dict)
    """Until when an early message of this aggregate may wait; None when somebody was told already."""
    clocks: dict[str, tuple[Deadline, ...]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """Whose indexes are to be made anew."""
    became: set[str] = field(default_factory=set)
    """Whose state is another one now; facts about their keeping leave states as they are, readable or not."""
    states: States = field(init=False)

    def __post_init__(self) -> None:
        self.rows, self.held = dict(self.loaded.aggregates), dict(self.loaded.held)
        self.states = States(self.service, self.rows)

    def add(self, more: Loaded) -> None:
        """What was loaded later, for what follows within this batch."""
        new = more.aggregates.keys() - self.rows.keys()
        self.rows |= {subject: more.aggregates[subject] for subject in new}
        self.states.forget(new)
        self.held = {**more.held, **self.held}
        self.loaded = self.loaded.beside(more)

    def touch(self, subject: str, key: str = "") -> Aggregate:
        """The working copy of an aggregate, one version on; born here when it is not there yet."""
        self.touched.add(subject)
        if subject in self.changed:
            return self.changed[subject]
        old = self.rows.get(subject)
        row = old.copy() if old else born(subject, key or subject)
        row.v, row.sv = row.v + 1, max(row.sv, self.service.schema)
        self.changed[subject] = self.rows[subject] = row
        return row

    def become(self, facts: Sequence[Fact]) -> dict[str, Any]:
        """States after these facts. Nothing is changed yet: a fact that cannot be applied leaves no half of its decision."""
        after: dict[str, Any] = {}
        for fact in facts:
            if isinstance(fact.data, Change) and not keeping.about_upkeep(fact.data):
                before = after[fact.subject] if fact.subject in after else self.states[fact.subject]
                after[fact.subject] = evolved(self.service, fact.subject, before, fact.data)
        return after

    def say(self, cause: Message, facts: Sequence[Fact], first: int = 0, basis: dict[str, int] | None = None) -> None:
        """These facts happened, in this order; `first` numbers them within everything this cause led to."""
        facts = [self._claiming(fact, basis) for fact in facts]
        after = self.become(facts)
        clocks = {subject: self._clocks(subject, state) for subject, state in after.items()}
        for index, fact in enumerate(facts, first):
            row = self.touch(fact.subject, "" if fact.topic else fact.key)
            topic = fact.topic or self.service.topic_of(fact.subject)
            row.seq[topic] = sequence = row.seq.get(topic, 0) + 1
            key = (fact.key or row.key) if fact.topic else row.key
            identity = derived(fact.subject, cause.id, str(index))
            self.said.append(Said(fact, cause, identity, topic, sequence, key, row.part))
        self.states.become(after)
        self.became |= after.keys()
        self.clocks |= clocks

    def _claiming(self, fact: Fact, basis: dict[str, int] | None) -> Fact:
        """Take the fact's claims, and write them and the basis into it: a restored service must find both there."""
        if not (fact.claims or basis) or not isinstance(fact.data, Change):
            return fact
        if strange := [claim for claim in fact.claims if claim not in self.loaded.sought]:
            raise LookupError(f"{len(strange)} claims were taken and not routed: somebody may hold them")
        taken = {claim: fact.holder or fact.subject for claim in fact.claims if claim not in self.held}
        self.claims |= taken
        self.held |= taken
        return replace(fact, data=fact.data.model_copy(update={"basis": basis or None, "claims": taken or None}))

    def heard(self, subject: str, item: Item) -> bool:
        row = self.rows.get(subject)
        return row is not None and row.wm.get(item.source, 0) >= item.message.sequence

    def hear(self, item: Item, subjects: Sequence[str], unborn: bool = False) -> None:
        """Raise the watermark wherever this message was taken into account."""
        for subject in subjects if item.message.sequence else ():
            if (unborn or subject in self.rows) and not self.heard(subject, item):
                self.touch(subject).wm[item.source] = item.message.sequence

    def receipt(self, id: str) -> Receipt | None:
        """As this batch leaves it, or as it was loaded."""
        kept = self.kept.get(id)
        return self.receipts.get(id) or (kept.receipt if kept else self.loaded.receipts.get(id))

    def keep(self, receipt: Receipt, item: Item) -> None:
        """This message waits, in the place its receipt names; one that waited already changes its state only."""
        self.leave(item)
        self.kept[receipt.id] = Kept(receipt, item)
        if receipt.aggregate:
            row = self.touch(receipt.aggregate)
            row.kept = (*row.kept, _place(receipt, item))

    def leave(self, item: Item) -> None:
        """A kept message was settled: it waits no longer."""
        if item.held_by:
            row, order = self.touch(item.held_by), str(self.loaded.receipts[item.receipt].order)
            row.kept = tuple(place for place in row.kept if place.split(" ", 2)[1] != order)

    def deadlines(self, subject: str) -> tuple[Deadline, ...]:
        if subject not in self.clocks:
            self.clocks[subject] = self._clocks(subject, self.states[subject])
        return self.clocks[subject]

    def _clocks(self, subject: str, state: Any) -> tuple[Deadline, ...]:
        return () if state is None or kind_of(subject) == keeping.INPUT else tuple(self.service.deadlines(state))

    def spend(self, item: Item) -> None:
        """A deadline that fired and still stands does not fire again."""
        row, passed = self.touch(item.message.subject), item.message.data
        fired = Deadline(passed.name, passed.about, passed.at).id
        standing = {deadline.id for deadline in self.deadlines(item.message.subject)}
        row.spent = tuple(spent for spent in (*row.spent, fired) if spent in standing)

    def armed(self, subject: str) -> dict[str, datetime]:
        """Deadlines that stand and have not fired."""
        row = self.rows.get(subject)
        return {one.id: one.at for one in self.deadlines(subject) if row is None or one.id not in row.spent}

    def _instants(self, subject: str, row: Aggregate) -> list[datetime]:
        """Deadlines not yet fired. A state that this build cannot read is looked at again later, and stops nobody else."""
        try:
            return list(self.armed(subject).values())
        except Exception:
            return [self.now + self.service.early_within]

    def _set_errand(self, subject: str, row: Aggregate) -> None:
        """The index of the errand loop. A state that this build cannot read keeps the errand it had."""
        if self.service.errand is no_errand or kind_of(subject) == keeping.INPUT:
            return
        with suppress(Exception):
            state = self.states[subject]
            errand = None if state is None else self.service.errand(state)
            row.errand_at, row.lane = (errand.at, errand.lane) if errand else (None, row.lane)

    def _set_whose(self, subject: str, row: Aggregate) -> None:
        """The index of shares; it stays as it was where this build cannot read the state."""
        if self.service.whose is nobodys or kind_of(subject) == keeping.INPUT:
            return
        with suppress(Exception):
            state = self.states[subject]
            row.whose = ("" if state is None else self.service.whose(state)) or (None if row.whose is None else "")

    def set_due(self) -> None:
        """The index of the due loop: the earliest deadline not yet fired; at once when an early message may find its cause."""
        arrived = {said.fact.subject for said in self.said if not keeping.about_upkeep(said.fact.data)}
        while self.touched:
            row = self.changed[subject := self.touched.pop()]
            instants = self._instants(subject, row)
            if row.kept and not row.parked:
                wait = self.now if subject in arrived else self.waiting.get(subject, row.due_at)
                instants += [wait] if wait else []
            row.due_at = min(instants, default=None)
            self._set_errand(subject, row)
            self._set_whose(subject, row)

    def born_due(self) -> dict[str, list[Deadline]]:
        """By aggregate: deadlines that this batch made, and that have come already. What was due before is the due loop's."""
        rows = [row for row in self.changed.values() if row.due_at and row.due_at <= self.now and not row.parked and self._was_at_rest(row)]
        come = {row.id: [one for one in self.deadlines(row.id) if one.at <= self.now and one.id not in row.spent] for row in rows}
        return {subject: deadlines for subject, deadlines in come.items() if deadlines}

    def _was_at_rest(self, row: Aggregate) -> bool:
        old = self.loaded.aggregates.get(row.id)
        return old is None or old.due_at is None or old.due_at > self.now


def _place(receipt: Receipt, item: Item) -> str:
    """How an aggregate names a message it keeps: state (`told` when somebody was told that it is overdue), order, source."""
    return f"{receipt.state if receipt.waits_for else 'told'} {receipt.order} {item.source}"


def waits(row: Aggregate | None, source: str, before: float = inf) -> bool:
    """Whether a message of this source is kept here, in front of this place."""
    if row is None or not row.kept:
        return False
    kept = (place.split(" ", 2) for place in row.kept)
    return any(named == source and int(order) < before for _, order, named in kept)


def holds_parked(row: Aggregate) -> bool:
    """Whether messages wait here for a person, and not only for their cause."""
    return any(place.startswith("parked ") for place in row.kept)


def born(subject: str, key: str) -> Aggregate:
    """An aggregate that is not stored yet: its key and partition are fixed from here on."""
    return Aggregate(subject, key=key, part=partition_of(key))
