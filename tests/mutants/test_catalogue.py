"""The list of mistakes cannot rot."""

from collections import Counter

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.trial import ROOT, found


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_text_of_a_mutant_stands_exactly_once_and_still_compiles_when_it_is_changed(mutant: Mutant) -> None:
    assert found(mutant) == 1
    assert mutant.old != mutant.new
    compile((ROOT / mutant.file).read_text("utf-8").replace(mutant.old, mutant.new), mutant.file, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_killer_of_a_mutant_exists(mutant: Mutant) -> None:
    if not mutant.killer.startswith("seeds:"):
        file, _, name = mutant.killer.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text("utf-8")


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(MUTANTS) >= 25
    assert max(Counter(mutant.name for mutant in MUTANTS).values()) == 1
