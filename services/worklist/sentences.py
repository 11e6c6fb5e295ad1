"""What happened, in one sentence for people, whatever the event."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts import (
    absences,
    agreements,
    alerts,
    barriers,
    care_team,
    caseloads,
    consents,
    crisis_lateness,
    directory,
    emergency_access,
    endings,
    intake,
    lateness,
    members,
    needs,
    notices,
    readings,
    recipients,
    risk_flags,
    rosters,
    shift_ends,
    stays,
    upkeep,
    views,
    visits,
)
from contracts import assignment as placing
from contracts import authorization as asking
from contracts.kernel import Event
from services.worklist import authorizing, care, crisis, sides
from services.worklist.words import AGREEMENTS, HELD, action, day, plain, way


def _count(number: int, one: str, many: str) -> str:
    return one if number == 1 else many.format(number)


def _offered(e: placing.PlacementOffered) -> str:
    return f"Offered to {_count(len(e.offers), 'one program', '{} programs')}, round {e.round}"


def _received(e: intake.RequestReceived) -> str:
    how = "from a partner" if e.channel == "partner" else f"by {plain(e.channel).lower()}"
    return f"{plain(e.urgency) if e.urgency else 'Not yet ranked'} request for {plain(e.service).lower()} came in {how}"


def _amended(e: intake.RequestAmended) -> str:
    changed = [name for name in ("service", "urgency", "reason") if getattr(e, name) is not None]
    return f"The sender changed the {' and the '.join(changed)}" if changed else "The sender repeated the request"


ENDED = {
    "verified": "services were obtained, with a recorded visit", "asserted": "services are said to have been obtained",
    "unmet": "the need is unmet", "redirected": "another organisation has it now", "cancelled": "it is not needed any more",
    "entered-in-error": "it was entered in error", "died": "the person has died",
    "joined": "it is worked as one with what another sender asked for",
}  # fmt: skip


def _registered(e: agreements.PartnerRegistered) -> str:
    return f"The partner was registered under {AGREEMENTS.get(e.agreement, plain(e.agreement).lower())}"


def _closed(e: endings.RequestClosed) -> str:
    return f"Closed: {ENDED[e.how]}"


def _raised(e: alerts.AlertRaised) -> str:
    whom = _count(len(e.told), "one person is", "{} people are") if e.told else "nobody is on duty to be"
    what = {"reminder": "reminded that it will be late", "call": "called, because it is late", "transfer": "asked to take it over"}[
        e.purpose
    ]
    return f"{plain(whom)} {what}, level {e.level + 1}"


def _attempt(e: notices.NoticeSent | notices.NoticeDelivered | notices.NoticeAttempted, how: str) -> str:
    return f"A message was {how} {way(e.channel)}"


RECIPIENTS = {"program": "programs", "payer": "the payer", "sender": "whoever referred"}


def _consented(e: consents.ConsentRecorded) -> str:
    beyond = ", as they said on another referral" if e.of else ""
    return f"The person consents that {', '.join(RECIPIENTS[one] for one in e.permit.recipients)} may be told{beyond}"


def _opened(e: emergency_access.AccessOpened) -> str:
    beyond = ", with what 42 CFR Part 2 protects" if e.protected else ""
    return f"Opened in an emergency by somebody outside the care{beyond}: {plain(e.ground).lower()}"


def _revoked(e: consents.ConsentRevoked) -> str:
    if e.by == "unlinked":
        return "The consent was somebody else’s: nothing more is told"
    return f"The person took the consent back{' on another referral' if e.of else ''}: nothing more is told"


def _warned(e: lateness.Warned) -> str:
    return f"Soon due: {action(e.action).lower()}"


def _overdue(e: lateness.Overdue) -> str:
    return f"Overdue: {action(e.action).lower()}, by the rule of {e.citation}"


def _retracted(e: lateness.OverdueRetracted) -> str:
    return f"Was not overdue after all: {action(e.action).lower()}"


SENTENCES: Mapping[type[Event], Callable[[Any], str] | str] = {
    **authorizing.SENTENCES,
    asking.AuthorizationWarned: _warned,
    asking.AuthorizationOverdue: _overdue,
    asking.AuthorizationOverdueRetracted: _retracted,
    intake.ExchangeOpened: "A submission to a payer is known at the front door",
    intake.PayerResponseReceived: "The payer answered",
    intake.RequestReceived: _received,
    intake.RequestAmended: _amended,
    intake.RequestWithdrawn: lambda e: f"The sender took the request back: {plain(e.reason).lower()}",
    intake.RequestAcknowledged: "A person of the intake desk took it",
    endings.RequestServiceRetracted: "The first visit did not take place after all",
    endings.RequestServiceStarted: "The first visit took place, so services were obtained",
    endings.RequestOutcomeReported: lambda e: f"Those who had it are done: {plain(e.outcome).lower()}; somebody reviews it",
    endings.RequestClosed: _closed,
    endings.RequestReopened: lambda e: f"Opened again: {plain(e.reason).lower()}",
    needs.RequestJoined: "Another sender asked for the same; it is worked as one, counted from whoever asked first",
    needs.RequestParted: "What another sender asked for is worked by itself again",
    needs.RequestStatusPassedOn: "Whoever else asked for the same is told where it stands",
    endings.RequestDeathReported: "A death was reported; nobody is contacted until it is verified",
    endings.RequestDeathRetracted: "The report of a death was wrong; it goes on",
    endings.RecordDeathNoted: "A death was reported of this person",
    endings.RecordDeathVerified: "Somebody verified that this person died",
    endings.RecordDeathRefuted: "This person lives",
    endings.ClusterLearned: "What is known of a death was passed on between this person's records",
    intake.RequestTriaged: lambda e: f"Triaged as {e.urgency} for {plain(e.service).lower()}",
    intake.RequestInformationAsked: lambda e: f"The {e.of} was asked for {', '.join(plain(item).lower() for item in e.items)}",
    intake.RequestInformationSupplied: "What was asked came",
    intake.RequestInformationWaived: lambda e: f"It goes on without what was asked: {plain(e.reason).lower()}",
    consents.ConsentAsked: "The person must be asked for consent",
    consents.ConsentAttempted: lambda e: f"The person was asked for consent: {plain(e.outcome).lower()}",
    consents.ConsentRecorded: _consented,
    consents.ConsentRevoked: _revoked,
    consents.RecordConsentsLearned: "What the person consents to was passed on between their referrals",
    consents.ConsentExpired: "The consent ran out: nothing more is told",
    consents.EmergencyRecorded: "A medical emergency is on record: programs may be told what they need",
    consents.EmergencyEnded: "The recorded emergency is over",
    consents.DisclosureWithheld: lambda e: f"Not told to {RECIPIENTS[e.to]}: no consent is in force",
    consents.ConsentSettled: lambda e: f"Nobody is to be asked for consent any more: {plain(e.reason).lower()}",
    emergency_access.AccessOpened: _opened,
    emergency_access.AccessReviewed: lambda e: f"Emergency access was reviewed: {plain(e.finding).lower()}",
    intake.RecordWarned: _warned,
    intake.RecordOverdue: _overdue,
    emergency_access.AccessWarned: _warned,
    emergency_access.AccessOverdue: _overdue,
    consents.ConsentWarned: _warned,
    consents.ConsentOverdue: _overdue,
    intake.RequestWarned: _warned,
    intake.RequestOverdue: _overdue,
    intake.RequestOverdueRetracted: _retracted,
    stays.StayReceived: lambda e: f"A facility told of a stay: {plain(e.step).lower()}",
    visits.VisitReceived: lambda e: f"A partner told of a visit: {plain(e.step).lower()}",
    intake.RecordOpened: "A partner's record of this person became known",
    intake.RecordAmended: lambda e: "What was known of this person was corrected" if e.cleared else "More is known of this person",
    intake.RecordLinked: lambda e: (
        "This record is somebody else's: it is by itself again"
        if e.by == intake.UNLINKED
        else "This record and another are the same person"
    ),
    barriers.BarrierNoted: lambda e: f"Something stands in the way of care: {plain(e.barrier).lower()}",
    barriers.BarrierResolved: lambda e: f"What stood in the way of care is seen to: {plain(e.how).lower()}",
    barriers.BarrierWarned: _warned,
    barriers.BarrierOverdue: _overdue,
    risk_flags.RiskFlagged: lambda e: f"A risk was flagged: {plain(e.risk).lower()}, from {plain(e.source).lower()}",
    risk_flags.RiskFlagReviewed: "Somebody looked again: the risk is still there",
    risk_flags.RiskFlagLifted: "Somebody looked again: the risk is over, and the flag is gone",
    risk_flags.RiskFlagWarned: _warned,
    risk_flags.RiskFlagOverdue: _overdue,
    intake.ProgramsAvoided: lambda e: (
        f"The person will not go to {_count(len(e.avoid), 'one program', '{} programs')}: none of them is asked"
        if e.avoid
        else "The person avoids no program any more"
    ),
    intake.RecordKeptApart: "Somebody looked: this record is of nobody else",
    intake.RecordConflicted: "Identifiers point at different people; somebody must look",
    intake.CandidateFound: "Another record has the same name and birth date",
    agreements.PartnerRegistered: _registered,
    agreements.AgreementExpiring: lambda e: f"The agreement ends on {day(e.ends_on)}; somebody renews it or lets it end",
    agreements.AgreementEnded: lambda e: f"The agreement ended on {day(e.ends_on)} and was not renewed",
    directory.DirectoryListed: lambda e: f"The directory lists {_count(len(e.programs), 'one program', '{} programs')}",
    care_team.CareTeamJoined: "Somebody joined the care team",
    care_team.CareTeamCorrected: "What was known of somebody on the care team was corrected",
    care_team.CareTeamLeft: lambda e: f"Somebody left the care team: {plain(e.reason).lower()}",
    placing.PlacementOpened: "The search for a place began",
    placing.PlacementLabelled: "It is to be handled under a stricter label from now on",
    placing.OwnerAssigned: "A person answers for it now",
    placing.OwnerSought: lambda e: "Nobody on duty has room for it" if e.full else "Somebody with room is looked for",
    placing.PlacementCounted: "It counts towards the caseload of whoever has it now",
    caseloads.CaseloadTaken: lambda e: f"It counts towards this caseload, of {e.limit} at most",
    caseloads.CaseloadFreed: "It counts towards this caseload no more",
    placing.PlacementOffered: _offered,
    placing.PlacementAccepted: "A program accepted",
    placing.PlacementDeclined: lambda e: f"A program declined: {plain(e.reason).lower()}",
    placing.OfferUnanswered: "A program did not answer in time; a late yes still counts",
    placing.NoProgramAvailable: lambda e: f"No program is left to ask for {plain(e.service).lower()}",
    placing.DisclosureChanged: "What programs may be told of the person changed",
    placing.PlacementWithheld: "No program is asked: no consent is in force",
    placing.PlacementWaitlisted: "A program keeps the person in its list; others are still asked",
    placing.PlacementContactLogged: lambda e: f"Contact with the {e.spoke_with}: {plain(e.outcome).lower()}",
    placing.PlacementWarned: _warned,
    placing.PlacementOverdue: _overdue,
    placing.PlacementOverdueRetracted: _retracted,
    placing.HandOffAsked: lambda e: f"{'The owner' if e.by == (e.owner or e.by) else 'Somebody else'} asked for it to be taken over",
    placing.HandOffUnanswered: "Nobody answered the hand-off in time; it is its owner's, and a late yes still counts",
    placing.HandedOff: "The new owner took over",
    placing.HandOffDeclined: lambda e: f"The hand-off was declined: {plain(e.reason).lower()}",
    placing.HandOffWithdrawn: "The hand-off is no longer asked",
    placing.PlacementHalted: "Nobody is asked for a place until a reported death is verified",
    placing.PlacementResumed: "A place may be looked for again",
    placing.PlacementCountedEarlier: "The person's time counts from when it was first asked for",
    placing.PlacementReopened: "The search for a place began anew",
    placing.PlacementEnded: lambda e: f"The search for a place ended: {plain(e.reason).lower()}",
    alerts.AlertRaised: _raised,
    alerts.AlertPassedOn: "Who was called is away; their backup is called",
    alerts.AlertHeld: "Who was called is told of it later, with other things",
    alerts.AlertAcknowledged: "Somebody has seen the call; nothing was done yet",
    alerts.AlertActed: lambda e: f"Acted on; {_count(len(e.alerts), 'one call', '{} calls')} ended",
    alerts.AlertPostponed: "Still nobody is on duty; somebody is looked for again",
    alerts.AlertAbandoned: lambda e: f"{'Nobody acted' if e.reason == 'unanswered' else 'Nobody is on duty'}, level {e.level + 1}",
    alerts.AlertStopped: "A death was reported; nobody is reminded of this any more",
    notices.NoticeQueued: lambda e: f"A message of {_count(len(e.entries), 'one call', '{} calls')} was queued",
    notices.NoticeAttempted: lambda e: _attempt(e, "begun to be handed over"),
    notices.NoticeSent: lambda e: _attempt(e, "handed over"),
    notices.NoticeDelivered: lambda e: _attempt(e, "delivered"),
    notices.NoticeDeferred: "A message could not be handed over yet; it is tried again",
    notices.NoticeFailed: lambda e: f"A message failed {way(e.channel)}; {'the next way is tried' if e.next_channel else 'no way is left'}",
    notices.NoticeWithdrawn: "A message was not needed any more",
    recipients.RecipientListed: lambda e: f"{_count(len(e.contacts), 'One way', '{} ways')} to tell this person is known",
    recipients.RecipientPreferred: "This person chose how to be told",
    recipients.RecipientAway: lambda e: f"This person is away{'; somebody stands in' if e.backup else ''}",
    recipients.RecipientHeld: lambda e: f"A call waits: {HELD[e.why]}",
    recipients.RecipientHandedOn: "What was held for this person is told to whoever stands in",
    recipients.RecipientTold: lambda e: f"Told of {_count(len(e.alerts), 'one call', '{} calls')}",
    recipients.RecipientBounced: lambda e: f"An address for {plain(e.channel).lower()} takes no messages",
    absences.AbsenceNoted: "This person is away; what they answer for is asked of who stands in",
    absences.AbsenceFollowed: "What they answer for was asked of who stands in",
    absences.AbsencesListed: lambda e: f"{_count(len(e.away), 'One person is', '{} people are')} away; nothing new is given to them",
    shift_ends.ShiftsListed: lambda e: f"{_count(len(e.shifts), 'One shift is', '{} shifts are')} to end",
    shift_ends.ShiftFollowed: "A shift ended; what its person answered for was asked of the next",
    members.MembersListed: lambda e: f"{_count(len(e.organisations), 'One person belongs', '{} people belong')} to organisations",
    rosters.RosterListed: lambda e: f"People on duty behind {_count(len(e.staff), 'one role', '{} roles')}",
    rosters.RosterSubscribed: lambda e: f"{_count(len(e.subscriptions), 'One subscription', '{} subscriptions')} to calls",
    rosters.RosterShifted: lambda e: f"{_count(len(e.shifts), 'One shift', '{} shifts')} listed",
    rosters.SilenceBegun: "A death was reported; nobody is told anything about this person",
    rosters.SilenceEnded: "The report of a death was wrong",
    rosters.SilenceFollowed: "What else is about this person heard of it",
    rosters.BelongingSilenced: "Whom it is about was reported dead, or lives after all",
    rosters.BelongingLearned: "Whose it is was learned: whoever subscribed to them is called as well",
    **crisis.SENTENCES,
    crisis_lateness.EpisodeWarned: _warned,
    crisis_lateness.EpisodeOverdue: _overdue,
    crisis_lateness.EpisodeOverdueRetracted: _retracted,
    **care.SENTENCES,
    **sides.SENTENCES,
    views.ViewWarned: _warned,
    views.ViewOverdue: _overdue,
    **dict.fromkeys(care.WARNED, _warned),
    **dict.fromkeys(care.OVERDUE, _overdue),
    **dict.fromkeys(care.RETRACTED, _retracted),
    readings.ReadingRecorded: lambda e: f"{_count(len(e.records), 'One person was', '{} people were')} shown",
    readings.ReadingExported: lambda e: f"A list of {_count(e.rows, 'one row', '{} rows')} was taken away",
    readings.ReadingRefused: "Somebody was not let in",
    upkeep.InputQuarantined: "An input could not be used; somebody must look",
    upkeep.InputRevealed: lambda e: f"What the input holds was opened: {plain(e.reason).lower()}",
    upkeep.InputRepaired: lambda e: "The input was repaired and decided on" if e.repaired else "The input was decided on again",
    upkeep.InputDiscarded: "The input was looked at and set aside",
    upkeep.AggregateParked: "A message could not be decided on; later ones wait behind it",
    upkeep.AggregateReleased: lambda e: f"Released; {_count(e.replayed, 'one message', '{} messages')} decided on",
    upkeep.MessageOverdue: "A message still waits for one that did not come",
}


def sentence(type_: str, data: Event | None) -> str:
    """What happened, in one sentence. A type that is newer than this build is told by its own name."""
    told = SENTENCES.get(type(data)) if data is not None else None
    if told is None:
        return plain(" ".join(part.lower() for part in type_.replace(".", "-").split("-") if not part[1:].isdigit()))
    return told if isinstance(told, str) else told(data)
