"""`throughline rules`: which clocks there are, and why an item is due when it is."""

import json
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Annotated, Any

import typer

from contracts.catalogue import SERVICES
from contracts.kernel import kind_of
from deploy import console, kept
from deploy.local.settings import LocalSettings
from infra.problems import Problem
from infra.rulefile import Rule
from infra.rules import Rulebook, Running
from infra.ruletext import explained, instant
from infra.store.mongo import MongoStore
from infra.working import parsed

app = typer.Typer(no_args_is_help=True)
REFERRAL = ("request", "placement", "care")
COLUMNS = ("service", "rule", "applies to", "limit", "calendar", "from", "source", "seen", "in force since")


@app.command("list")
def listed(
    service: Annotated[str | None, typer.Argument(help="Only this service's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Every rule of every service, with what lies over it. The more specific of two that apply wins."""
    kept.as_the_run(LocalSettings())
    found = [(name, rule) for name, book in books(service) for rule in book.rules]
    if as_json:
        print(json.dumps([{"service": name, "layer": rule.layer, **rule.model_dump(mode="json")} for name, rule in found]))
        return
    console.table(COLUMNS, [row(name, rule) for name, rule in found])
    console.say(f"{len(found)} rules")


def books(service: str | None) -> Iterator[tuple[str, Rulebook]]:
    """Raises TL-5808 for a service that has none."""
    with_rules = [name for name in SERVICES if find_spec(f"services.{name}") and find_spec(f"services.{name}.rules")]
    if service and service not in with_rules:
        raise Problem("TL-5808", "this service has no rules", fix=f"one of {', '.join(with_rules)}", where=service)
    for name in [service] if service else with_rules:
        yield name, import_module(f"services.{name}.rules").RULES


def row(service: str, rule: Rule) -> tuple[str, ...]:
    applies = "; ".join(f"{name}: {', '.join(values)}" for name, values in rule.applies_to.items())
    over = f" (over it: {rule.source})" if rule.layer else ""
    return (
        service, rule.id + over, applies, rule.limit, rule.calendar, rule.starts_at, rule.citation, rule.citation_status,
        rule.effective_from.isoformat(),
    )  # fmt: skip


@app.command()
def explain(item: Annotated[str, typer.Argument(help="referral/…, plan/…, episode/…: as the board and the log name it.")]) -> None:
    """The arithmetic of every clock that runs for an item, in words."""
    settings = LocalSettings()
    kept.as_the_run(settings)
    lines = [line for subject in subjects(item) for line in _of(subject, settings)]
    for line in lines or [f"no clock runs for {item}"]:
        console.say(line)


def subjects(item: str) -> list[str]:
    """A referral is up to three aggregates, each with its own clocks. Raises TL-5809 where nobody explains this kind."""
    rest = item.partition("/")[2]
    named = [f"{kind}/{rest}" for kind in REFERRAL] if kind_of(item) == "referral" else [item]
    known = explainers()
    if not rest or not all(kind_of(subject) in known for subject in named):
        raise Problem("TL-5809", "no clock of this kind of item can be explained", fix=f"one of referral, {', '.join(known)}", where=item)
    return named


@cache
def explainers() -> Mapping[str, tuple[str, ModuleType]]:
    """By kind of aggregate, the service that owns it and its module that makes clocks again."""
    with_one = [name for name in SERVICES if find_spec(f"services.{name}") and find_spec(f"services.{name}.explain")]
    modules = {name: import_module(f"services.{name}.explain") for name in with_one}
    return {kind: (name, module) for name, module in modules.items() for kind in module.KINDS}


def _of(subject: str, settings: LocalSettings) -> list[str]:
    service, module = explainers()[kind_of(subject)]
    wanted = (subject, *module.references(subject))

    async def states(store: MongoStore, _: Any) -> Mapping[str, Any]:
        spoken = import_module(f"services.{service}.app").SERVICE
        rows = await store.load(wanted)
        return {name: parsed(spoken, rows.get(name)) for name in wanted}

    known = kept.run(service, states, settings)
    return told(subject, module.running(known[subject], known)) if known[subject] is not None else []


def _arithmetic(one: Running, zone: tzinfo) -> list[str]:
    return explained(one.clock, zone, one.inside) if one.inside else explained(one.clock, zone)


def told(subject: str, running: Iterator[Running]) -> list[str]:
    """Clock after clock. One that the rules of today would set otherwise says so: what was recorded stands."""
    lines = []
    for one in running:
        zone = one.clock.hours.tzinfo if one.clock.hours else one.due.tzinfo
        assert zone
        lines += ["", f"{subject}, {one.action}: due {instant(one.due, zone)}", *(f"  {line}" for line in _arithmetic(one, zone))]
        if one.clock.due_at != one.due and one.ends_by:
            lines.append(f"  But {one.ends_by}, so it is due {instant(one.due, zone)}.")
        elif one.clock.due_at != one.due:
            lines.append("  It was set before by other rules, another need or earlier data; what was recorded stands.")
    return lines
