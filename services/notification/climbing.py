"""Raising alerts, climbing, acknowledging, and ending them: the decisions on an item's alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from contracts.alerts import AlertAbandoned, AlertAcknowledged, AlertActed, AlertPostponed, AlertRaised, AlertStopped
from contracts.directory import LEADS
from contracts.kernel import Change, Decision, Fact, Message, Reason, Refused, kind_of
from services.notification import rules
from services.notification.alerts import GRAVEST, Alerts, Ladder, alert_id, alerts_on
from services.notification.commands import AcknowledgeAlert
from services.notification.roster import Roster, by_duty
from services.notification.sources import DEATH, NOTED, Late, acts, hearing_is_all

VERIFY, REFUTED = "verify-death", "record.death-refuted.v1"
UNKNOWN = Reason("TL-5601", "/alert", "there is no such alert, or it was acted on already")
NOT_TOLD = Reason("TL-5602", "", "who was told of it, or has the duty of its owner or of the network, may acknowledge it")


def raised(state: Alerts | None, late: Late, roster: Roster, now: datetime) -> Sequence[Change]:
    """A lateness that nobody raised before: its first level that has somebody on it, and whoever subscribed."""
    if state and state.knows(late.rule, late.milestone):
        return ()
    return (_level(late, roster, 0, (), now, roster.subscribers(late, now)),)


def _level(late: Late, roster: Roster, level: int, told: tuple[str, ...], now: datetime, also: tuple[str, ...] = ()) -> AlertRaised:
    """The alert of this level, or of the first above it that somebody is behind; of this one, for nobody yet, if there is none.

    The rungs are those of the rule that is late, for as long as it climbs; ours are for what no rule says a ladder of.
    """
    clock = rules.ladder(late.severity, late.purpose, now)
    rungs = late.rungs or clock.said.escalates
    for above in range(level, level + len(rungs)):
        rung = rungs[above % len(rungs)]
        if people := roster.on_rung(rung, late, told, now):
            break
    else:
        above, rung, people = level, rungs[level % len(rungs)], ()
    return AlertRaised(
        alert=alert_id(late.item, late.rule, late.milestone, above),
        item=late.item, rule=late.rule, milestone=late.milestone, level=above, rung=rung, rungs=rungs,
        severity=late.severity, purpose=late.purpose, cause=late.cause, owner=late.owner, waiting_on=late.waiting_on,
        action=late.action, step=late.step, due=late.due, told=tuple(dict.fromkeys((*people, *also))), to_duty=by_duty(rung, late),
        raised_at=now, climbs_at=clock.due_at if people else min(clock.due_at, rules.nobody(late.severity, now)),
        ladder=clock.rule, record=late.record, program=late.program, organisation=late.organisation,
    )  # fmt: skip


def climbed(state: Alerts, alert: str, at: datetime, roster: Roster, now: datetime) -> Sequence[Change]:
    """Its time is over and nobody acted: this alert is abandoned, and the next level takes it on, for as many rounds as there are. One
    that nobody was told of waits for somebody, and goes on from the lowest rung: who came late is no reason to pass anybody over."""
    ladder = next((one for one in state.ladders if one.alert == alert and one.climbs_at == at), None)
    if ladder is None:
        return ()
    above = _level(_late(ladder), roster, ladder.level + 1 if ladder.told else ladder.next_round, ladder.told, now)
    if not ladder.told and not above.told:
        return (AlertPostponed(alert=alert, item=state.item, climbs_at=_again_at(ladder, now)),)
    reason = "unanswered" if ladder.told else "nobody-on-duty"
    if ladder.told and (ladder.purpose == "reminder" or ladder.is_last(above.level)):
        return (AlertAbandoned(alert=alert, item=state.item, level=ladder.level, reason=reason),)
    return (AlertAbandoned(alert=alert, item=state.item, level=ladder.level, reason=reason, next_level=above.level), above)


def _again_at(ladder: Ladder, now: datetime) -> datetime:
    """After as long as it has waited already, but never longer than a level does, or than an hour: a shift may begin any time."""
    level = rules.ladder(ladder.severity, ladder.purpose, now).due_at
    return min(max(rules.nobody(ladder.severity, now), now + (now - ladder.raised_at)), level, now + rules.LOOK_AGAIN_MAX)


def _late(ladder: Ladder) -> Late:
    """What the ladder was raised for. Who was asked for a transfer is not asked again higher up."""
    known = {name: getattr(ladder, name) for name in Late.__dataclass_fields__ if name != "asked"}
    return Late(**known, asked=None)


def acknowledged(subject: str, state: Alerts | None, message: Message, roster: Roster, now: datetime) -> Decision:
    """Seen, by somebody whom it concerns: it waits once more as long as a level does. Twice is once."""
    asked: AcknowledgeAlert = message.data
    ladder = state.ladder(asked.alert) if state else None
    if ladder is None:
        return Refused((UNKNOWN,))
    person = message.actor.id
    if not concerns(ladder, person, roster, now):
        return Refused((NOT_TOLD,))
    if (unseen := ladder.unseen_until) is None:
        return ()
    until = max(unseen, rules.ladder(ladder.severity, ladder.purpose, now).due_at)
    seen = AlertAcknowledged(alert=ladder.alert, item=ladder.item, by=person, climbs_at=until)
    if not hearing_is_all(ladder.cause):
        return [Fact(subject, seen)]
    return [Fact(subject, seen), Fact(subject, AlertActed(alerts=(ladder.alert,), item=ladder.item, by=seen.type, actor=person))]


def concerns(ladder: Ladder, person: str, roster: Roster, now: datetime) -> bool:
    """Whether somebody may say that they have seen it: they were told at any level, or have the duty of its owner or of the network."""
    return person in (*ladder.called, *roster.behind(ladder.owner, now), *roster.on_duty(LEADS, now))


def acted(state: Alerts | None, message: Message) -> Sequence[Change]:
    """The item went on: every alert whose step this fact took, or ended, is over, and says so."""
    ended = [one.alert for one in state.ladders if acts(message.data, one.cause, one.kind, one.action, one.step, one.due)] if state else []
    if not state or not ended:
        return ()
    return (AlertActed(alerts=tuple(ended), item=state.item, by=message.data.type, actor=message.actor.id or None),)


def stopped(states: Sequence[Alerts | None], by: str) -> list[Fact]:
    """Nobody is told anything more of these items but that the death must be verified."""
    found = {state.item: [one.alert for one in state.ladders if not _is_death(one)] for state in states if state}
    return [Fact(alerts_on(item), AlertStopped(alerts=tuple(alerts), item=item, by=by)) for item, alerts in found.items() if alerts]


def asked_to_verify(state: Alerts | None, roster: Roster, now: datetime) -> list[Fact]:
    """Somebody said elsewhere that the person died, and it stopped what an episode's owner was called for: a crisis may be real, and a
    report may be wrong, so they are told so, once. Of a referral, its request asks for that."""
    stopped = [one for one in state.ladders if not _is_death(one)] if state and kind_of(state.item) == "episode" else []
    if state is None or not stopped or len(stopped) < len(state.ladders):
        return []
    grave = min(stopped, key=lambda one: GRAVEST.index(one.severity))
    late = replace(
        _late(grave), cause=NOTED, rule=VERIFY, milestone=DEATH.milestone, purpose="call", action=VERIFY, step=None, due=None, rungs=(),
        record=None,
    )  # fmt: skip
    return [Fact(alerts_on(state.item), change) for change in raised(state, late, roster, now)]


def verified(states: Iterable[Alerts | None]) -> list[Fact]:
    """Whoever was said to have died lives: nobody need find that out any more."""
    found = [(state.item, one.alert) for state in states if state for one in state.ladders if one.cause == NOTED]
    return [Fact(alerts_on(item), AlertActed(alerts=(alert,), item=item, by=REFUTED)) for item, alert in found]


def _is_death(ladder: Ladder) -> bool:
    return ladder.milestone.startswith(DEATH.milestone)
