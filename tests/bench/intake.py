"""`intake` itself: its real process, fed with as many bytes and the same shape as the floor."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.engines import Engines
from tests.bench import floor, instances, plain
from tests.bench.events import Sent, floor_bytes, forget, new_partners, preload, referrals
from tests.bench.report import REACH, Line, skipped
from tests.bench.running import Result, measured, others, start_anew, told

PARTNERS = 6
"""As many one-partition topics as the floor's topic has partitions, so that three lanes have work all the time."""
TO_REACH = 0.6
INSTANCES = 3
SCALED = f"intake: {INSTANCES} lanes, pymongo, one in each of {INSTANCES} instances"


@dataclass(frozen=True)
class How:
    """How one run of the process is set, and what is looked at besides."""

    lanes: int = 3
    driver: str = "pymongo"
    batch: int = 500
    sample: bool = False
    profile: str = ""


def run(engines: Engines, events: Iterable[Sent], partners: list[str], how: How) -> Result:
    """One run: events preloaded, an empty database, a new process."""
    count, largest = preload(engines, events)
    about = {"service": "intake", "events": count, "others": others(engines), "sample": how.sample, "profile": how.profile}
    env = told(engines, "intake", lanes=str(how.lanes), mongo_driver=how.driver, batch_events_max=str(how.batch))
    try:
        return measured("tests.bench.probe", about, env, 60 + count / 100) | {"events": count, "record_bytes": largest}
    finally:
        forget(engines, partners)
        start_anew(engines, "intake")


def same_shape(engines: Engines, events: int, how: How) -> Result:
    """On the floor's shape and size."""
    partners = new_partners(engines, PARTNERS)
    return run(engines, referrals(partners, events, floor_bytes(events)), partners, how)


def rate(result: Result) -> float:
    return float(result["events"] / result["used"]["wall"])


def side_by_side(engines: Engines, sections: set[str], events: int, repeat: int, batch: int) -> list[Line]:
    """The floor, the plain handler and `intake` in turns: each repeat runs them all, one after the other."""
    taken: dict[str, list[float]] = {}
    results: dict[str, list[Result]] = {}
    stored: dict[str, list[float]] = {}
    missing = floor.absent()
    for _ in range(repeat):
        for lanes in (3, 1):
            if "floor" in sections and not missing:
                ran = floor.run(engines, events, lanes, batch)
                taken.setdefault(f"floor: {lanes} lanes", []).append(ran["events_per_second"])
                stored.setdefault(f"floor: {lanes} lanes, CPU of the database", []).append(ran["database_us"])
            for driver in ("pymongo", "motor") if "intake" in sections else ():
                found = same_shape(engines, events, How(lanes, driver, batch))
                results.setdefault(f"intake: {lanes} lanes, {driver}", []).append(found)
        if "intake" in sections:
            results.setdefault(SCALED, []).append(instances.run(engines, events, INSTANCES, batch))
    taken |= {name: [rate(found) for found in every] for name, every in results.items()}
    lines = [skipped("floor", missing)] if "floor" in sections and missing else []
    lines += _rates(taken) + [Line.of(name, values, "µs/event") for name, values in stored.items()]
    if "plain" in sections:
        lines += _plain(engines, min(2_000, events), lines)
    for name, every in results.items():
        lines += costs(name, every)
    if "intake" in sections:
        lines += by_step(same_shape(engines, events, How(batch=batch, sample=True)))
    return lines


def _rates(taken: dict[str, list[float]]) -> list[Line]:
    """Rates, each against the floor with as many lanes: by medians, and by pairs."""
    floors = {name: Line.of(name, values, "events/s") for name, values in taken.items() if name.startswith("floor")}
    lines = list(floors.values())
    for name, values in taken.items():
        if name in floors:
            continue
        reference = f"floor: {name.split()[1]} lanes"
        lines.append(Line.of(name, values, "events/s", floors.get(reference)))
        if reference in taken:
            pairs = [mine / theirs for mine, theirs in zip(values, taken[reference], strict=True)]
            paired = Line.of(f"{name}, share of the floor by pairs", pairs, "", None)
            lines.append(Line(paired.name, paired.value, "", f"{REACH} {TO_REACH} (3 lanes)", paired.value / TO_REACH, paired.range))
    return lines


def _plain(engines: Engines, events: int, lines: list[Line]) -> list[Line]:
    found = plain.run(engines, events)
    base = next((line for line in lines if line.name == "floor: 3 lanes"), None)
    return [Line.of(f"plain: FastStream handler, {events} events", [rate(found)], "events/s", base)]


def costs(name: str, every: list[Result]) -> list[Line]:
    """CPU per event by process, facts per event, size of a record, memory."""
    per = {
        who: [found["used"][who] * 1e6 / found["events"] for found in every]
        for who in ("own", "broker", "database")
        if who in every[0]["used"]
    }
    lines = [
        Line.of(f"{name}, CPU of {'the service' if who == 'own' else f'the {who}'}", values, "µs/event") for who, values in per.items()
    ]
    lines.append(Line.of(f"{name}, CPU of all three", [sum(each) for each in zip(*per.values(), strict=True)], "µs/event"))
    if "facts" in every[0]:
        lines.append(Line.of(f"{name}, facts", [found["facts"] / found["events"] for found in every], "facts/event"))
        lines.append(Line.of(f"{name}, events a batch", [found["events_a_batch"] for found in every], "events"))
        lines.append(Line.of(f"{name}, record (key, headers, value)", [found["record_bytes"] for found in every], "bytes"))
    lines.append(Line.of(f"{name}, maximum RSS", [found["rss_bytes"] / 2**20 for found in every], "MiB"))
    return lines


def by_step(found: Result) -> list[Line]:
    """The service's own CPU per event, shared out among the steps."""
    whole = found["used"]["own"] * 1e6 / found["events"]
    shares = sorted(found["shares"].items(), key=lambda one: -one[1])
    return [Line(f"intake: CPU by step, {step}", share * whole, "µs/event", "the service's own CPU", share) for step, share in shares]


def profile(engines: Engines, events: int, path: Path) -> None:
    """Where the functions spend their time: statistics for `python -m pstats`."""
    same_shape(engines, events, How(profile=str(path)))
