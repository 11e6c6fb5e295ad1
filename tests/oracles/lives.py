"""Invented lives, from a seed, as plain rows that services and oracle are both given: referrals taken, visits, contacts, attempts to reach
whoever stays away, stays in hospitals, what came of it. Whatever happened may be told up to three days late."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

BEGIN, END = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CADENCE_DAYS = {True: 30, False: 7}
"""Of programs that book, and of those that only call."""
KINDS = ("hospital", "hospital", "ed", "ed", "detox", "residential", "crisis-unit", "jail")
PROBLEMS = ("mental-health", "mental-health", "substance-use", "other")
AGES = ("18-and-over", "under-12", "12-17", "18-and-over", "", "18-and-over", "12-17")
"""When somebody asks for care; nobody told the age of some."""
GROUPS = ("adult", "adult", "13-17", "6-12", "under-6")


class Told(NamedTuple):
    """One thing said of a person. `case` is the referral's number, or the stay's; `at` is when it happened, `told_at` when it was told."""

    told_at: datetime
    at: datetime
    person: str
    case: str
    what: str
    kind: str = ""
    problem: str = ""
    group: str = ""
    books: bool = False


class Life:
    """What one person's rows are drawn from."""

    def __init__(self, person: str, dice: Random) -> None:
        self.person, self.dice, self.rows = person, dice, list[Told]()

    def tell(self, at: datetime, case: str, what: str, late: bool = True, **more: object) -> None:
        delay = self.dice.choice((0, 0, 0, 1, 30, 70)) * HOUR if late else timedelta()
        self.rows.append(Told(at + delay, at, self.person, case, what, **more))  # type: ignore[arg-type]


def lives(seed: int, people: int) -> list[list[Told]]:
    """Each person's rows in the order in which they are told. Half of them drift away and come back, the others have stays: a stay explains
    why somebody does not come, so that nobody need reach them."""
    dice, found = Random(seed), []
    for number in range(people):
        life, drifts = Life(f"p{number}", dice), number % 2 == 0
        for nth in range(dice.choice((1, 1, 2))):
            _referral(life, f"{number}-{nth}", BEGIN + dice.uniform(0, 250) * DAY, drifts)
        for nth in range(0 if drifts else dice.choice((1, 1, 2, 3))):
            _stay(life, f"{number}-stay-{nth}")
        found.append(sorted(row for row in life.rows if row.told_at < END))
    return found


def _referral(life: Life, case: str, asked_at: datetime, drifts: bool) -> None:
    """Taken by a program; then visits for a while, or none; then whatever ends it."""
    dice, books = life.dice, life.dice.random() < 0.5
    taken_at = asked_at + dice.uniform(1, 60) * HOUR
    life.rows.append(Told(taken_at, asked_at, life.person, case, "taken", group=AGES[int(case.partition("-")[0]) % len(AGES)], books=books))
    if dice.random() < 0.15:
        life.tell(taken_at + 5 * DAY, case, "given-up", late=False)
        return
    at = taken_at
    if dice.random() < 0.85:
        at = _visits(life, case, taken_at)
        for _ in range(dice.choice((1, 1, 2)) if drifts else 0):
            at = _drifts(life, case, at, books)
    if dice.random() < 0.4:
        life.tell(at + 5 * DAY, case, "outcome", late=False)


def _visits(life: Life, case: str, at: datetime) -> datetime:
    first = life.dice.choice(("evaluation", "evaluation", "evaluation", "service", "contact"))
    for kind in (first, *["service"] * life.dice.randrange(5)):
        at += life.dice.uniform(0.5, 9) * DAY
        life.tell(at, case, "contact" if kind == "contact" else "visit", kind=kind)
    return at


def _drifts(life: Life, case: str, last: datetime, books: bool) -> datetime:
    """Attempts, the first of them often before anybody had to worry; and the way back: a call, a visit, one that was booked."""
    after = life.dice.choice((3, 5, 16, 20, 26))
    first = last + after * DAY + 2 * HOUR
    for nth in range(life.dice.choice((1, 2))):
        life.tell(first + nth * 12 * DAY, case, "attempt", late=False)
    days = life.dice.choice((13.5, 14.5, 15.5, 29.5, 45.5, None))
    if days is None:
        return first + 60 * DAY
    back = first + days * DAY
    how = life.dice.choice(("contact", "visit", "booked"))
    if how == "booked":
        life.rows.append(Told(back - 4 * HOUR - life.dice.choice((0, 1)) * DAY, back, life.person, case, how))
    life.tell(back, case, "contact" if how == "contact" else "visit", kind="service")
    return back


def _stay(life: Life, case: str) -> None:
    """Admitted, discharged, and now and then taken back, moved elsewhere, declined, linked, or admitted again within weeks."""
    dice = life.dice
    of = {"kind": dice.choice(KINDS), "problem": dice.choice(PROBLEMS), "group": dice.choice(GROUPS)}
    admitted_at = BEGIN + dice.uniform(40, 300) * DAY
    left_at = admitted_at + dice.uniform(0.2, 12) * DAY
    if dice.random() < 0.7:
        life.tell(admitted_at, case, "admitted", **of)
    life.tell(left_at, case, "left", **of)
    ends = dice.random()
    if ends < 0.2:
        life.rows.append(Told(left_at + 4 * DAY, left_at + 4 * DAY, life.person, case, dice.choice(("declined", "linked", "cancelled"))))
    if dice.random() < 0.3:
        again = left_at + dice.choice((20, 29, 40) if ends < 0.2 else (3, 20, 29, 40)) * DAY
        life.tell(again, f"{case}-again", "admitted", **(of | {"kind": dice.choice(("hospital", "detox", "ed"))}))
    begun = {row.case: row.told_at for row in life.rows if row.what == "taken"}
    for referral in sorted({row.case for row in life.rows if row.what == "visit"}):
        seen_at = left_at + dice.choice((1 / 24, 1, 3, 7, 8, 25, 30, 31)) * DAY
        if dice.random() < 0.7 and seen_at > begun[referral]:
            life.tell(seen_at, referral, "visit", kind="service")


class Asked(NamedTuple):
    """One thing said of a service line that was put to a payer, or of a crisis episode to which a team is sent."""

    at: datetime
    case: str
    what: str
    expedited: bool = False
    line: int = 0
    code: str = ""


def submissions(seed: int, many: int) -> list[list[Asked]]:
    """Two lines each: pended, extended, decided in time or not, or never; and some that were taken back."""
    dice, found = Random(seed), []
    for number in range(many):
        case, at, expedited = f"a{number}", BEGIN + dice.randrange(200) * HOUR, dice.random() < 0.5
        told = [Asked(at, case, "submitted", expedited)]
        for line in (1, 2):
            if dice.random() < 0.3:
                told.append(Asked(at + HOUR, case, "answered", expedited, line, "A4"))
            if not expedited and dice.random() < 0.3:
                told.append(Asked(at + 2 * HOUR, case, f"extended {dice.choice((3, 10, 20))}", expedited, line))
            after = dice.choice((4, 40, 71, 73, 100, 160, 167, 169, 300, 400, 480, 520, None))
            if after:
                told.append(Asked(at + after * HOUR, case, "answered", expedited, line, dice.choice(("A1", "A2", "A3", "A6", "NA"))))
        if dice.random() < 0.2:
            told.append(Asked(at + dice.choice((30, 90, 200)) * HOUR, case, "given-up", expedited))
        found.append(sorted(told))
    return found


def crises(seed: int, many: int) -> list[list[Asked]]:
    """A team is confirmed, sent, and on scene in time or not, or never; said twice now and then."""
    dice, found = Random(seed), []
    for number in range(many):
        case, at, urban = f"e{number}", BEGIN + dice.randrange(600) * MINUTE, dice.random() < 0.6
        told = [Asked(at, case, "contact", code="urban" if urban else "rural")]
        for what, most in (("referred", 5), ("dispatched", 40), ("on-scene", 110)):
            at += dice.uniform(0.2, most) * MINUTE
            if dice.random() < 0.1:
                break
            told += [Asked(at, case, what)] * dice.choice((1, 1, 2))
        found.append(told)
    return found
