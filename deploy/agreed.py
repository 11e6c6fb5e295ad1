"""Rules out of agreements: the response times of the network file, as a file of rules laid over those of the front door."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from deploy.network import Answering, Network, Partner
from infra.ruledirs import CALENDAR
from infra.rulefile import BUSINESS, Rule, read

SERVICE = "intake"
ASKED_OF = {"information": {"of": ["sender"]}}
"""A partner answers for itself alone: what the client is asked keeps our own time."""


def lay(network: Network, directory: Path) -> list[str]:
    """What the network file says of clocks, as a directory of rules: its hours, and its agreements' response times."""
    rules = list(agreed(network))
    written = {CALENDAR: yaml.safe_dump(network.calendar()), f"{SERVICE}.yaml": yaml.safe_dump(rules, sort_keys=False)}
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        whole = directory / f".{name}.new"
        whole.write_text(text, "utf-8")
        whole.replace(directory / name)  # whole at once: a service may be reading it
    return [rule["rule"] for rule in rules]


def agreed(network: Network) -> Iterator[dict[str, Any]]:
    """A rule for each response time: ours of that step, with the agreement's length, for that partner alone."""
    ours = {rule.rule: rule for rule in read(Path(str(files(f"services.{SERVICE}") / "rules.yaml"))) if not rule.applies_to}
    for partner in network.partners:
        for one in partner.agreement.response_times:
            yield _rule(partner, one, ours[one.step])


def _rule(partner: Partner, one: Answering, ours: Rule) -> dict[str, Any]:
    kept = ours.model_dump(mode="json", include={"starts_at", "ends_when", "warn_at", "escalates"} | ({"share"} if ours.share else set()))
    until = {"effective_until": partner.agreement.ends_on.isoformat()} if partner.agreement.ends_on else {}
    return {
        "rule": one.step, "version": _version(partner.id, one), "effective_from": partner.agreement.effective_on.isoformat(), **until,
        "applies_to": {"partner": [partner.id], "urgency": list(one.urgencies), **ASKED_OF.get(one.step, {})},
        "limit": str(one.within), "calendar": ours.calendar if one.within.unit in BUSINESS else "absolute", **kept,
        "citation": f"agreement with {partner.name}", "citation_status": "read",
    }  # fmt: skip


def _version(partner: str, one: Answering) -> int:
    """A number of its own: a rule is cited by name and version, wherever it stands in the file."""
    return 100_000 + crc32("/".join((partner, one.step, one.within, *one.urgencies)).encode()) % 900_000
