"""What holds of a death among the records of one person, however they are linked and unlinked, whoever says or takes back what, and in
whatever order what is due at once comes to be decided."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.kernel import Actor, DeadlinePassed, Personal
from contracts.partners import DeathTold, Identifier, PersonDetails, ReferralRequested
from services.intake import commands, domain, routing
from services.intake.records import DEAD, Named
from tests.intake.lives import NINE, Life, blind

PARTNERS = ("oakfield", "pinewood", "elmhurst")
NETWORK = Identifier(system="urn:network:person", value=Personal("n-1"))
MINUTE = timedelta(minutes=1)
Word = tuple[datetime, bool]


def details(partner: str, linked: bool = False) -> PersonDetails:
    own = Identifier(system="urn:example:mrn", value=Personal(f"m-{partner}"))
    return PersonDetails(identifiers=(own, NETWORK) if linked else (own,))


def record_of(partner: str) -> str:
    return Named(partner, details(partner), "", blind).record


@dataclass
class Cluster(Life):
    """Somebody known to three partners; `words` is a count of our own: what each record's own people said last."""

    words: dict[str, Word] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    asked: int = 0

    def tells(self, partner: str, event: Any) -> None:
        self._take(event, "", Actor("system", partner), f"partner-in-{partner}")

    def refers(self, partner: str, linked: bool) -> None:
        self.asked += 1
        number = f"{partner}-{self.asked}"
        self.tells(partner, ReferralRequested(reference=number, requested_at=NINE, person=details(partner, linked), service="therapy"))

    def dies(self, partner: str) -> None:
        """A partner says so; a partner that said so before says nothing new."""
        record = record_of(partner)
        if partner not in self.repeated and not self.words.get(record, (NINE, False))[1]:
            self.words[record] = self.now, True
        self.repeated.add(partner)
        self.tells(partner, DeathTold(reference="D-1", person=details(partner)))

    def decides_of(self, partner: str, command: Any) -> None:
        record = record_of(partner)
        if self._take(command, record, Actor("user", "staff/ana")) and not isinstance(command, commands.UnlinkRecord):
            self.words[record] = self.now, isinstance(command, commands.ReportDeath)

    def settles(self, seed: int) -> None:
        """All that is due at once, in some order, twice over."""
        dice = random.Random(seed)
        self.now += MINUTE
        while due := [(about, one) for about, one in self._standing() if one.name in routing.TELLS and one.at <= self.now]:
            about, first = dice.choice(due)
            self.now += timedelta(milliseconds=1)
            for _ in (1, 2):
                self._take(DeadlinePassed(name=first.name, about=first.about, at=first.at), about, Actor(), spends=first.id)

    def stands(self, record: str) -> bool:
        """By the newest word among the records of the same person."""
        person = self.states[record].person
        of = [one for one, state in self.states.items() if one.startswith("record/") and state.person == person]
        said = [self.words[one] for one in of if one in self.words]
        return max(said)[1] if said else False


PARTNER = st.sampled_from(PARTNERS)
STEP = st.one_of(
    st.tuples(st.just("refers"), PARTNER, st.booleans()), st.tuples(st.just("dies"), PARTNER),
    st.tuples(st.just("says"), PARTNER, st.sampled_from([commands.ReportDeath(), commands.RefuteDeath(), commands.UnlinkRecord()])),
    st.tuples(st.just("settles"), st.integers(0, 99)),
)  # fmt: skip
LIVES = st.lists(STEP, max_size=14).map(lambda rest: [("refers", PARTNERS[0], True), ("refers", PARTNERS[1], True), *rest])


def lived(steps: Any) -> Cluster:
    life = Cluster()
    for what, *how in steps:
        life.now += MINUTE
        {"refers": life.refers, "dies": life.dies, "says": life.decides_of, "settles": life.settles}[what](*how)
    return life


@settings(max_examples=150, deadline=None)
@whatever(LIVES, st.integers(0, 99))
def test_the_newest_word_among_a_persons_records_stands_for_all_of_them_and_all_their_requests(steps, seed):
    life = lived(steps)
    life.settles(seed)
    for subject, state in life.states.items():
        if subject.startswith("record/"):
            assert (state.death in DEAD) == life.stands(subject), (subject, state.death, life.words)
        if subject.startswith("request/") and state.is_open:
            assert bool(state.dead_since) == (life.states[state.record].death in DEAD)


@settings(max_examples=60, deadline=None)
@whatever(LIVES, st.integers(0, 99), st.integers(0, 99))
def test_it_settles_the_same_in_whatever_order(steps, one, other):
    ends = []
    for seed in (one, other):
        life = lived(steps)
        life.settles(seed)
        ends.append({name: state.death in DEAD for name, state in life.states.items() if name.startswith("record/")})
    assert ends[0] == ends[1]


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_clusters_and_records_are_the_fold_of_their_facts(steps):
    life = lived(steps)
    for subject, state in life.states.items():
        folded: Any = None
        for fact in life.facts:
            if fact.subject == subject and not fact.topic:
                folded = domain.evolve(folded, fact.data)  # type: ignore[arg-type]
        assert folded == state
