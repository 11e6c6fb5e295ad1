"""A service's pure decisions, message by message: what the runtime does with one, without the runtime."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from contracts.kernel import LONG_AGO, SHARE_MAX, Change, Early, Fact, Message, Refused, Route, World, unblinded
from contracts.lateness import Calling
from infra.rules import Rulebook


@dataclass
class Deciding:
    """States by aggregate, holders by claim, the facts said so far, messages kept for their cause. `refused` is the last refusal."""

    domain: ClassVar[Any]
    blind: ClassVar[Callable[..., str]] = staticmethod(unblinded)

    now: datetime = LONG_AGO
    states: dict[str, Any] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    kept: list[Message] = field(default_factory=list)
    refused: Refused | None = None
    turns: int = 0

    def decides(self, message: Message) -> list[Change]:
        """Decide as the runtime does: on what the route names and nothing else; only what it writes may change."""
        route = self.domain.route(message, self.blind)
        held = {claim: self.held[claim] for claim in route.claims if claim in self.held}
        share = self._share(route)
        writes = {*route.writes, *held.values(), *share}
        seen = World({name: self.states.get(name) for name in (*writes, *route.references)}, held, self.blind, share)
        decision = self.domain.decide(message, seen, self.now)
        assert decision == self.domain.decide(message, seen, self.now)
        self.refused = decision if isinstance(decision, Refused) else None
        if isinstance(decision, Early):
            assert decision.waits_for in (*writes, *route.references)
            self.kept.append(message)
        if isinstance(decision, Refused | Early):
            return []
        assert {fact.subject for fact in decision} <= writes
        for fact in decision:
            self.facts.append(fact)
            self._says_its_ladder(fact)
            if fact.topic:  # an answer to somebody outside: it changes nothing of ours
                continue
            assert isinstance(fact.data, Change) and set(fact.claims) <= set(route.claims)
            self.states[fact.subject] = self.becomes(fact)
            self.held = dict.fromkeys(fact.claims, fact.holder or fact.subject) | self.held  # whoever holds one keeps it
        return [fact.data for fact in decision if isinstance(fact.data, Change)]

    def _says_its_ladder(self, fact: Fact) -> None:
        """Lateness has called whom its rule names, and nobody else (law 8)."""
        if isinstance(fact.data, Calling):
            rule = rule_of(fact.data)
            assert fact.data.escalates == rules_of(self.domain).ladder(rule), f"{fact.data.type} does not follow {rule}"

    def _share(self, route: Route) -> tuple[str, ...]:
        if (of := route.share) is None:
            return ()
        found = sorted(name for name, state in self.states.items() if name > of.after and self.domain.whose(state) == of.whose)
        return tuple(found[:SHARE_MAX])

    def becomes(self, fact: Fact) -> Any:
        """The aggregate after this fact."""
        return as_stored(self.domain.evolve(self.states.get(fact.subject), fact.data))


def rule_of(late: Calling) -> str | None:
    """The rule that is late, or that says by when what is called for must be done."""
    return getattr(late, "rule", None) or (late.next.rule if late.next else None)


def rules_of(domain: ModuleType) -> Rulebook:
    """The book of the service that decides so."""
    book: Rulebook = import_module(f"{domain.__package__}.rules").RULES
    return book


def as_stored(value: Any) -> Any:
    """The same value, read back from what is written of it."""
    read = type(value).model_validate_json(value.model_dump_json(exclude_none=True))
    assert read == value
    return read
