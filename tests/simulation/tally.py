"""Which faults a seed met, and which of them would have undone a naive implementation there."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

KINDS = {
    "crash with work in hand": "what it had in hand was decided again by another",
    "crash in a transaction": "its locks held up another writer, or were ended by a fence",
    "crash before publishing": "facts it had committed were published by another",
    "crash before offsets": "what it had settled was delivered again",
    "frozen past its session": "it went on with a batch that was no longer its own",
    "fenced in a transaction": "the transaction of a live process was ended by the next owner",
    "left or joined in mid-batch": "a lane had a batch in hand when its partitions were revoked",
    "drain too slow": "the batch went on after its partitions were another's",
    "conflict with another writer": "a transaction with rows was aborted whole",
    "transaction aborted": "a transaction with rows was aborted whole",
    "commit unknown, applied": "the facts stood already when it was decided again",
    "commit unknown, not applied": "its facts would have been lost",
    "database away": "a batch, command or sweep failed on it",
    "slow database": "another wrote the same rows or took the partitions meanwhile",
    "offsets ignored": "what was behind them was delivered again",
    "offsets' answer lost": "they stood although the commit failed",
    "not published": "facts were published by a later call",
    "published in part": "the rest was published by a later call",
    "publish's answer lost": "facts were published twice",
    "late duplicate": "an old fact arrived behind a newer one of its aggregate",
    "broker away": "a publication or an offset commit failed on it",
    "sender repeats itself": "the repetition was recognised",
    "stale fact heard": "an old fact came behind a newer one and was dropped",
    "message before its cause": "it was kept and decided later",
    "poison": "later messages of its aggregate were kept behind it",
    "refused by the database": "it had neighbours in its batch",
    "bad input": "it had good neighbours in its batch",
    "command repeated": "it was answered as before and not done again",
    "deadline raced": "a second sweep found it disarmed",
    "released twice": "a second release found a message settled already",
}
"""Kind of fault → when it mattered in a seed."""


@dataclass
class Tally:
    """Of one seed."""

    fired: set[str] = field(default_factory=set)
    mattered: set[str] = field(default_factory=set)

    def fire(self, kind: str, mattered: bool = False) -> None:
        assert kind in KINDS, kind
        self.fired.add(kind)
        if mattered:
            self.mattered.add(kind)


@dataclass
class Totals:
    """Of many seeds."""

    seeds: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    mattered: Counter[str] = field(default_factory=Counter)

    def add(self, fired: Iterable[str], mattered: Iterable[str]) -> None:
        self.seeds += 1
        self.fired.update(fired)
        self.mattered.update(mattered)

    def too_rare(self, share: float = 0.01) -> list[str]:
        """Kinds that mattered in fewer than this share of the seeds: the proof says nothing about them."""
        return [kind for kind in KINDS if self.mattered[kind] < share * self.seeds]

    def table(self) -> str:
        width = max(map(len, KINDS))
        lines = [f"{'fault':{width}}  fired  mattered: when"]
        for kind, when in KINDS.items():
            lines.append(f"{kind:{width}} {self._percent(self.fired[kind])}   {self._percent(self.mattered[kind])}: {when}")
        return "\n".join(lines)

    def _percent(self, count: int) -> str:
        return f"{100 * count / max(1, self.seeds):5.1f}%"
