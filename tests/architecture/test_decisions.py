"""A decision is found by its number, and has one of its own."""

import re
from collections import Counter
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"


def test_every_decision_has_a_number_of_its_own_and_says_what_would_make_us_revisit_it():
    names = [path.name for path in DECISIONS.glob("*.md")]
    assert [name for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)] == []
    assert [number for number, count in Counter(name[:4] for name in names).items() if count > 1] == []
    assert [name for name in names if "**Revisit when**" not in (DECISIONS / name).read_text()] == []
