"""Prior-authorization turnaround (42 CFR 438.210(d), CMS-0057-F), line by line: in the payer's time or not, and how long it took."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from contracts.authorization import AuthorizationEnded, AuthorizationSubmitted
from contracts.authorization_lines import LineApproved, LineCancelled, LineDenied, LineFact, LineNotRequired
from contracts.kernel import Change
from contracts.measures import Mean, Rate, mean_of

DECIDED = (LineApproved, LineDenied, LineNotRequired)
KINDS = ("authorization",)


def turnaround(said: list[tuple[str, Change]], as_of: datetime) -> Iterator[Rate | Mean]:
    """Expedited and standard apart. A line counts by its first decision; one that nobody decided is open until its time is over."""
    lines = _lines(said)
    for name, expedited in (("expedited", True), ("standard", False)):
        mine = {case: line for case, line in lines.items() if line["expedited"] is expedited and not line["withdrawn"]}
        met = tuple(case for case, line in mine.items() if line["decided"] and line["decided"] <= line["due"])
        open = tuple(case for case, line in mine.items() if not line["decided"] and line["due"] > as_of)
        yield Rate(f"prior-authorization-in-time {name}", met, tuple(case for case in mine if case not in (*met, *open)), open)
        decided = {case: line for case, line in mine.items() if line["decided"]}
        hours = [(line["decided"] - line["asked"]).total_seconds() / 3600 for line in decided.values()]
        left_out = tuple(case for case in mine if case not in decided)
        yield Mean(f"prior-authorization-turnaround {name}", mean_of(hours), "hours", tuple(decided), left_out, "not decided")


def _lines(said: list[tuple[str, Change]]) -> dict[str, dict[str, Any]]:
    """Every line that was put to a payer: since when the payer has it, by when it must decide, when it did."""
    found: dict[str, dict[str, Any]] = {}
    for subject, fact in said:
        if isinstance(fact, AuthorizationSubmitted):
            for line in fact.lines:
                new = {"expedited": fact.expedited, "decided": None, "withdrawn": False}
                found.setdefault(f"{subject} line {line.line}", new | {"asked": fact.received_at, "due": fact.received_at})
        for step in getattr(fact, "steps", ()):
            case = found.get(f"{subject} line {step.line}")
            if case and step.action == "await-decision" and not case["decided"]:
                case |= {"asked": step.starts_at, "due": step.due}
        if isinstance(fact, LineFact) and (case := found.get(f"{subject} line {fact.line}")) and not case["decided"]:
            case |= {"decided": fact.happened_at} if isinstance(fact, DECIDED) else {}
            case |= {"withdrawn": True} if isinstance(fact, LineCancelled) else {}
        if isinstance(fact, AuthorizationEnded):
            ours = [case for name, case in found.items() if name.startswith(f"{subject} ") and not case["decided"]]
            for case in ours:
                case["withdrawn"] = True
    return found
