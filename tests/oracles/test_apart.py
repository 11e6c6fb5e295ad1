"""Oracles are worked out apart: they import nothing of ours that decides."""

from pathlib import Path

from tests.architecture.test_import_rules import imported
from tests.oracles import APART

HERE = Path(__file__).parent
OF_OURS = ("services", "infra", "contracts", "deploy")


def borrowed(source: str) -> list[str]:
    names = imported(source, "tests.oracles.one")
    return sorted(name for name in names if name.startswith(OF_OURS) or (name.startswith("tests.") and name.split(".")[2] not in APART))


def test_no_oracle_imports_what_it_checks():
    assert {name: borrowed((HERE / f"{name}.py").read_text("utf-8")) for name in APART} == {name: [] for name in APART}


def test_an_oracle_that_borrows_is_found():
    assert borrowed("from services.follow_up.engagement import signals") == ["services.follow_up.engagement.signals"]
    assert borrowed("from tests.follow_up.stories import Story") == ["tests.follow_up.stories.Story"]
