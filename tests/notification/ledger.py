"""The ledger: what was said on the wire and what mail servers took, judged by somebody who knows nothing of the service but its contracts.

Pure: records of `notification-events` as they lie in the log, and messages as the mail server has them, go in; findings come out.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol

from tests.chaos.history import Finding, History
from tests.notification.hours import at, right

NOTICE = re.compile(r"<([0-9a-f-]{36})@")
ENDED = ("notice.sent.v1", "notice.delivered.v1", "notice.withdrawn.v1")
Level = tuple[str, str, str, int]
"""What an alert means: item, rule, milestone, level."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One lateness that the network told. `done`: whether it also told that it was done."""

    item: str
    rule: str
    severity: str
    said_at: datetime
    done: bool = True


class Mail(Protocol):
    """One message as one recipient has it, under its name; `links` are items and alerts in it, `bodies` digests of what came."""

    times: int
    bodies: set[str]

    @property
    def links(self) -> Sequence[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Said:
    subject: str
    sequence: int
    type: str
    data: Mapping[str, Any]


@dataclass
class Notice:
    """One message to one person, from its facts."""

    to: str
    entries: tuple[str, ...]
    kind: str
    went: list[tuple[str, str]] = field(default_factory=list)
    """Type and channel of everything that ended it or an attempt."""
    standing: tuple[str, ...] = ()
    state: str = "notice.queued.v1"

    @property
    def over(self) -> bool:
        return self.state in ENDED or self.state == "failed"


@dataclass
class Ledger(History):
    """`History` sees to the order, the gaps and the doubles of what was said, and to personal values in it; here is what it means."""

    facts: list[Said] = field(default_factory=list)
    raised: dict[Level, list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    meaning: dict[str, Level] = field(default_factory=dict)
    alerts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    first: dict[tuple[str, str], Level] = field(default_factory=dict)
    ladder: dict[tuple[str, str, str], list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    acted: set[str] = field(default_factory=set)
    abandoned: dict[str, int | None] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    bounced: Counter[str] = field(default_factory=Counter)

    def _effect(self, topic: str, named: dict[str, str], data: dict[str, Any]) -> None:
        said = Said(named["ce_subject"], int(named["ce_sequence"]), named["ce_type"], data)
        self.facts.append(said)
        kind, _, what = said.type.removesuffix(".v1").partition(".")
        match kind:
            case "alert":
                self._alert(said, what)
            case "notice":
                self._notice(said, what)
            case "recipient" if what == "held":
                self.held[data["why"]] += 1
            case "recipient" if what == "bounced":
                self.bounced[said.subject] += 1
            case "aggregate" | "input" | "message":
                self._find("wrong", f"{said.type} of {said.subject}")

    def _alert(self, said: Said, what: str) -> None:
        data = said.data
        match what:
            case "raised":
                level = data["item"], data["rule"], data["milestone"], data["level"]
                self._raised(level, data)
            case "acted" | "stopped":
                self.acted.update(data["alerts"])
            case "abandoned":
                self.abandoned[data["alert"]] = data.get("next_level")

    def _raised(self, level: Level, data: Mapping[str, Any]) -> None:
        if (known := self.meaning.setdefault(data["alert"], level)) != level:
            self._find("doubled", f"one id for {known} and {level}")
        if before := self.ladder[level[:3]]:
            last = before[-1]
            if last["alert"] in self.acted:
                self._find("wrong", f"{level} was raised after it had been acted on")
            elif self.abandoned.get(last["alert"]) != data["level"]:
                self._find("wrong", f"{level} was raised although level {last['level']} did not lead to it")
        self.raised[level].append(data)
        self.ladder[level[:3]].append(data)
        self.alerts[data["alert"]] = data
        self.first.setdefault(level[:2], level)

    def _notice(self, said: Said, what: str) -> None:
        data = said.data
        if what == "queued":
            if said.subject in self.notices:
                self._find("doubled", f"{said.subject} was queued twice")
            alerts = tuple(entry["alert"] for entry in data["entries"])
            self.notices[said.subject] = Notice(data["to"], alerts, data["kind"], standing=alerts)
            return
        notice = self.notices[said.subject]
        notice.state = said.type
        if what == "attempted":
            notice.standing = tuple(data["entries"])
            notice.went.append((said.type, data["channel"]))
        elif what in ("sent", "delivered", "deferred", "failed"):
            notice.went.append((said.type, data["channel"]))
            if what == "failed":
                notice.state = "notice.queued.v1" if data.get("next_channel") else "failed"

    # — what is not over

    def open(self, expected: Iterable[Expected]) -> Counter[str]:
        """How much is still under way: nothing when all has come to rest."""
        counts: Counter[str] = Counter()
        for one in expected:
            ladder = self.ladder_of(one)
            counts["not raised"] += not ladder
            counts["not over"] += bool(ladder and one.done and ladder[-1]["alert"] not in self.acted)
        counts["on their way"] = sum(not notice.over for notice in self.notices.values())
        return +counts

    def ladder_of(self, one: Expected) -> list[Mapping[str, Any]]:
        """Its alerts, in the order of their levels."""
        level = self.first.get((one.item, one.rule))
        return self.ladder[level[:3]] if level else []

    # — the judgement

    def judged(self, expected: Sequence[Expected], mails: Mapping[tuple[str, str], Mail], address: Mapping[str, str]) -> list[Finding]:
        """Everything that is wrong. `mails` by Message-ID and recipient; `address` of each person."""
        return [
            *self.found, *self._gaps(), *self._each_raised_once(expected), *self._each_reaches_somebody(), *self._nobody_told_twice(),
            *self._mails_are_of_notices(mails, address), *self._ladders_keep_time(expected),
        ]  # fmt: skip

    def _gaps(self) -> Iterator[Finding]:
        for (topic, subject), said in self.said.items():
            if said.whole != max(said.events):
                yield Finding("lost", f"{topic} {subject} has a gap after {said.whole}")

    def _each_raised_once(self, expected: Sequence[Expected]) -> Iterator[Finding]:
        for level, alerts in self.raised.items():
            if len(alerts) > 1:
                yield Finding("doubled", f"{level} was raised {len(alerts)} times")
        ladders = Counter(level[:2] for level in self.ladder)
        wanted = {(one.item, one.rule) for one in expected}
        for name in wanted - ladders.keys():
            yield Finding("lost", f"nobody was alerted of {name}")
        for name in ladders.keys() - wanted:
            yield Finding("wrong", f"an alert of {name}, which nobody told")
        for name, count in ladders.items():
            if count > 1:
                yield Finding("doubled", f"{count} ladders of {name}")
        for one in expected:
            if one.done and (ladder := self.ladder_of(one)) and ladder[-1]["alert"] not in self.acted:
                yield Finding("lost", f"{one.item} was done, and its alert stands")

    def outcome(self, alert: str, told: Mapping[str, Sequence[Notice]]) -> str:
        """How an alert reached somebody: over mail, in the inbox, by its next level, or by being done before; `lost` otherwise."""
        carried = {channel for one in told.get(alert, ()) if alert in one.standing for kind, channel in one.went if kind in ENDED}
        if carried:
            return "mail" if "email" in carried else "inbox"
        if self.abandoned.get(alert) is not None:
            return "next level"
        return "done before" if alert in self.acted else "lost"

    def carriers(self) -> dict[str, list[Notice]]:
        """The notices of each alert."""
        found: dict[str, list[Notice]] = defaultdict(list)
        for notice in self.notices.values():
            for alert in notice.entries:
                found[alert].append(notice)
        return found

    def _each_reaches_somebody(self) -> Iterator[Finding]:
        told = self.carriers()
        for alert in self.alerts:
            if self.outcome(alert, told) == "lost":
                yield Finding("lost", f"{self.meaning[alert]} reached nobody")
        for name, notice in self.notices.items():
            if not notice.over:
                yield Finding("lost", f"{name} is {notice.state} to the end")

    def _nobody_told_twice(self) -> Iterator[Finding]:
        pairs = Counter((alert, notice.to) for notice in self.notices.values() for alert in set(notice.entries))
        for (alert, person), count in pairs.items():
            if count > 1:
                yield Finding("doubled", f"{person} was told of {self.meaning.get(alert, alert)} by {count} messages")

    def _mails_are_of_notices(self, mails: Mapping[tuple[str, str], Mail], address: Mapping[str, str]) -> Iterator[Finding]:
        known: set[str] = set()
        pairs: Counter[tuple[str, str]] = Counter()
        for (name, recipient), mail in mails.items():
            subject = f"notice/{found[1]}" if (found := NOTICE.match(name)) else ""
            notice = self.notices.get(subject)
            if notice is None:
                yield Finding("wrong", f"a mail {name} of no notice")
                continue
            known.add(subject)
            pairs.update((alert, recipient) for _, alert in set(mail.links))
            if address[notice.to] != recipient:
                yield Finding("wrong", f"{subject} went to somebody else")
            if len(mail.bodies) > 1:
                yield Finding("doubled", f"{subject} is {len(mail.bodies)} messages under one name")
            if {alert for _, alert in mail.links} - set(notice.entries):
                yield Finding("wrong", f"the mail of {subject} tells of something else")
        for (alert, _), count in pairs.items():
            if count > 1:
                yield Finding("doubled", f"{self.meaning.get(alert, alert)} is in {count} mails to one person")
        for subject in {name for name, one in self.notices.items() if ("notice.sent.v1", "email") in one.went} - known:
            yield Finding("lost", f"{subject} is said to be sent, and no mail server has it")

    def _ladders_keep_time(self, expected: Sequence[Expected]) -> Iterator[Finding]:
        said = {(one.item, one.rule): one for one in expected}
        for level, ladder in self.ladder.items():
            one = said.get(level[:2])
            if one is None:
                continue
            if at(ladder[0]["raised_at"]) < one.said_at:
                yield Finding("disorder", f"{level} was raised before it was told")
            for alert in ladder:
                if alert["severity"] != one.severity or not right(one.severity, at(alert["raised_at"]), at(alert["climbs_at"])):
                    yield Finding("wrong", f"{level} at level {alert['level']} climbs at a wrong time")
            for before, after in pairwise(ladder):
                if at(after["raised_at"]) < at(before["climbs_at"]):
                    yield Finding("disorder", f"{level} climbed to level {after['level']} too early")

    def late(self, rate: float) -> list[float]:
        """By how many seconds of the world each climb came later than its time."""
        pairs = [pair for ladder in self.ladder.values() for pair in pairwise(ladder)]
        return [(at(after["raised_at"]) - at(before["climbs_at"])).total_seconds() / rate for before, after in pairs]
