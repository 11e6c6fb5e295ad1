"""From a contact to an episode: opened and triaged at once, or joined to the one that is open. Plans' teams are told.

Repeat calls within minutes are one crisis. While a team is on its way or a bed is sought any further call is the same crisis too;
once the person is settled, a call after those minutes is a new one.
"""

from datetime import datetime
from typing import Any, Literal

from contracts.crisis_files import FileBroughtUp
from contracts.crisis_routing import (
    Contacted,
    ContactJoined,
    ContactNoted,
    EpisodeOpened,
    EpisodeTriaged,
    PersonIdentified,
    PlanTeamAlerted,
)
from contracts.kernel import Actor, Change, Message, World
from contracts.partners import Danger
from services.crisis_routing import course, teams
from services.crisis_routing.commands import TriageEpisode
from services.crisis_routing.episode import SEARCHING, SETTLED, Episode
from services.crisis_routing.file import File, Noted, PlanOf
from services.crisis_routing.roster import Roster
from services.crisis_routing.rules import RULES
from services.crisis_routing.steps import NOT_NOW, NOT_YOURS, Case, Decided, Said

RANK: dict[Danger | None, int] = {"low": 0, "moderate": 1, None: 2, "high": 3, "imminent": 4}
"""Danger that nobody judged is not low."""
Response = Literal["team", "contact"]


def episode_of(contact: str) -> str:
    """`contact/0190…` would open `episode/0190…`."""
    return contact.replace("contact/", "episode/", 1)


def response_to(danger: Danger | None) -> Response:
    """Talking may be enough where danger was judged and is low; anything else is answered by a team."""
    return "contact" if danger == "low" else "team"


def received(message: Message, world: World, roster: Roster, now: datetime) -> Decided:
    """A contact opens an episode, or waits for a breath to join the one that is open."""
    data, opening = message.data, episode_of(message.subject)
    if world[opening] is not None:  # the same contact again is the same fact, whatever has become of it
        return ()
    file: File = world[data.person] or File()
    said = {name: getattr(data, name) for name in Contacted.model_fields if name not in ("contact", "consent")}
    contacted = Contacted(contact=message.subject, consent=data.consent or message.consent or None, **said)
    noted = ContactNoted(contacted=contacted, noted_at=now, episode=file.episode or opening, opened=file.episode is None, opening=opening)
    if file.episode:
        return ((data.person, noted),)
    return ((data.person, noted), *begun(opening, data.person, contacted, file.plans, world, roster, now))


def amended(message: Message, world: World, now: datetime) -> Decided:
    """More is known of a contact: the open episode hears of it. With none open it is noted, and nothing follows."""
    data = message.data
    file: File = world[data.person] or File()
    said = {name: getattr(data, name) for name in ("record", "contacted_at", "area", "danger", "dangers", "needs")}
    episode = file.episode or episode_of(message.subject)
    noted = ContactNoted(contacted=Contacted(contact=message.subject, **said), noted_at=now, episode=episode, opened=False)
    return ((data.person, noted),)


def begun(
    subject: str, person: str, contacted: Contacted, plans: tuple[PlanOf, ...], world: World, roster: Roster, now: datetime
) -> Said:  # fmt: skip
    """A new episode: triaged at once, plans' teams told, a team sought."""
    opened = EpisodeOpened(person=person, **{name: getattr(contacted, name) for name in Contacted.model_fields})
    state = course.evolve(None, opened)
    assert state
    case = Case(subject, state, world, roster, Actor(), now)
    response = response_to(opened.danger)
    said = ((subject, opened), (subject, _triage(case, response)), *_alerts(case, plans))
    return (*said, *(teams.sought(case.after(said[1:])) if response == "team" else ()))


def _triage(case: Case, response: Response, by: str | None = None, **told: Any) -> EpisodeTriaged:
    known: dict[str, Any] = {"danger": case.episode.danger, "area": case.episode.area, "needs": case.episode.needs}
    known |= {name: value for name, value in told.items() if value is not None}
    setting = case.roster.areas.get(str(known["area"]))
    return EpisodeTriaged(response=response, setting=setting, by=by, **known)


def _alerts(case: Case, plans: tuple[PlanOf, ...]) -> Said:
    """Whoever answers for an active plan hears of it: once for each plan, a minute after it could be known at the latest."""
    clock = RULES.clock("tell-plan-team", case.now, now=case.now)
    about = {"person": case.episode.person, "record": case.episode.record, "contacted_at": case.episode.contacted_at}
    return tuple(
        (
            case.subject,
            PlanTeamAlerted(plan=one.plan, role=one.role, tell_before=clock.due_at, rule=clock.rule, danger=case.episode.danger, **about),
        )
        for one in plans
        if one.plan not in case.episode.plans
    )


def bring_up(message: Message, world: World, roster: Roster, now: datetime) -> Decided:
    """The open episode hears what its person's file has for it; where it is over, the contact that waited opens another."""
    person, file, data = message.subject, world[message.subject], message.data
    if file is None or file.episode is None or file.owed_at != data.at or file.episode not in data.about.split(","):
        return ()
    state: Episode | None = world[file.episode]
    opening = next((noted for noted in file.waiting if noted.opening), None)
    if state is None or state.status == "closed" or _is_another(state, opening, now):
        return _opened_anew(person, file, opening, world, roster, now)
    case = Case(file.episode, state, world, roster, Actor(), now)
    said = (*_identified(case, person), *_joined(case, file.waiting))
    alerts = _alerts(case.after(said), file.plans)
    return (*said, *alerts, (person, FileBroughtUp(episode=file.episode, record=file.record)))


def _is_another(state: Episode, opening: Noted | None, now: datetime) -> bool:
    """The person was settled, and this came later than minutes after the last call."""
    if opening is None or state.status not in (*SETTLED, "died"):
        return False
    return opening.contacted.contacted_at > RULES.clock("repeated-contact", state.last_contact_at, now=now).due_at


def _opened_anew(person: str, file: File, opening: Noted | None, world: World, roster: Roster, now: datetime) -> Decided:
    if opening is None or opening.opening is None or world[opening.opening] is not None:
        return ((person, FileBroughtUp()),)
    subject = opening.opening
    said = begun(subject, person, opening.contacted, file.plans, world, roster, now)
    state = course.evolve(None, said[0][1])
    assert state
    case = Case(subject, state, world, roster, Actor(), now).after(said[1:])
    others = tuple(noted for noted in file.waiting if noted != opening)
    return (*said, *_joined(case, others), (person, FileBroughtUp(episode=subject, record=opening.contacted.record)))


def _identified(case: Case, person: str) -> Said:
    if case.episode.person == person:
        return ()
    return ((case.subject, PersonIdentified(person=person, left=case.episode.person, record=case.episode.record)),)


def _joined(case: Case, waiting: tuple[Noted, ...]) -> Said:
    """Each contact joins, and what is worse or more than we knew is triaged anew."""
    said: list[tuple[str, Change]] = []
    for noted in waiting:
        known = {name: getattr(noted.contacted, name) for name in ("contact", "contacted_at", "area", "danger", "needs")}
        joined = (case.subject, ContactJoined(amends=noted.opening is None, **known))
        more = _more(case.after((joined,)), noted.contacted)
        said += (joined, *more)
        case = case.after((joined, *more))
    return said


def _more(case: Case, said: Contacted) -> Said:
    """A triage of the system only ever raises danger, names an area where none was known, and adds needs."""
    episode = case.episode
    raised = said.danger is not None and (episode.danger is None or RANK[said.danger] > RANK[episode.danger])
    danger, area = said.danger if raised else episode.danger, episode.area or said.area
    needs = tuple(dict.fromkeys((*episode.needs, *said.needs)))
    if (danger, area, needs) == (episode.danger, episode.area, episode.needs):
        return ()
    response: Response = "team" if episode.status != "contact" else response_to(danger)
    triaged: Said = ((case.subject, _triage(case, response, danger=danger, area=area, needs=needs)),)
    looks_elsewhere = episode.status in ("seeking", "no-team") and area != episode.area
    send = response == "team" and (episode.status == "contact" or looks_elsewhere)
    return (*triaged, *(teams.sought(case.after(triaged)) if send else ()))


def triage(case: Case, data: TriageEpisode) -> Decided:
    """A person judges it otherwise; where a team is to go, one is sought."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if case.episode.status not in SEARCHING:
        return case.refused(NOT_NOW)
    told = {"danger": data.danger, "area": data.area, "needs": data.needs}
    said: Said = ((case.subject, _triage(case, data.response, case.actor.id, **told)),)
    return (*said, *(teams.sought(case.after(said)) if data.response == "team" else ()))


def left(message: Message, world: World) -> Decided:
    """An episode closed: its person has none open any more, unless another was opened since or something waits."""
    person, subject = message.data.about, message.subject
    file: File | None = world[person]
    if file is None or file.episode != subject or file.waiting:
        return ()
    return ((person, FileBroughtUp(episode=None)),)
