"""What stands between us and a partner, in words: the kind of agreement, until when, what it is about, who answers how fast. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.worklist import words
from services.worklist.rows import Row

STEPS = {"acknowledge": "we take it", "triage": "we decide on it", "information": "they answer what we ask"}


def agreement(said: Mapping[str, Any], now: datetime) -> Row:
    """`ends`: its last day in words, `soon`: told ahead and not renewed yet, `over`: nobody renewed it in time."""
    kind, soon = said.get("agreement", ""), said.get("status") == "agreement-expiring"
    over = said.get("status") == "agreement-ended"
    last = words.day(date.fromisoformat(said["ends_on"])) if said.get("ends_on") else ""
    ends = f"ended {last}" if over else f"ends {last}" if last else "no end" if kind and said.get("effective_on") else ""
    if soon and said.get("ends_at"):
        ends = f"{ends}, {words.due(said['ends_at'], now)}"
    times = ", ".join(f"{STEPS.get(step, words.plain(step))} within {within}" for step, within, _ in said.get("response_times", ()))
    return {
        "kind": words.plain(kind), "signed": kind == "signed", "ends": ends, "soon": soon, "over": over, "times": times,
        "since": words.day(date.fromisoformat(said["effective_on"])) if said.get("effective_on") else "",
        "scope": ", ".join(words.plain(one).lower() for one in said.get("scope", ())), "contacts": ", ".join(said.get("contacts", ())),
    }  # fmt: skip


def line(said: Mapping[str, Any], now: datetime) -> str:
    """On a referral that it governs."""
    told = agreement(said, now)
    return "; ".join(filter(None, (told["kind"], told["ends"], told["times"])))
