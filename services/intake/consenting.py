"""What people say of the consent of a referral: given, taken back, asked for in vain, let rest; or an emergency goes before it."""

from datetime import datetime

from contracts.clocks import Step
from contracts.consents import ConsentAttempted, ConsentRecorded, ConsentRevoked, ConsentSettled, EmergencyRecorded
from contracts.kernel import Change, Decision, Fact, Message, Reason, Refused, World
from services.intake.commands import LogConsentAttempt, RecordConsent, RecordEmergency, RevokeConsent, WaiveConsent
from services.intake.consents import ALLOWED, STANDING, Consent, ask_again, changed, nothing, still
from services.intake.disclosing import told_now
from services.intake.requests import Request
from services.intake.rules import RULES

NONE_STANDS = Reason("TL-5141", "", "no consent stands: record one first")
ENDED_BEFORE = Reason("TL-5142", "/expires_at", "a consent that has run out opens nothing: record the one that stands")
NOT_YET = Reason("TL-5143", "/attempted_at", "log an attempt when it was made")
NOTHING_OWED = Reason("TL-5144", "", "nobody is to be asked for consent now")
NO_REQUEST = Reason("TL-5145", "", "there is no such referral")


def command(message: Message, world: World, now: datetime) -> Decision:
    """A person's word about the consent of a referral."""
    request: Request | None = world[f"request/{message.subject.partition('/')[2]}"]
    if request is None:
        return Refused((NO_REQUEST,))
    known = world[message.subject] or Consent(request=f"request/{message.subject.partition('/')[2]}", record=request.record)
    said = _decided(known, request, message, now)
    if isinstance(said, Reason):
        return Refused((said,), ALLOWED if known.owed else STANDING)
    told = told_now(known, said, request, now) if isinstance(said, ConsentRecorded) else []
    return [Fact(message.subject, said), *told]


def _decided(known: Consent, request: Request, message: Message, now: datetime) -> Change | Reason:
    data, by = message.data, message.actor.id
    about = {"request": known.request, "record": known.record, "by": by}
    match data:
        case RecordConsent():
            if data.expires_at and data.expires_at <= now:
                return ENDED_BEFORE
            given = {"consent": data.consent, "recipients": data.recipients, "until": data.expires_at}
            said = {"signed_at": data.signed_at, "recorded_at": now, "scope": data.scope}
            return ConsentRecorded(**about, permit=changed(known.permit, **given), **said, next=nothing())
        case RevokeConsent():
            if known.permit.consent is None:
                return NONE_STANDS
            shut, consent = changed(known.permit, consent=None, recipients=(), until=None), known.permit.consent
            step = ask_again(request, now) if request.is_open and request.sensitivity else Step(nothing())
            return ConsentRevoked(**about, permit=shut, consent=consent, revoked_at=now, **step._asdict())
        case RecordEmergency():
            until = RULES.clock("emergency-disclosure", now, now=now).due_at
            opened = changed(known.permit, emergency_until=until)
            return EmergencyRecorded(**about, permit=opened, reason=data.reason, recorded_at=now, next=still(known) or nothing())
        case WaiveConsent():
            return ConsentSettled(reason=data.reason, by=by, next=nothing()) if known.owed else NOTHING_OWED
        case LogConsentAttempt():
            at = data.attempted_at or now
            again = ask_again(request, now) if known.owed else Step(nothing())
            return NOT_YET if at > now else ConsentAttempted(by=by, outcome=data.outcome, attempted_at=at, **again._asdict())
    raise TypeError(data.type)
