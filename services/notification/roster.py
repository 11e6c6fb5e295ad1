"""Who is behind a rung: people on duty, by shift where shifts are listed, and whoever subscribed."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from contracts.directory import DirectoryListed
from contracts.kernel import Change, Decision, Fact, Message, State
from contracts.rosters import RosterListed, RosterShifted, RosterSubscribed, Shift, Subscription
from services.notification.alerts import GRAVEST
from services.notification.commands import ListShifts, ListSubscriptions
from services.notification.sources import Late

ROSTER = "roster/network"
BEFORE_US = timedelta(minutes=15)
"""Facts this much older than our own beginning were told, or not, by whoever told people then: never by us."""


class Roster(State):
    """`began_at` is when this service first heard who is on duty: what happened before is history to it."""

    began_at: AwareDatetime | None = None
    staff: dict[str, tuple[str, ...]] = {}
    programs: dict[str, str | None] = {}
    """Each with the partner whose it is."""
    subscriptions: tuple[Subscription, ...] = ()
    shifts: tuple[Shift, ...] = ()

    def on_duty(self, role: str, now: datetime) -> tuple[str, ...]:
        """People behind a role or desk at this instant."""
        shifts = [shift for shift in self.shifts if shift.role == role]
        if not shifts:
            return self.staff.get(role, ())
        return tuple(dict.fromkeys(shift.person for shift in shifts if shift.starts_at <= now < shift.ends_at))

    @property
    def everybody(self) -> frozenset[str]:
        """Whoever has a duty at all."""
        return frozenset(person for people in self.staff.values() for person in people) | {shift.person for shift in self.shifts}

    def behind(self, who: str | None, now: datetime) -> tuple[str, ...]:
        """A person is themselves; a role or desk, whoever has its duty."""
        if who is None:
            return ()
        return self.on_duty(who, now) if who.startswith(("role/", "desk/")) else (who,)

    def colleagues(self, owner: str | None, now: datetime) -> tuple[str, ...]:
        """Who has the duty of a role that the owner holds."""
        roles = [role for role, people in sorted(self.staff.items()) if owner == role or owner in people]
        return tuple(dict.fromkeys(person for role in roles for person in self.on_duty(role, now) if person != owner))

    def on_rung(self, rung: str, late: Late, told: tuple[str, ...], now: datetime) -> tuple[str, ...]:
        """People of one rung: the `owner`, who was `asked`, their `backup` (not told before), or the duty of the role of that name."""
        match rung:
            case "owner":
                return self.behind(late.owner, now)
            case "asked":
                return self.behind(late.asked, now)
            case "backup":
                return tuple(person for person in self.colleagues(late.owner, now) if person not in told)
        return self.on_duty(f"role/{rung}", now)

    def subscribers(self, late: Late, now: datetime) -> tuple[str, ...]:
        wanted = [one.subscriber for one in self.subscriptions if wants(one, late)]
        return tuple(dict.fromkeys(person for subscriber in wanted for person in self.behind(subscriber, now)))

    def is_history(self, at: datetime, now: datetime) -> bool:
        """Whether a fact is older than this service: a replay of a log that it has no memory of tells nobody anything."""
        return at < (self.began_at or now) - BEFORE_US


def by_duty(rung: str, late: Late) -> bool:
    """Whether a rung is told because of a duty, not as the person who owns it."""
    who = {"owner": late.owner, "asked": late.asked}.get(rung, "role/")
    return bool(who) and str(who).startswith(("role/", "desk/"))


def wants(one: Subscription, late: Late) -> bool:
    narrowed = ((one.rule, late.rule.partition("@")[0]), (one.program, late.program), (one.organisation, late.organisation),
                (one.owner, late.owner))  # fmt: skip
    return all(wanted in (None, said) for wanted, said in narrowed) and GRAVEST.index(late.severity) <= GRAVEST.index(one.severity)


def decided(state: Roster | None, message: Message, now: datetime) -> Decision:
    """A list takes the place of the one before it; the same again is no fact."""
    known, data = state or Roster(), message.data
    match data:
        case DirectoryListed():
            programs = {one.id: one.partner for one in data.programs}
            listed = RosterListed(staff=data.staff, began_at=known.began_at or now, programs=programs)
            return [Fact(ROSTER, listed)] if state is None or (data.staff, programs) != (known.staff, known.programs) else ()
        case ListSubscriptions() if data.subscriptions != known.subscriptions:
            return [Fact(ROSTER, RosterSubscribed(subscriptions=data.subscriptions))]
        case ListShifts() if data.shifts != known.shifts:
            return [Fact(ROSTER, RosterShifted(shifts=data.shifts))]
    return ()


def evolve(state: Roster | None, fact: Change) -> Roster | None:
    roster = state or Roster()
    match fact:
        case RosterListed():
            return roster.model_copy(update={"staff": fact.staff, "began_at": fact.began_at, "programs": fact.programs})
        case RosterSubscribed():
            return roster.model_copy(update={"subscriptions": fact.subscriptions})
        case RosterShifted():
            return roster.model_copy(update={"shifts": fact.shifts})
    return state
