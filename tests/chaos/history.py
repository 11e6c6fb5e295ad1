"""What was sent and what was said, as read from the topics themselves, and everything that is wrong about it.

Pure: records go in, findings come out. It knows the wire (names of types, headers and fields), and none of the code that speaks it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from tests.chaos.words import MARK, TAG, Intent, intent

Subject = tuple[str, str]
"""Topic and aggregate."""
Headers = Iterable[tuple[str, bytes | None]]
Kind = Literal["lost", "doubled", "disorder", "leak", "wrong"]
IN, OUT, INTAKE, ASSIGNMENT = "partner-in-", "partner-out-", "intake-events", "assignment-events"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be. `at` is when it was sent, or seen; 0 where that cannot be said."""

    kind: Kind
    what: str
    at: float = 0.0


@dataclass(slots=True)
class Sent:
    """One message of a partner, however often its record lies in the topic. `offset` is its first."""

    partner: str
    intent: Intent
    offset: int
    offsets: set[int]


@dataclass(slots=True)
class Said:
    """What one aggregate said on one topic: by sequence, the event's id and a digest of all of it. `whole`: up to here without a gap."""

    events: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    whole: int = 0


@dataclass
class History:
    """Everything that is known so far. Times are when this process read a record."""

    sent: dict[tuple[str, str], Sent] = field(default_factory=dict)
    offsets: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    said: dict[Subject, Said] = field(default_factory=lambda: defaultdict(Said))
    ids: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    repeated: int = 0
    records: Counter[str] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)
    requests: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    amended: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    withdrawn: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_offset: dict[str, Counter[tuple[str, int]]] = field(default_factory=lambda: defaultdict(Counter))
    quarantined: Counter[tuple[str, int]] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    now: float = 0.0
    answered_at: dict[tuple[str, str], float] = field(default_factory=dict)
    placed_at: dict[str, float] = field(default_factory=dict)

    def add(self, topic: str, offset: int, headers: Headers, key: bytes | None, value: bytes | None, now: float) -> None:
        """One record, in the order of its partition."""
        self.records[topic] += 1
        self.now = now
        if topic.startswith(IN):
            self._sent(topic.removeprefix(IN), offset, dict(headers))
            return
        named = {name: (text or b"").decode() for name, text in headers}
        self._personal(topic, offset, [key or b"", value or b"", *(text or b"" for _, text in headers)])
        if self._first(topic, named, value or b""):
            self._effect(topic, named, json.loads(value or b"{}"))

    def _sent(self, partner: str, offset: int, headers: dict[str, bytes | None]) -> None:
        self.offsets[partner].add(offset)
        meant = intent(headers[TAG] or b"")
        name = (partner, meant.id or f"0/{offset}")
        known = self.sent.setdefault(name, Sent(partner, meant, offset, set()))
        known.offsets.add(offset)

    def _personal(self, topic: str, offset: int, texts: Iterable[bytes]) -> None:
        if any(MARK.encode() in text for text in texts):
            self._find("leak", f"a personal value in {topic} at {offset}")

    def _first(self, topic: str, named: dict[str, str], value: bytes) -> bool:
        """Whether this event is new. The same again is allowed; another one in its place is not."""
        subject, sequence, identity = named["ce_subject"], int(named["ce_sequence"]), named["ce_id"]
        digest = blake2b(value + json.dumps(sorted(named.items())).encode(), digest_size=12).digest()
        said, place = self.said[topic, subject], (topic, subject, sequence)
        if sequence in said.events:
            self.repeated += 1
            if said.events[sequence] != (identity, digest):
                self._find("doubled", f"two events are {topic} {subject} {sequence}")
            return False
        if sequence != said.whole + 1:
            self._find("disorder", f"{topic} {subject} {sequence} came after {said.whole}")
        if self.ids.setdefault(identity, place) != place:
            self._find("doubled", f"one id for {place} and {self.ids[identity]}")
        said.events[sequence] = (identity, digest)
        while said.whole + 1 in said.events:
            said.whole += 1
        return True

    def _effect(self, topic: str, named: dict[str, str], data: dict[str, Any]) -> None:
        kind, subject = named["ce_type"], named["ce_subject"]
        if topic.startswith(OUT):
            self._answered(topic.removeprefix(OUT), kind, data)
        elif kind == "request.received.v1":
            self.requests[data["partner"], data["reference"]].append(subject)
        elif kind == "request.amended.v1":
            self.amended[subject].append(data.get("service", ""))
        elif kind == "request.withdrawn.v1":
            self.withdrawn[subject] += 1
        elif kind == "input.quarantined.v1":
            self.quarantined[data["origin"]["topic"].removeprefix(IN), data["origin"]["offset"]] += 1
        elif kind == "placement.opened.v1":
            self.placed[data["request"]] += 1
            self.placed_at.setdefault(data["request"], self.now)
        elif kind in ("aggregate.parked.v1", "message.overdue.v1"):
            self._find("wrong", f"{kind} of {subject}")

    def _answered(self, partner: str, kind: str, data: dict[str, Any]) -> None:
        if "offset" in data:
            outcome = "quarantine" if data.get("outcome") == "quarantine" else kind
            self.by_offset[outcome][partner, data["offset"]] += 1
        elif kind == "referral.received.v1":
            self.answers[partner, data["reference"]] += 1
            self.answered_at.setdefault((partner, data["reference"]), self.now)
        elif kind == "referral.returned.v1":
            self._find("wrong", f"a sound message of {partner} was returned")

    def _find(self, kind: Kind, what: str) -> None:
        self.found.append(Finding(kind, what, self.now))

    def recovered(self, since: float, within: float) -> dict[str, float | None]:
        """When the last referral that was sent in the moments after `since` was answered, and placed: in seconds after it.

        Those moments bear referrals of every partner and for every partition, so no part that still stands is overlooked.
        """
        fresh = [name for name, one in self.sent.items() if one.intent.kind == "request" and 0 <= one.intent.at - since <= within]
        names = [(self.sent[name].partner, self.sent[name].intent.reference) for name in fresh]
        answered = [self.answered_at.get(name) for name in names]
        placed = [self.placed_at.get(subject) for name in names for subject in self.requests.get(name, [""])[:1]]
        return {"answered": _latest(answered, since), "placed": _latest(placed, since)}

    # — the end

    def events(self, topics: Iterable[str]) -> set[str]:
        """Names of all events said on these topics."""
        wanted = tuple(topics)
        return {
            f"{subject}/{topic}/{sequence:020}"
            for (topic, subject), said in self.said.items()
            if topic.startswith(wanted)
            for sequence in said.events
        }

    def owed(self) -> dict[str, int]:
        """How much has not followed yet from what was sent: zero when everything has come to rest."""
        counts: Counter[str] = Counter(finding.kind for finding in self._end() if finding.kind == "lost")
        return dict(counts)

    def findings(self, acked: Iterable[tuple[str, int]]) -> list[Finding]:
        """Everything that is wrong, once nothing is under way any more. `acked`: partner and offset of each acknowledged record."""
        lost = [Finding("lost", f"an acknowledged record of {who} at {at}") for who, at in acked if at not in self.offsets[who]]
        return [*self.found, *lost, *self._end()]

    def _end(self) -> Iterator[Finding]:
        for (topic, subject), said in self.said.items():
            if said.whole != max(said.events):
                yield Finding("lost", f"{topic} {subject} has a gap after {said.whole}")
        meant: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        for one in self.sent.values():
            if one.intent.expected == "event":
                meant[one.partner, one.intent.reference].append(one)
            else:
                yield from self._turned_away(one)
        for name, messages in meant.items():
            yield from self._referral(name, sorted(messages, key=lambda one: one.offset))
        yield from self._nothing_else(meant)

    def _turned_away(self, one: Sent) -> Iterator[Finding]:
        """Answered once, by the offset of any of its records; held for us if and only if that is what it is."""
        kind = "quarantine" if one.intent.expected == "quarantine" else "referral.returned.v1"
        told = sum(self.by_offset[kind][one.partner, offset] for offset in one.offsets)
        yield from _exactly(1, told, f"answer to {one.intent.kind} of {one.partner} at {one.offset}", one.intent.at)
        if one.intent.expected == "quarantine":
            held = sum(self.quarantined[one.partner, offset] for offset in one.offsets)
            yield from _exactly(1, held, f"quarantine of {one.intent.kind} of {one.partner} at {one.offset}", one.intent.at)

    def _referral(self, name: tuple[str, str], messages: list[Sent]) -> Iterator[Finding]:
        """Everything one reference was told in: one request, every amendment once and in order, one withdrawal, all answered."""
        what, at = " ".join(name), messages[0].intent.at
        subjects = self.requests.get(name, [])
        yield from _exactly(1, len(subjects), f"request of {what}", at)
        yield from _exactly(len(messages), self.answers[name], f"answers to {what}", at)
        for subject in subjects[:1]:
            tokens = [one.intent.token for one in messages if one.intent.token]
            yield from _sequence(tokens, self.amended.get(subject, []), f"amendments of {what}", at)
            withdrawals = sum(one.intent.kind == "withdraw" for one in messages)
            yield from _exactly(withdrawals, self.withdrawn[subject], f"withdrawal of {what}", at)
            yield from _exactly(1, self.placed[subject], f"placement of {what}", at)

    def _nothing_else(self, meant: dict[tuple[str, str], list[Sent]]) -> Iterator[Finding]:
        """Nothing may have come of nothing."""
        known = {subject for subjects in self.requests.values() for subject in subjects}
        strange = [f"a request of {' '.join(name)}" for name in self.requests if name not in meant]
        strange += [f"a placement of {subject}" for subject in self.placed if subject not in known]
        held = {(one.partner, offset) for one in self.sent.values() if one.intent.expected == "quarantine" for offset in one.offsets}
        strange += [f"{partner} at {offset} was quarantined" for partner, offset in self.quarantined if (partner, offset) not in held]
        told = {place for counts in self.by_offset.values() for place in counts}
        sound = {(one.partner, offset) for one in self.sent.values() if one.intent.expected == "event" for offset in one.offsets}
        strange += [f"the answer to a sound message of {partner} at {offset}, as if it were none," for partner, offset in told & sound]
        for what in strange:
            yield Finding("wrong", f"{what} came of nothing")


def _latest(times: list[float | None], since: float) -> float | None:
    known = [at for at in times if at is not None]
    return max(known) - since if known and len(known) == len(times) else None


def _exactly(wanted: int, found: int, what: str, at: float) -> Iterator[Finding]:
    if found != wanted:
        yield Finding("lost" if found < wanted else "doubled", f"{what}: {found} instead of {wanted}", at)


def _sequence(wanted: list[str], found: list[str], what: str, at: float) -> Iterator[Finding]:
    if Counter(wanted) - Counter(found):
        yield Finding("lost", f"{what}: {len(Counter(wanted) - Counter(found))} missing", at)
    elif Counter(found) - Counter(wanted):
        yield Finding("doubled", f"{what}: {len(Counter(found) - Counter(wanted))} too many", at)
    elif wanted != found:
        yield Finding("disorder", what, at)


def shown(findings: list[Finding]) -> list[str]:
    """The first of them, for a person."""
    more = [f"… and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else []
    return [f"{finding.kind}: {finding.what}" for finding in findings[:SHOWN]] + more
