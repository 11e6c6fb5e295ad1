"""One batch, decided in memory. No I/O here: what was loaded goes in, what one transaction must write comes out.

Deciding the same batch again gives the same facts: ids are derived from aggregate, cause and index, and whatever was already
heard is dropped by its watermark or its receipt.
"""

import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.kernel import Deadline, Decision, Early, Fact, Reason, Refused, Route, World, kind_of
from contracts.upkeep import AggregateReleased
from infra import keeping
from infra.breathing import breaths
from infra.service import Item, Outcome, Verdict
from infra.store import Receipt, ReceiptState
from infra.working import Working, holds_parked, waits

UNDECIDABLE = Reason("TL-4001", fix="an operator releases it when the cause is mended")
HELD_BACK = Reason("TL-4002", fix="the item is parked; ask its steward to release it")
WAITING = ("early", "parked", "quarantined")
"""Receipts that are kept until somebody settled them."""
ASKED_NOW = ("command", "errand")
"""Whoever brings these waits for the outcome: they are never kept for later."""
ENDED_AS: dict[str, ReceiptState] = {"command": "command", "upkeep": "discarded"}
REPAIRED_AT, OVERDUE_AT, RELEASED_AT, PARKED_AT, ANSWERED_AT = 60, 70, 80, 90, 100
AGAIN_AT = 1_000
"""Numbers of the runtime's own facts within a cause, above any that a decision gives; what may happen again is told apart by version."""


@dataclass(slots=True)
class Failure:
    """A decision that raised: its type and the frames of the stack, never the message (it may show a value)."""

    item: Item
    error: str
    frames: str


def failure(item: Item, error: Exception) -> Failure:
    frames = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__)))
    return Failure(item, type(error).__name__, frames)


@dataclass(slots=True)
class Batch:
    """Decides items one after the other. `poison` are items the database will never take: parked without being decided."""

    working: Working
    poison: frozenset[int] = frozenset()
    failures: list[Failure] = field(default_factory=list)

    async def decide(self, items: Sequence[Item]) -> list[Outcome]:
        outcomes = [self._settle(item) async for portion in breaths(items) for item in portion]
        self.working.set_due()
        return outcomes

    def _settle(self, item: Item) -> Outcome:
        route = self.working.loaded.routes[id(item)]
        held = self.working.held
        targets = (*route.writes, *(held[claim] for claim in route.claims if claim in held), *self._share(item))
        outcome = (
            self._again(item, (*targets, *route.references))
            or self._turned_away(item)
            or self._waits_behind(item, (*targets, *route.references))
            or self._stale(item)
        )
        return outcome or self._decided(item, targets, route)

    def _decided(self, item: Item, targets: Sequence[str], route: Route) -> Outcome:
        if item.kind == "heard" and not targets:
            return Outcome("nothing")
        if item.kind == "upkeep" and isinstance(item.message.data, AggregateReleased):
            return self._released(item)
        try:
            if id(item) in self.poison:
                raise ValueError
            decision = self._decision(item)
            if isinstance(decision, Early):
                if decision.waits_for not in (*targets, *route.references):
                    raise PermissionError(kind_of(decision.waits_for))
                return self._keep(item, decision.waits_for, "early")
            if isinstance(decision, Refused):
                return self._refused(item, decision, targets)
            return self._apply(item, decision, targets, route)
        except Exception as error:  # a poison message parks its aggregate, never the partition
            return self._failed(item, targets, error)

    def _decision(self, item: Item) -> Decision:
        """The service decides; what the steward did with a kept input is a fact already."""
        work, message = self.working, item.message
        if item.kind == "upkeep":
            return [Fact(message.subject, message.data)]
        return work.service.decide(message, World(work.states, work.held, work.blind, self._share(item)), work.now)

    def _share(self, item: Item) -> tuple[str, ...]:
        return self.working.loaded.shares.get(id(item), ())

    def _apply(self, item: Item, facts: Sequence[Fact], targets: Sequence[str], route: Route) -> Outcome:
        for fact in facts:
            if fact.subject not in targets:
                raise PermissionError(kind_of(fact.subject))
        work, before = self.working, len(self.working.said)
        basis = {subject: work.rows[subject].v for subject in route.references if subject in work.rows}
        work.say(item.message, facts, basis=basis)
        work.hear(item, targets)
        if item.kind == "deadline":
            work.spend(item)
        own = next((said for said in work.said[before:] if not said.fact.topic), None)
        if own:
            outcome = Outcome("event", own.fact.subject, own.sequence, work.rows[own.fact.subject].v)
        else:
            outcome = Outcome("event" if facts else "nothing")
        self._receive(item, ENDED_AS.get(item.kind, "event"), outcome)
        return outcome

    # — settled before, or not now

    def _again(self, item: Item, targets: Sequence[str]) -> Outcome | None:
        if item.kind == "deadline":
            return self._disarmed(item)
        receipt = self.working.receipt(item.receipt or item.message.id)
        if item.was:
            return None if receipt and receipt.state == item.was else Outcome("duplicate")
        if receipt:
            return Outcome("duplicate", answer=receipt.answer, fingerprint=receipt.entry)
        if item.message.sequence and any(self.working.heard(subject, item) for subject in targets):
            return Outcome("duplicate")
        return None

    def _disarmed(self, item: Item) -> Outcome | None:
        """A deadline that stands no more, or has fired, is nothing; looking at it again corrects the index that named it.

        Two processes may have found it before one of them fired it: who comes second, however late, fires nothing.
        """
        work, subject, passed = self.working, item.message.subject, item.message.data
        with suppress(Exception):  # what cannot be read has no clocks, until it can
            if Deadline(passed.name, passed.about, passed.at).id in work.armed(subject):
                return None
        if subject in work.rows:
            work.touch(subject)
        return Outcome("nothing", subject)

    def _stale(self, item: Item) -> Outcome | None:
        if item.message.expects is None:
            return None
        row = self.working.rows.get(item.message.subject)
        version = row.v if row else 0
        return None if version == item.message.expects else Outcome("stale", item.message.subject, version=version)

    def _waits_behind(self, item: Item, targets: Sequence[str]) -> Outcome | None:
        """A parked aggregate keeps every message but its deadlines; a source with a message that waits keeps its order."""
        work = self.working
        if item.kind in ("deadline", "upkeep"):
            return None
        if item.held_by:
            first = not waits(work.rows.get(item.held_by), item.source, before=work.loaded.receipts[item.receipt].order)
            return None if first else self._keep(item, item.held_by, "early")
        for subject in targets:
            row = work.rows.get(subject)
            if row and row.parked:
                self._answer(item, "quarantine", (HELD_BACK,))
                return self._keep(item, subject, "parked")
            if waits(row, item.source):
                return self._keep(item, subject, "early")
        return None

    def _keep(self, item: Item, subject: str, state: ReceiptState) -> Outcome:
        if item.kind in ASKED_NOW:
            return Outcome("refused", item.message.subject, reasons=(HELD_BACK,))
        work = self.working
        if item.was == "early" and state == "early":
            return self._still_early(item)
        row = work.touch(subject)
        order = row.v * 10_000 + len(work.kept)
        if item.held_by:
            order = work.loaded.receipts[item.receipt].order
        else:
            work.hear(item, (subject,))
            until = work.now + work.service.early_within
            work.waiting.setdefault(subject, min(row.due_at or until, until))
        if item.was != state:
            work.keep(replace(self._receipt(item, state), aggregate=item.held_by or subject, order=order, waits_for=subject), item)
        return Outcome("early" if state == "early" else "parked", subject)

    def _still_early(self, item: Item) -> Outcome:
        """Its cause has not come. When its time is over, somebody is told, once; it goes on waiting."""
        work, receipt = self.working, self.working.loaded.receipts[item.receipt]
        until = (receipt.received_at or work.now) + work.service.early_within
        row = work.touch(item.held_by)
        if until <= work.now and f"told {receipt.order} {item.source}" not in row.kept:  # the row's version is checked, a receipt's is not
            work.keep(replace(receipt, waits_for="", was="early"), item)
            overdue = keeping.overdue(work.service, item.held_by, item.origin, work.now)
            work.say(item.message, (overdue,), self._number(item, item.held_by, OVERDUE_AT))
        work.waiting[item.held_by] = until if until > work.now else None
        return Outcome("early", item.held_by)

    # — not taken

    def _turned_away(self, item: Item) -> Outcome | None:
        """The front door's verdict stands: a return, or a quarantine that one of us must look at; its sender is told."""
        if item.verdict == "event":
            return None
        return self._quarantine(item, item.reasons) if item.verdict == "quarantine" else self._return(item, item.reasons)

    def _refused(self, item: Item, refused: Refused, targets: Sequence[str]) -> Outcome:
        if item.kind == "outside":
            return self._return(item, refused.reasons)
        if item.kind == "heard":
            self.working.hear(item, targets, unborn=True)
            return self._quarantine(item, refused.reasons)
        if item.kind == "deadline":
            self.working.spend(item)
        return Outcome("refused", item.message.subject, reasons=refused.reasons, allowed=refused.allowed)

    def _return(self, item: Item, reasons: tuple[Reason, ...]) -> Outcome:
        self._answer(item, "return", reasons)
        self._receive(item, "returned", Outcome("refused"))
        return Outcome("refused", reasons=reasons)

    def _quarantine(self, item: Item, reasons: tuple[Reason, ...]) -> Outcome:
        fact = keeping.quarantined(self.working.service, item, reasons, self.working.now)
        self.working.say(item.message, (fact,), self._number(item, fact.subject, PARKED_AT))
        self._answer(item, "quarantine", reasons)
        self.working.keep(self._receipt(item, "quarantined"), item)
        return Outcome("quarantined", fact.subject, reasons=reasons)

    def _failed(self, item: Item, targets: Sequence[str], error: Exception) -> Outcome:
        self.failures.append(failure(item, error))
        if item.kind in ASKED_NOW:
            return Outcome("failed", item.message.subject)
        if not targets:
            return self._quarantine(item, (UNDECIDABLE,))
        return self._park(item, item.held_by or targets[0])

    def _park(self, item: Item, subject: str) -> Outcome:
        work = self.working
        row = work.touch(subject)
        if not row.parked:
            parked = keeping.parked(work.service, subject, item, UNDECIDABLE.code, work.now)
            work.say(item.message, (parked,), self._number(item, subject, PARKED_AT))
        row.parked = UNDECIDABLE.code
        if item.kind == "deadline":
            work.spend(item)
            return Outcome("parked", subject)
        if not item.was:
            self._answer(item, "quarantine", (UNDECIDABLE,))
        return self._keep(item, subject, "parked")

    def _released(self, item: Item) -> Outcome:
        """A parked aggregate is open again once nothing waits in it for a person; what waits for its cause is looked at now."""
        work, subject = self.working, item.message.subject
        row = work.rows.get(subject)
        if row is None or not row.parked:
            return Outcome("nothing", subject)
        if holds_parked(row):
            return Outcome("parked", subject)
        row = work.touch(subject)
        work.say(item.message, (Fact(subject, item.message.data),), self._number(item, subject, RELEASED_AT))
        row.parked, row.spent, work.waiting[subject] = None, (), work.now
        return Outcome("event", subject, row.seq[work.service.topic_of(subject)], row.v)

    def _answer(self, item: Item, verdict: Verdict, reasons: Sequence[Reason]) -> None:
        if item.kind == "outside":
            facts = self.working.service.answer(item.message, item.origin, item.reference, verdict, reasons)
            unborn = [replace(fact, subject=fact.subject or keeping.subject_of(item.receipt)) for fact in facts]
            self.working.say(item.message, unborn, self._number(item, keeping.subject_of(item.receipt), ANSWERED_AT))

    def _number(self, item: Item, subject: str, first: int) -> int:
        """A kept message may be kept or answered again, and an aggregate released again: each time is a fact of its own."""
        row = self.working.rows.get(subject)
        if row is None or not (item.was or item.kind == "upkeep"):
            return first
        version = row.v if subject in self.working.changed else row.v + 1
        return AGAIN_AT * version + first

    # — receipts

    def _receipt(self, item: Item, state: ReceiptState, answer: bytes = b"") -> Receipt:
        origin, entry, work = item.origin, item.message.fingerprint or item.origin.entry, self.working
        expires_at = None if state in WAITING else work.expires_at
        return Receipt(
            item.receipt or item.message.id, state, origin.topic, origin.partition, origin.offset, entry, answer,
            received_at=work.now, expires_at=expires_at, was=item.was,
        )  # fmt: skip

    def _receive(self, item: Item, state: ReceiptState, outcome: Outcome) -> None:
        """Inputs from outside, commands and kept messages have a receipt; what was heard has its watermark."""
        if item.receipt:
            answer = f"{outcome.subject} {outcome.sequence} {outcome.version}".encode()
            self.working.receipts[item.receipt] = self._receipt(item, state, answer)
            self.working.leave(item)
        if item.was and item.kind != "upkeep" and self._is_quarantined(item):
            repaired = keeping.repaired(item, state)
            self.working.say(item.message, (repaired,), self._number(item, repaired.subject, REPAIRED_AT))

    def _is_quarantined(self, item: Item) -> bool:
        """A repaired message may have waited once more before it was settled: its item stands open until then."""
        kept = self.working.states[keeping.subject_of(item.receipt)]
        return kept is not None and kept.status == "quarantined"


def summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many ended how, for the metrics."""
    counts: dict[str, Any] = {}
    for outcome in outcomes:
        counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
    return counts
