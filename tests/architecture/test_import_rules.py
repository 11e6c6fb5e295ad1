"""Who may import whom. Read from the source, so that nothing has to be started, and a file nobody imports counts too."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("contracts", "infra", "services", "deploy")
WHAT_INFRA_KNOWS = ("contracts.kernel", "contracts.upkeep")
IMPURE = {
    "infra", "deploy", "faststream", "aiokafka", "confluent_kafka", "pymongo", "motor", "bson", "starlette", "httpx2", "asyncio",
    "threading", "socket", "subprocess", "os", "pathlib", "time", "random", "secrets", "logging", "structlog", "opentelemetry",
}  # fmt: skip
"""What a decision may not reach: I/O, a clock, chance."""
VALUES = ("infra.rules", "infra.calendar", "infra.problems")
"""Of infra: rules and calendars, which are read once at start and are values from then on, and how they say that something is wrong."""


def imported(source: str, module: str, package: bool = False) -> set[str]:
    """Every name a module imports, in full; relative ones resolved."""
    return set(_imported(ast.parse(source), module.split(".") if package else module.split(".")[:-1]))


def _imported(tree: ast.AST, here: list[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def sources() -> dict[str, str]:
    """Our modules by dotted name; a package by its own name."""
    return {_dotted(path): path.read_text("utf-8") for top in OURS for path in sorted((ROOT / top).rglob("*.py"))}


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph() -> dict[str, set[str]]:
    texts = sources()
    return {module: imported(text, module, (ROOT.joinpath(*module.split(".")) / "__init__.py").exists()) for module, text in texts.items()}


def violations(graph: Mapping[str, set[str]]) -> list[str]:
    found = [f"{module} imports {name}: {rule}" for module, names in graph.items() for name in names if (rule := broken(module, name))]
    return sorted(found) + [
        f"{domain} reaches {' → '.join(chain)}: a decision is pure" for domain in domains(graph) for chain in impure(domain, graph)
    ]


def broken(module: str, name: str) -> str:
    """The rule that this import breaks, or nothing."""
    place, target = module.split("."), name.split(".")
    if place[0] == target[0] == "services" and len(target) > 1 and len(place) > 1 and place[1] != target[1]:
        return "services never import each other"
    if place[0] == "contracts" and target[0] in OURS and target[0] != "contracts":
        return "contracts know nothing of ours but themselves"
    if place[0] == "infra" and target[0] in ("services", "deploy"):
        return "infra knows no service"
    if place[0] == "infra" and target[0] == "contracts" and ".".join(target[:2]) not in WHAT_INFRA_KNOWS:
        return f"infra knows {' and '.join(WHAT_INFRA_KNOWS)} only"
    return ""


def domains(graph: Mapping[str, set[str]]) -> list[str]:
    return sorted(module for module in graph if module.startswith("services.") and module.split(".")[2:3] == ["domain"])


def impure(start: str, graph: Mapping[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Ways from a domain through modules of its service to something impure."""
    open_ways, seen = [(start,)], {start}
    while open_ways:
        way = open_ways.pop()
        for name in sorted(graph.get(way[-1], ())):
            if name.split(".")[0] in IMPURE and not name.startswith(VALUES):
                yield (*way[1:], name)
            inside = name if name in graph else name.rpartition(".")[0]
            if inside.startswith("services.") and inside in graph and inside not in seen:
                seen.add(inside)
                open_ways.append((*way, inside))


def test_every_import_follows_the_arrows():
    assert violations(graph()) == []


def test_our_own_modules_are_really_read():
    assert {"contracts.kernel", "contracts.catalogue", "infra.problems"} <= set(graph())
    assert "contracts.kernel.Change" in graph()["contracts.upkeep"]


def test_a_service_that_imports_another_is_found():
    assert "never import each other" in violations({"services.intake.app": {"services.worklist.domain"}})[0]
    assert violations({"services.intake.app": {"services.intake.domain", "infra.bus", "contracts.intake.EVENTS"}}) == []


def test_contracts_that_know_infra_are_found():
    assert "contracts know nothing" in violations({"contracts.intake": {"infra.envelope"}})[0]


def test_infra_that_knows_the_domain_or_a_service_is_found():
    assert "kernel and contracts.upkeep only" in violations({"infra.bus": {"contracts.catalogue.TOPICS"}})[0]
    assert "kernel and contracts.upkeep only" in violations({"infra.bus": {"contracts.intake"}})[0]
    assert "infra knows no service" in violations({"infra.bus": {"services.intake"}})[0]


def test_a_decision_that_reaches_the_database_through_a_neighbour_is_found():
    planted = {
        "services.intake.domain": {"services.intake.rules.LIMITS", "contracts.kernel"},
        "services.intake.rules": {"services.intake.store"},
        "services.intake.store": {"pymongo.AsyncMongoClient"},
    }
    assert violations(planted) == [
        "services.intake.domain reaches services.intake.rules → services.intake.store → pymongo.AsyncMongoClient: a decision is pure"
    ]


def test_a_decision_may_use_rules_and_calendars_which_are_values():
    assert violations({"services.intake.domain": {"infra.rules.book_of", "infra.calendar.Hours"}}) == []
    assert violations({"services.intake.domain": {"infra.clock.Clock"}}) != []


def test_imports_are_found_however_they_are_written():
    text = "import infra.bus as b\nfrom . import store\nfrom ..worklist import domain\nif True:\n    from contracts import intake"
    assert imported(text, "services.intake.app") == {"infra.bus", "services.intake.store", "services.worklist.domain", "contracts.intake"}
    assert imported("from .port import Store", "infra.store", package=True) == {"infra.store.port.Store"}
