"""The clocks of a crisis, made again by the rules as they are now: for whoever asks why something is due when it is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from infra.rules import Running
from services.crisis_routing.episode import Episode
from services.crisis_routing.rules import RULES

KINDS: tuple[str, ...] = ("episode",)


def references(subject: str) -> tuple[str, ...]:
    """Nothing else: whatever a step needs is in its episode."""
    return ()


def running(state: Episode, known: Mapping[str, Any]) -> Iterator[Running]:
    """The next step; every facility that is asked; the arrival that is awaited; a hand-over that is asked; contact after the crisis."""
    if state.owed and state.owed.counts_from:
        yield RULES.again(state.owed, setting=state.setting)
    for asked in state.waiting_on:
        if asked.asked_at:
            yield _running(f"answer of {asked.facility}", "answer-for-bed", asked.asked_at, asked.answer_before)
    if (handed := state.hand_over) and handed.asked_at:
        yield _running(f"answer of {handed.to}", "hand-over", handed.asked_at, handed.accept_before)


def _running(action: str, rule: str, start: datetime, due: datetime) -> Running:
    return Running(action, due, RULES.clock(rule, start, now=start))
