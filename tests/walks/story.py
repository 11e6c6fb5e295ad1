"""A walk as it is told: each step says what happened, who was told, and who owes what by when.

Every word comes from what the system answered (the item's row and timeline on the worklist, the answers on a partner's topic); the walk
says what must be among it, and stops where it is not so.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.kernel import kind_of
from contracts.needs import RequestStatusPassedOn
from services.worklist.rows import Row
from tests.walks.doors import Answer, Partner, Person, Told, eventually
from tests.walks.world import World

TOLD_BESIDE = (RequestStatusPassedOn.type,)
"""Each sender's own line says that it is told."""
NOISE = ("alert", "notice", "recipient")
"""That somebody was reminded is told where a walk is about it."""


@dataclass
class Story:
    """One walk. `eyes` looks at the board for the reader."""

    world: World
    eyes: Person
    title: str
    about: str
    lines: list[str] = field(default_factory=list)
    _told: set[tuple[str, str, int]] = field(default_factory=set)

    def step(
        self, item: str, what: str | Sequence[str] = (), *, owner: str | Sequence[str] = (), action: str | None = None,
        waiting_on: str | None = None, late: bool = False, told: Sequence[tuple[Partner, Told]] = (),
    ) -> Row:  # fmt: skip
        """Wait until the board says so: `what` happened, and who (of these) owes which next step, waiting on whom. Then tell it."""
        wanted = [what] if isinstance(what, str) else list(what)
        owners = [owner] if isinstance(owner, str) else list(owner)
        expected = {"action": action, "waiting_on": waiting_on, "late": late}

        def so(seen: tuple[Row, list[Row]]) -> bool:
            row, news = seen
            stands = all(self.spoken(row[name]) == value for name, value in expected.items()) and self.spoken(row["owner"]) in owners
            stands = stands if row["open"] else not owners
            return stands and all(any(part in self.spoken(one["what"]) for one in news) for part in wanted)

        def shown(seen: tuple[Row, list[Row]]) -> str:
            return f"{' | '.join(self._one(one) for one in seen[1])} | {self._next(seen[0])}"

        row, news = eventually(lambda: (self.eyes.item(item), self._news(item)), so, f"{wanted} {owners} {expected}", shown)
        self._told |= {_place(one) for one in news}
        happened = ". ".join(dict.fromkeys(self._one(one) for one in news))
        self._write(happened, *(f"{partner.name} is told: {in_words(said, partner.called)}" for partner, said in told), self._next(row))
        return row

    def moment(self, item: str, what: str) -> datetime:
        """When something that was told became known."""
        events = self.eyes.get(f"/v1/items/{item}/timeline")["events"]
        return min(datetime.fromisoformat(one["recorded"]) for one in events if one["what"] == what)

    def known(self, *items: str) -> None:
        """What happened before the story begins is not told in it."""
        for item in items:
            self._told |= {_place(one) for one in self._news(item)}

    def refused(self, who: Person, answer: Answer, fix: str) -> None:
        """Somebody was not let, and told what to do instead."""
        fixes = [one["fix"] for one in answer.body["errors"]]
        assert fix in fixes, f"{fix} is not in {fixes}"
        self._write(f"{who.name} is not let do that yet: {'; '.join(fixes)}")

    def note(self, *sentences: str) -> None:
        """Something that was seen elsewhere: sentences made of what was answered there."""
        self._write(*sentences)

    def spoken(self, words: Any) -> Any:
        """With people by their names, and instants by the clock on their wall."""
        if not isinstance(words, str):
            return words
        named = re.sub(r"\bStaff \d+\b", lambda found: self.world.names.get(found[0], found[0]), words)
        return re.sub(INSTANT, lambda found: clock_of(self.world.local(datetime.fromisoformat(found[0]))), named)

    @property
    def text(self) -> str:
        return "\n".join((f"## {self.title}", "", self.about, "", *self.lines, ""))

    def _news(self, item: str) -> list[Row]:
        """What happened to it that was not told yet, in the order in which it became known."""
        found = self.eyes.get(f"/v1/items/{item}/timeline")
        events = [
            one for one in (found["events"] if found else ()) if kind_of(one["subject"]) not in NOISE and one["type"] not in TOLD_BESIDE
        ]
        return sorted((one for one in events if _place(one) not in self._told), key=lambda one: (one["recorded"], one["sequence"]))

    def _one(self, event: Row) -> str:
        """With whoever did it, where somebody did: what follows by itself is told without."""
        came_in = event["cause"].get("topic", "").startswith(("partner-in-", "http:"))
        by = self.spoken(event["actor"]) if came_in else ""
        return f"{by}: {_lower(self.spoken(event['what']))}" if by else self.spoken(event["what"])

    def _next(self, row: Row) -> str:
        if not row["open"]:
            return f"It is over: {_lower(row['status'] or '')}"
        waits = f", waiting on {self.spoken(row['waiting_on'])}" if row["waiting_on"] else ""
        return f"Next: {self.spoken(row['owner'])} must {_lower(row['action'])}{waits}, {row['due_in_words']}"

    def _write(self, *sentences: str) -> None:
        when = self.world.local(self.world.now)
        self.lines.append(f"- **{day_of(when)}** {'. '.join(one.rstrip('.') for one in sentences if one)}.")


def _place(event: Row) -> tuple[str, str, int]:
    return event["topic"], event["subject"], event["sequence"]


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def day_of(when: datetime) -> str:
    return f"{clock_of(when)}."


def clock_of(when: datetime) -> str:
    return f"{when:%A} {when.day} {when:%B}, {when:%H:%M}"


TASKS = {
    "received": "it is received", "in-progress": "it is in progress", "accepted": "a program accepted", "on-hold": "it is on hold",
    "completed": "it is completed", "failed": "it failed", "cancelled": "it is cancelled here", "entered-in-error": "it was an error",
}  # fmt: skip
"""FHIR's states of a Task, as somebody reads them."""


def in_words(said: Told, called: Callable[[str], str]) -> str:
    """What a partner's own staff would read of an answer."""
    reason = f", because: {said.data['reason'].replace('-', ' ')}" if said.data.get("reason") else ""
    match said.kind.split(".")[1]:
        case "received":
            return {"event": "a machine has it", "duplicate": "we have this one already"}[said.data["outcome"]]
        case "acknowledged":
            return "a person has taken it"
        case "returned":
            return f"it is given back: {'; '.join(one['fix'] for one in said.data['issues'])}"
        case "information-requested":
            return f"we need {', '.join(one.replace('-', ' ') for one in said.data['items'])}"
    to = f", and {called(said.data['to'])} has it now" if said.data.get("to") else ""
    return f"{TASKS[said.data['task_status']]}{reason}{to}"


INSTANT = r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?"
CODES = {
    "an instant": INSTANT,
    "an identifier": r"\b[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-|\b[a-z]+/[A-Za-z0-9_-]+|\b[A-Za-z0-9_-]{22,}\b",
    "a code of an error": r"\bTL-\d+",
    "the type of an event": r"\b[a-z-]+\.[a-z-]+\b",
    "a name of a program": r"\b[a-z]+_[a-z_]+\b",
    "the status of an answer": r"(?<![\w-])[45]\d\d(?![\w-])",
}
"""What nobody reads aloud."""


def codes_in(text: str, known: Sequence[str]) -> Iterator[str]:
    """Where a story is not plain: something of `CODES`, or a code of ours (`known`) as it is written in programs."""
    for what, pattern in CODES.items():
        yield from (f"{what}: {found[0]}" for found in re.finditer(pattern, text))
    yield from (f"a rule's or command's name: {code}" for code in known if re.search(rf"(?<![\w-]){re.escape(code)}(?![\w-])", text))
