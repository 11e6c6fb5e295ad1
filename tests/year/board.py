"""Referrals as the worklist folds them: whatever is open has an owner and a clock, and only a person's word closes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.kernel import kind_of
from services.worklist.items import Sections, applied, summary
from services.worklist.projections import Heard, changes, item_of
from tests.year.network import Said


@dataclass
class Board:
    """`open` says of every referral whether anything is left to do."""

    open: dict[str, bool] = field(default_factory=dict)
    _items: dict[str, Sections] = field(default_factory=dict)

    def hears(self, said: Said) -> Iterator[str]:
        """What is wrong with the referral after this fact, in words."""
        item = item_of(said.subject)
        if not item.startswith("referral/"):
            return
        heard = Heard(said.topic, 0, 0, said.data.type, said.subject, said.sequence, f"{said.subject}-{said.sequence}", said.at, said.at,
                      data=said.data)  # fmt: skip
        self._items[item], _, _ = applied(self._items.get(item, {}), changes(heard))
        row = summary(item, self._items[item])
        self.open[item] = row["open"]
        if row["open"] and not (row["owner"] and row["due"]):
            yield f"{item} has no {'clock' if row['owner'] else 'owner'} after {said.data.type}"
        kinds = {kind_of(subject): section for topic in self._items[item].values() for subject, section in topic.items()}
        if not row["open"] and not kinds.get("request", {}).get("closed"):
            yield f"{item} is nobody's after {said.data.type}, and nobody closed it"
