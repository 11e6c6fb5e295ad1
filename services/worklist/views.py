"""The console's lists: each answers one question, under an address that holds the whole view. Pure: nothing is read here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.identity import Principal
from services.worklist import questions
from services.worklist.local import Local
from services.worklist.questions import Question

EVENING = timedelta(hours=18)
LEAVING_WITHIN, HOME_7, HOME_30 = timedelta(days=3), timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, when, by which clock. `duties`: the roles and desks they answer for; `concerned`: whose items they may see, None: all."""

    principal: Principal
    duties: frozenset[str]
    concerned: frozenset[str] | None
    now: datetime
    local: Local


Ask = Callable[[Reader], Question]


@dataclass(frozen=True, slots=True)
class Tab:
    """One cut of a list. `alarm`: anything in it is wrong by itself; `empty`: said when nobody is in it, instead of the view's."""

    key: str
    name: str
    ask: Ask
    hint: str = ""
    alarm: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A list of people: its address, what it is called, the question it answers, its tabs, and what is said when nobody is in it."""

    path: str
    name: str
    hint: str
    tabs: tuple[Tab, ...]
    empty: str
    filters: tuple[str, ...] = ("urgency", "service", "partner")
    shown: tuple[str, ...] = ("waiting", "since", "contact")

    def tab(self, key: str | None) -> Tab:
        return next((one for one in self.tabs if one.key == key), self.tabs[0])


def mine(reader: Reader) -> Question:
    return questions.my_next_steps(reader.principal.id)


def team(reader: Reader) -> Question:
    return questions.team_next_steps(reader.duties)


def waiting(reader: Reader) -> Question:
    return questions.waiting_on({*reader.duties, reader.principal.id})


def stages(kind: str, *names: str) -> Ask:
    return lambda _: questions.of_kind(kind, *names)


def _late(whose: Ask | None = None) -> Ask:
    def late(reader: Reader) -> Question:
        asked = whose(reader) if whose else questions.overdue(reader.now)
        return Question(f"overdue-{asked.name}" if whose else "overdue", {**asked.query, "due": {"$lt": reader.now}}, asked.order)

    return late


def _home(least: timedelta, most: timedelta) -> Ask:
    def home(reader: Reader) -> Question:
        when = {"$lte": reader.now - least, "$gt": reader.now - most}
        return questions.of_kind("transition", "home").also(discharged_at=when)

    return home


def _leaving(reader: Reader) -> Question:
    """Soon is as the clock has it, so it is no stage."""
    return questions.of_kind("transition", "admitted").also(expected_at={"$lt": reader.now + LEAVING_WITHIN})


def _staying(reader: Reader) -> Question:
    """In a stay, and not leaving soon, as far as anybody said."""
    later = {"expected_at": {"$gte": reader.now + LEAVING_WITHIN}}
    return questions.of_kind("transition", "admitted").also(**{"$or": [{"expected_at": None}, later]})


def _due_today(reader: Reader) -> Question:
    """By the end of the reader's day; what is late already is counted as late alone."""
    tomorrow = reader.local.midnight(reader.local.day(reader.now) + timedelta(days=1))
    return Question("due-today", {"open": True, "due": {"$gte": reader.now, "$lt": tomorrow}}, ("due", "_id"))


def _overnight(reader: Reader) -> Question:
    """Since the evening before; on a Monday since Friday's."""
    today = reader.local.day(reader.now)
    evening = reader.local.midnight(today - timedelta(days=3 if today.weekday() == 0 else 1)) + EVENING
    return questions.over("episode", evening)


PENDING = View(
    "/pending", "Pending", "Referrals that are not over. Whoever waits longest comes first.",
    (
        Tab("all", "All", lambda _: questions.pending_referrals()),
        Tab("front-door", "At the front door", lambda _: questions.pending_referrals().also(lead="request")),
        Tab("placing", "Looking for a place", lambda _: questions.pending_referrals().also(lead="placement")),
        Tab("care", "With a program", lambda _: questions.pending_referrals().also(lead="care")),
    ),
    "No referral is pending.",
)  # fmt: skip
STEPS = View(
    "/next-steps", "Next steps", "What is to be done, and who answers for it.",
    (
        Tab("mine", "Mine", mine, "You answer for these."),
        Tab("team", "My team’s", team, "Answered for under a role or desk of yours."),
        Tab("waiting", "Waits on us", waiting, "Somebody else answers for these, and cannot go on without you."),
        Tab("unowned", "Nobody’s", lambda _: questions.unowned(), "Nobody answers for these. Normally there is none.", alarm=True),
        Tab("due-today", "Due today", _due_today),
        Tab("views-differ", "Views differ", lambda _: questions.of_kind("view"),
            "A referral’s sender, or whoever has it, says what cannot be so as we know it. Neither word takes the other’s place."),
        Tab("unclocked", "Without a deadline", lambda _: questions.unclocked(),
            "Something without a clock is not on time. Normally there is none.", alarm=True),
        Tab("all", "Everybody’s", lambda _: questions.next_steps(), "What nobody owns comes first."),
    ),
    "Nothing is to be done.",
)  # fmt: skip
OVERDUE = View(
    "/overdue", "Overdue", "A deadline has passed. The longest late comes first.",
    (
        Tab("all", "Everybody’s", _late()), Tab("mine", "Mine", _late(mine)), Tab("team", "My team’s", _late(team)),
    ),
    "Nothing is late.",
)  # fmt: skip
TRANSITIONS = View(
    "/transitions", "Transitions", "People in a stay elsewhere, and those who came home from one.",
    (
        Tab("admitted", "Admitted", _staying),
        Tab("leaving", "Leaving within 3 days", _leaving, "A visit should be booked before they leave."),
        Tab("home", "Home, first week", _home(timedelta(0), HOME_7), "To be reached within a day, seen within 7."),
        Tab("home-30", "Home, 7–30 days", _home(HOME_7, HOME_30), "To be seen within 30 days."),
        Tab("all", "All", stages("transition")),
    ),
    "Nobody is here.", filters=("partner",),
)  # fmt: skip
QUIET = View(
    "/gone-quiet", "Gone quiet", "People who may be dropping out of care, and why we think so.",
    (
        Tab("quiet", "To reach", stages("plan", "quiet")),
        Tab("review", "For a supervisor", lambda _: questions.of_kind("plan", "quiet").also(status="review"),
            "Outreach did not bring them back. Nothing is closed by time."),
        Tab("unknown", "Unknown", stages("plan", "unknown"), "Their program tells us nothing. That is not the same as fine."),
        Tab("not-shown", "Not shown, because", stages("plan", "not-shown"), "Left out of the lists for a reason that expires."),
    ),
    "Nobody is here.", filters=("program",),
)  # fmt: skip
AUTHORIZATIONS = View(
    "/authorizations", "Authorizations", "What a payer must allow before care can go on.",
    (
        Tab("blocking", "About to block a visit", stages("authorization", "blocking"),
            "As things stand, this care will not be paid for or cannot start.", alarm=True),
        Tab("with-payer", "With the payer", stages("authorization", "with-payer")),
        Tab("ours", "We owe", stages("authorization", "ours")),
        Tab("ending", "Ending", stages("authorization", "ending"), "The next authorization must be asked for."),
        Tab("denied", "Denied", stages("authorization", "denied"), "Appeal, or decide not to: the appeal has a clock."),
        Tab("active", "In use", stages("authorization", "active")),
    ),
    "Nothing is here.", filters=("service", "program"),
)  # fmt: skip
CRISIS = View(
    "/crisis", "Crisis", "Open episodes, teams and beds. These clocks never stop for the night.",
    (
        Tab("all", "Open episodes", stages("episode")),
        Tab("overnight", "Over since last evening", _overnight, "Closed while most were away; on a Monday, over the weekend.",
            empty="No crisis was closed since."),
    ),
    "No crisis is open.", filters=(), shown=("waiting", "since"),
)  # fmt: skip
HELD = View(
    "/held", "Quarantine and parked", "What could not be used, and what is held back. Each needs a person.",
    (
        Tab("inputs", "Inputs", stages("input"), "Sent by partners; nothing in them was applied."),
        Tab("parked", "Held back", stages("parked"), "A message failed; later ones of the same item wait behind it."),
        Tab("feeds", "Silent feeds", stages("feed"), "Of these nothing is heard. Their people are unknown, not fine."),
        Tab("identity", "Who is this?", stages("record"), "Records that may be one person, or point at two."),
    ),
    "Nothing is held.", filters=(), shown=("waiting", "since"),
)  # fmt: skip
VIEWS = (PENDING, STEPS, OVERDUE, TRANSITIONS, QUIET, AUTHORIZATIONS, CRISIS, HELD)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of *Today*: what it counts, and the list that it opens."""

    name: str
    href: str
    ask: Ask
    alarm: bool = False


def _counts(view: View, key: str, name: str, alarm: bool = False) -> Count:
    return Count(name, f"{view.path}?tab={key}", view.tab(key).ask, alarm)


TODAY = (
    _counts(CRISIS, "all", "in crisis", alarm=True),
    _counts(CRISIS, "overnight", "crises over since last evening"),
    _counts(OVERDUE, "all", "late", alarm=True),
    Count("due today", "/next-steps?tab=due-today", _due_today),
    _counts(TRANSITIONS, "admitted", "in a stay elsewhere"),
    _counts(TRANSITIONS, "leaving", "leaving within 3 days"),
    _counts(TRANSITIONS, "home", "home less than a week"),
    _counts(QUIET, "quiet", "gone quiet", alarm=True),
    _counts(AUTHORIZATIONS, "blocking", "visits about to be blocked", alarm=True),
    _counts(STEPS, "unowned", "without an owner", alarm=True),
    _counts(STEPS, "unclocked", "without a deadline", alarm=True),
    Count("feeds silent", f"{HELD.path}?tab=feeds", stages("feed"), alarm=True),
    _counts(HELD, "inputs", "inputs to look at", alarm=True),
    _counts(PENDING, "all", "referrals pending"),
)
"""In the order in which a morning asks. Zeros are shown: a zero is an answer."""


def chosen(view: View, stated: Mapping[str, str]) -> dict[str, str]:
    """The filters of this view that its address names."""
    return {name: stated[name] for name in view.filters if stated.get(name)}


def duties(principal: Principal, staff: Collection[tuple[str, Collection[str]]]) -> frozenset[str]:
    """What somebody answers for: the roles of their token, and the roles and desks behind which the directory lists them."""
    listed = {duty for duty, people in staff if principal.id in people}
    return frozenset(f"role/{role}" for role in principal.roles) | listed
