"""What people of a network may do: whatever they like (and be refused), or what is next."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from contracts.authorization import LineAsked
from contracts.kernel import Command
from contracts.payers import PayerAnswer
from services.assignment import commands as placing
from services.authorization import commands as authorizing
from services.crisis_routing import commands as crisis
from services.follow_up import commands as caring
from services.intake import commands as intake
from services.notification import commands as telling

DUTY = {
    "role/intake-desk": ("staff/ana", "staff/ben"), "role/coordinator": ("staff/carl", "staff/dora"),
    "role/network-lead": ("staff/eve",), "desk/riverside": ("staff/fay",), "desk/lakeside": ("staff/gil", "staff/dora"),
}  # fmt: skip
CRISIS_DUTY = {"role/crisis-desk": ("staff/fay", "staff/gil"), "desk/teams": ("staff/hal",)}
ANYBODY = ("staff/ana", "staff/carl", "staff/dora", "staff/eve", "staff/fay", "staff/gil", "staff/nobody")
PROGRAMS = ("program/riverside", "program/lakeside", "program/hilltop", "program/grove")
Made = Callable[[Any, datetime], Command]
DAY = timedelta(days=1)


def _just(*commands: Command) -> st.SearchStrategy[Made]:
    return st.sampled_from([lambda _state, _now, one=one: one for one in commands])  # type: ignore[misc]


def _of_program(*kinds: Any) -> st.SearchStrategy[Made]:
    more = {placing.DeclineOffer: {"reason": "no-capacity"}}
    return st.builds(
        lambda kind, program: lambda _state, _now: kind(program=program, **more.get(kind, {})),
        st.sampled_from(kinds),
        st.sampled_from(PROGRAMS),
    )


REQUESTS = _just(
    intake.AcknowledgeRequest(), intake.AskInformation(items=("consent",)), intake.AskInformation(items=("coverage",), of="client"),
    intake.SupplyInformation(items=("consent",)), intake.GoOnWithout(reason="cannot-wait"), intake.WithdrawRequest(reason="not-needed"),
    intake.ReportDeath(), intake.RefuteDeath(), *(intake.TriageRequest(urgency=u, service="therapy") for u in ("urgent", "routine")),
    *(
        intake.CloseRequest(how=how, reason="services-obtained", to="elsewhere")
        for how in ("verified", "asserted", "unmet", "redirected", "died")
    ),
)  # fmt: skip
REOPENED = st.builds(
    lambda ago: lambda _state, now: intake.ReopenRequest(reason="asked-again", asked_at=now - ago), st.sampled_from([DAY * 0, DAY, DAY * 5])
)
CONTACTS = st.builds(
    lambda outcome, ago: lambda _state, now: placing.LogContact(channel="telephone", outcome=outcome, contacted_at=now - ago),
    st.sampled_from(["reached", "no-answer"]), st.sampled_from([DAY * 0, DAY, DAY * 20]),
)  # fmt: skip
HAND_OFFS = st.one_of(
    st.builds(lambda to: lambda _state, _now: placing.AskHandOff(to=to), st.sampled_from([*ANYBODY, *DUTY])),
    _just(placing.AcceptHandOff(), placing.DeclineHandOff(reason="on-leave"), placing.WithdrawHandOff(), placing.TakePlacement()),
)
LINES = (LineAsked(line=1, service="90837", units=8), LineAsked(line=2, service="H0015", units=4))
NEEDED = authorizing.Determine(needed="authorization", payer="example-health", payer_kind="medicaid-managed-care", lines=LINES)


def decided(action: str, line: int, at: datetime) -> Command:
    """What a person reads of a payer's letter."""
    return authorizing.EnterDecision(answer=PayerAnswer(line=line, action=action, units=8, answered_at=at), channel="letter")


AUTHORIZATIONS = st.one_of(
    _just(
        NEEDED, authorizing.Determine(needed="nothing"), authorizing.SubmitAuthorization(channel="portal"), authorizing.FileAppeal(line=1),
        authorizing.WaiveAppeal(line=2, reason="accepted"), authorizing.CancelLine(line=1, reason="not-needed"),
        authorizing.EndAuthorization(reason="other"),
    ),
    st.builds(
        lambda action, line, ago: lambda _state, now: decided(action, line, now - ago), st.sampled_from(["A1", "A3", "A4", "PENDED"]),
        st.sampled_from([1, 2]), st.sampled_from([DAY * 0, DAY * 3]),
    ),
)  # fmt: skip
EPISODES = st.one_of(
    _just(
        crisis.TakeEpisode(), crisis.SeekTeam(), crisis.AskHandOver(to="staff/gil"), crisis.AskHandOver(to="role/crisis-desk"),
        crisis.AcceptHandOver(), crisis.DeclineHandOver(reason="off-duty"), crisis.ResolveByContact(), crisis.VerifyDeath(verified=False),
        crisis.RecordDisposition(disposition="crisis-receiving"), crisis.AcceptPerson(facility="facility/harbor"),
        crisis.NameFollowUp(owner="staff/gil", consent="agreed"), crisis.CloseEpisode(reason="reached"),
    ),
    st.sampled_from([
        lambda state, _now: crisis.ConfirmTeam(team=state.team or "team/north"),
        lambda _state, now: crisis.ReportDeath(reported_at=now),
        lambda _state, now: crisis.ConfirmArrival(facility="facility/harbor", arrived_at=now),
    ]),
    st.builds(
        lambda status: lambda state, now: crisis.ReportFieldStatus(team=state.team or "team/north", status=status, reported_at=now),
        st.sampled_from(["on-scene", "cleared", "declined"]),
    ),
)  # fmt: skip
SEEN = st.sampled_from([lambda state, _now: telling.AcknowledgeAlert(alert=state.ladders[-1].alert if state.ladders else "none")])
ANYTHING: dict[tuple[str, str], st.SearchStrategy[Made]] = {
    ("intake", "request"): REQUESTS | REOPENED,
    ("intake", "view"): _just(intake.SettleViews(stands="ours", finding="they-had-not-heard")),
    ("assignment", "placement"): st.one_of(
        _of_program(placing.AcceptOffer, placing.DeclineOffer, placing.Waitlist), CONTACTS, HAND_OFFS, _just(placing.OfferAgain())
    ),
    ("follow_up", "plan"): st.one_of(
        st.builds(
            lambda ahead: lambda _state, now: caring.BookVisit(starts_at=now + ahead, reason="client-choice"),
            st.sampled_from([DAY / 8, DAY, DAY * 9]),
        ),
        st.builds(lambda ago: lambda _state, now: caring.RecordAttendance(at=now - ago), st.sampled_from([DAY * 0, DAY * 2])),
        st.sampled_from([lambda state, _now: caring.RecordNoShow(visit=state.bookings[0].visit if state.bookings else "none")]),
        st.sampled_from([lambda _state, now: caring.LogContact(at=now, channel="telephone")]),
        st.sampled_from([lambda _state, now: caring.ReportDeath(at=now), lambda _state, _now: caring.RefuteDeath()]),
    ),
    ("authorization", "authorization"): AUTHORIZATIONS,
    ("crisis_routing", "episode"): EPISODES,
    ("notification", "alert"): SEEN,
    ("follow_up", "care"): _just(caring.ConfirmStatus(), caring.ReportOutcome(outcome="completed")),
}  # fmt: skip


def _of_request(state: Any, now: datetime, choice: int) -> Command | None:
    """Seen through from the first look to the last."""
    match state.owed and state.owed.action:
        case "acknowledge-request":
            return intake.AcknowledgeRequest()
        case "triage-request":
            return intake.TriageRequest(urgency=("urgent", "routine")[choice % 2], service="therapy")
        case "wait-for-information":
            return intake.SupplyInformation(items=("consent",))
        case "review-outcome":
            return intake.CloseRequest(how="verified" if state.served else "asserted", reason="services-obtained")
        case "verify-death":
            return intake.RefuteDeath()
    return None


def _of_placement(state: Any, now: datetime, choice: int) -> Command | None:
    asked = state.waiting_on or state.may_say_yes
    if not asked or not state.is_looked_for:
        return placing.OfferAgain() if state.status == "unplaced" else None
    program = asked[choice % len(asked)].program
    return placing.AcceptOffer(program=program) if choice % 3 else placing.DeclineOffer(program=program, reason="no-capacity")


def _of_plan(state: Any, now: datetime, choice: int) -> Command | None:
    if state.status == "ended":
        return None
    if not state.bookings:
        return caring.BookVisit(starts_at=now + DAY / 12, reason="client-choice")
    first = state.bookings[0]
    return caring.RecordAttendance(visit=first.visit, at=first.starts_at) if first.starts_at <= now else None


def _of_authorization(state: Any, now: datetime, choice: int) -> Command | None:
    match state.steps[0].action if state.steps else "":
        case "determine":
            return NEEDED if choice % 4 else authorizing.Determine(needed="nothing")
        case "submit":
            return authorizing.SubmitAuthorization(channel="portal")
        case "await-decision":
            return decided(("A1", "A3")[choice % 2], state.steps[0].line, now)
    return None


def _of_episode(state: Any, now: datetime, choice: int) -> Command | None:
    if state.owner == state.role:
        return crisis.TakeEpisode()
    return crisis.ConfirmTeam(team=state.team) if state.status == "proposed" else None


STEPS: dict[tuple[str, str], Callable[[Any, datetime, int], Command | None]] = {
    ("intake", "request"): _of_request,
    ("assignment", "placement"): _of_placement,
    ("authorization", "authorization"): _of_authorization,
    ("crisis_routing", "episode"): _of_episode,
    ("follow_up", "plan"): _of_plan,
}
"""What somebody does about an item, when they get to it; nothing, where it is somebody else's turn."""
