"""Care teams: who takes part in a person's care, from which organisation, in what role. A team has no clock and no next step."""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.care_team import LEAD, CareTeamChange, CareTeamCorrected, CareTeamJoined, CareTeamLeft
from contracts.kernel import Change, Decision, Fact, Message, Model, Reason, Refused, State
from services.assignment.commands import CorrectCareTeam, JoinCareTeam, LeaveCareTeam

ON_IT = Reason("TL-5221", "/organisation", "they take part already: correct what is known of them, or have them leave")
NOT_ON_IT = Reason("TL-5222", "/organisation", "they are not on this team: name them as the team has them")
NOT_YET = Reason("TL-5223", "/since", "somebody joins or leaves when they do, not ahead")
ONE_LEADS = Reason("TL-5225", "/role", "somebody else is the lead coordinator: correct what they do first")
A_PERSON = Reason("TL-5226", "/member", "a person leads, not an organisation: name who of them")
Key = tuple[str, str | None]


class Part(Model):
    """What somebody does for the person, and since when."""

    organisation: str
    member: str | None = None
    role: str
    since: AwareDatetime

    @property
    def key(self) -> Key:
        return self.organisation, self.member


class CareTeam(State):
    """Who is on it now."""

    parts: tuple[Part, ...] = ()

    @property
    def lead(self) -> Key | None:
        return next((one.key for one in self.parts if one.role == LEAD), None)

    def part(self, key: Key) -> Part | None:
        return next((one for one in self.parts if one.key == key), None)


def decide(message: Message, team: CareTeam | None, now: datetime) -> Decision:
    """A person's word about somebody on the team."""
    data: JoinCareTeam | LeaveCareTeam | CorrectCareTeam = message.data
    known = team.part((data.organisation, data.member)) if team else None
    if not isinstance(data, LeaveCareTeam) and data.role == LEAD and (reason := _may_not_lead(data, team)):
        return Refused((reason,))
    said = _joined(message, data, known, now) if isinstance(data, JoinCareTeam) else _of_known(message, data, known, now)
    return Refused((said,)) if isinstance(said, Reason) else [Fact(message.subject, said)] if said else []


def _may_not_lead(data: JoinCareTeam | CorrectCareTeam, team: CareTeam | None) -> Reason | None:
    if data.member is None:
        return A_PERSON
    return ONE_LEADS if team and team.lead not in (None, (data.organisation, data.member)) else None


def _joined(message: Message, data: JoinCareTeam, known: Part | None, now: datetime) -> Change | Reason:
    since = data.since or now
    if known:
        return ON_IT
    return NOT_YET if since > now else CareTeamJoined(**_about(message), role=data.role, since=since)


def _of_known(message: Message, data: LeaveCareTeam | CorrectCareTeam, known: Part | None, now: datetime) -> Change | Reason | None:
    if known is None:
        return NOT_ON_IT
    if isinstance(data, LeaveCareTeam):
        at = data.left_at or now
        return NOT_YET if at > now else CareTeamLeft(**_about(message), left_at=at, reason=data.reason)
    role, since = data.role or known.role, data.since or known.since
    if since > now:
        return NOT_YET
    same = (role, since) == (known.role, known.since)
    return None if same else CareTeamCorrected(**_about(message), role=role, since=since)


def _about(message: Message) -> dict[str, str | None]:
    record, data = message.subject.replace("care-team/", "record/", 1), message.data
    return {"record": record, "organisation": data.organisation, "member": data.member, "by": message.actor.id}


def evolve(state: CareTeam | None, fact: Change) -> CareTeam | None:
    """Who is on the team after this."""
    if not isinstance(fact, CareTeamChange):
        return state
    others = tuple(one for one in (state.parts if state else ()) if one.key != (fact.organisation, fact.member))
    if isinstance(fact, CareTeamJoined | CareTeamCorrected):
        others += (Part(organisation=fact.organisation, member=fact.member, role=fact.role, since=fact.since),)
    return CareTeam(parts=others)
