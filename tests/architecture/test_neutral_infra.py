"""`infra` is how we say it, never what: no noun of the domain in its names, comments, docstrings or texts."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOUNS = {
    "referral", "patient", "placement", "program", "appointment", "episode", "caseload", "clinician", "crisis", "triage", "payer",
    "authorisation", "diagnosis", "therapy", "therapist", "hospital", "clinic", "facility", "bed", "roster", "waitlist", "discharge",
    "enrollment", "dropout", "guardian", "medication", "intake", "worklist", "followup", "behavioral", "health-care",
}  # fmt: skip
"""Not listed, being plain or technical words too: person, client, partner, consent, assignment, authorization, plan, referrer."""
EXCEPTIONS: dict[tuple[str, str], str] = {}
"""(file, word) → why it is no noun of the domain there."""


def words(text: str) -> set[str]:
    """The words of a text or an identifier, in the singular: `crisisTeams`, `crisis_teams` and `crisis teams` are the same two."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)
    plain = {part.lower() for part in parts}
    return plain | {word[:-1] for word in plain if word.endswith("s")} | {f"{word[:-3]}y" for word in plain if word.endswith("ies")}


def spoken(source: str) -> dict[str, int]:
    """Nouns of the domain in a module, each with the line it is first in."""
    found: dict[str, int] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT, tokenize.STRING):
            for noun in words(token.string) & NOUNS:
                found.setdefault(noun, token.start[0])
    return found


FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "infra").rglob("*.py"))]


@pytest.mark.parametrize("file", FILES)
def test_a_module_of_infra_speaks_no_domain_noun(file):
    found = spoken((ROOT / file).read_text("utf-8"))
    assert {f"{file}:{line} says {noun}" for noun, line in found.items() if (file, noun) not in EXCEPTIONS} == set()


def test_every_exception_is_still_needed():
    assert all(noun in spoken((ROOT / file).read_text("utf-8")) for file, noun in EXCEPTIONS)


def test_a_planted_noun_is_found_wherever_it_hides():
    for planted in (
        "def open_referrals(): ...", "class ReferralStore: ...", "x = 1  # for a referral", '"""Keeps referrals."""',
        'topic = "referral-events"',
    ):  # fmt: skip
        assert spoken(planted) == {"referral": 1}, planted


def test_technical_words_pass():
    assert spoken("client = connect()  # the partition assignment of this consumer, authorization by ACL; programmatic") == {}
