"""Mobile crisis response (CCBHC 4.c): from the referral to a team until it is on scene, with the delay of its dispatch apart; and hours
from the contact to a face (the third I-SERV)."""

from collections.abc import Iterator
from datetime import datetime

from contracts.crisis_dispatch import FieldStatusReported, TeamConfirmed
from contracts.kernel import Change
from contracts.measures import Mean, Rate, mean_of

KINDS = ("episode",)


def response(said: list[tuple[str, Change]], as_of: datetime) -> Iterator[Rate | Mean]:
    """Every episode to which a team was referred, by the first team that is on scene."""
    limits = {subject: fact.on_scene_before for subject, fact in said if isinstance(fact, TeamConfirmed)}
    seen: dict[str, FieldStatusReported] = {}
    sent: dict[str, FieldStatusReported] = {}
    for subject, fact in said:
        if isinstance(fact, FieldStatusReported) and fact.status == "on-scene":
            seen[subject] = min(seen.get(subject, fact), fact, key=lambda one: one.reported_at)
        if isinstance(fact, FieldStatusReported) and fact.referred_at and fact.dispatched_at:
            sent.setdefault(subject, fact)
    met = tuple(subject for subject, fact in seen.items() if fact.in_time)
    open = tuple(subject for subject, limit in limits.items() if subject not in seen and limit > as_of)
    yield Rate("mobile-crisis-on-scene-in-time", met, tuple(one for one in limits if one not in (*met, *open)), open)
    yield _mean("mobile-crisis-dispatch-delay", "minutes", {s: (f.referred_at, f.dispatched_at) for s, f in sent.items()}, limits)
    yield _mean("mobile-crisis-response", "minutes", {s: (f.referred_at, f.reported_at) for s, f in seen.items()}, limits)
    yield _mean("I-SERV crisis", "hours", {s: (f.contacted_at, f.reported_at) for s, f in seen.items()}, limits)


def _mean(name: str, unit: str, spans: dict[str, tuple[datetime | None, datetime | None]], limits: dict[str, datetime]) -> Mean:
    seconds = 60 if unit == "minutes" else 3600
    lengths = {case: (end - begin).total_seconds() / seconds for case, (begin, end) in spans.items() if begin and end}
    left_out = tuple(case for case in limits if case not in lengths)
    return Mean(name, mean_of(list(lengths.values())), unit, tuple(lengths), left_out, "never on scene")  # type: ignore[arg-type]
