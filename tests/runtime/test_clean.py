"""What is known to be published: the version that was remembered and no other, for more aggregates than any cache of names held."""

from infra.clean import Clean


def test_one_version_is_known_and_none_before_or_after_it():
    clean = Clean()
    assert not clean.knows("account/1", 1)
    clean.remember("account/1", 2)
    assert [clean.knows("account/1", version) for version in (1, 2, 3)] == [False, True, False] and not clean.knows("account/2", 2)


def test_whoever_shares_a_place_is_forgotten_and_never_taken_for_the_other():
    clean = Clean(slots=1)
    clean.remember("account/1", 1)
    clean.remember("account/2", 1)
    assert clean.knows("account/2", 1) and not clean.knows("account/1", 1)


def test_a_hundred_thousand_are_mostly_remembered():
    clean, names = Clean(), [f"account/{n}" for n in range(100_000)]
    for name in names:
        clean.remember(name, 1)
    assert sum(clean.knows(name, 1) for name in names) > 85_000
