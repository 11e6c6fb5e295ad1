"""The page of errors is the source's own list."""

import re
from pathlib import Path

from deploy.errors import PAGE, found, page, used_twice


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == page(), "run: python -m deploy.errors"


def test_every_code_in_the_source_is_listed():
    root = Path(__file__).parents[2]
    named = {code for place in ("infra", "services", "deploy") for path in (root / place).rglob("*.py")
             for code in re.findall(r"\bTL-\d{4}\b", path.read_text("utf-8"))}  # fmt: skip
    assert named - set(found()) <= {"TL-9999"}


def test_a_planted_code_is_found():
    import ast

    from deploy.errors import _said

    planted = ast.parse('raise Problem("TL-9999", "a pipe burst", fix="call somebody")')
    assert ("TL-9999", "a pipe burst", "call somebody") in list(_said(planted))


def test_no_code_is_used_for_two_things():
    assert used_twice() == set()
