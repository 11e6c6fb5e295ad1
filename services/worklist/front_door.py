"""What the front door's facts tell of their items: requests, consents, people's records, emergencies, partners. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts import agreements, consents, emergency_access, endings, intake, needs
from contracts.kernel import Event, derived
from services.worklist import details
from services.worklist.patches import Patch, known, stored

ALIKE = "alike_"
"""What begins the field of a record that somebody must compare this one with."""
OPENINGS, OPENED = "access", "opened_"
"""The kind of what was opened of a person in an emergency, and what begins the field of whoever opened it."""


def _received(e: intake.RequestReceived) -> Patch:
    told = known(e, "partner", "reference", "record", "requested_at", "service", "urgency", "sender", "consent", "channel")
    return {"status": "received", **told}


def _registered(e: agreements.PartnerRegistered) -> Patch:
    """The agreement takes the place of the one before, whole."""
    days = {name: day.isoformat() if (day := getattr(e, name)) else None for name in ("effective_on", "ends_on")}
    times = [[one.step, one.within, list(one.urgencies)] for one in e.response_times] or None
    lists = {"scope": list(e.scope) or None, "contacts": list(e.contacts) or None, "response_times": times}
    return {"status": "registered", "name": e.name, "agreement": e.agreement, "ends_at": None, **days, **lists}


def _consent(e: consents.PermitChanged) -> Patch:
    """With the permit as it stands: whoever is on the person's team sees no further than it opens."""
    return {"status": e.type.split(".")[1], "record": e.record, "request": e.request, "permit": e.permit.model_dump(exclude_none=True)}


def opened_by(account: str) -> str:
    """The field of what somebody opened. An account may be called anything, dots too; a field may not."""
    return OPENED + derived("opened", account)


def _opened(e: emergency_access.AccessOpened) -> Patch:
    """Who may see the person until when, and whether what 42 CFR Part 2 protects as well."""
    shown = {
        "by": e.by,
        "until": stored(e.until),
        "protected": e.protected,
        "ground": e.ground,
        "at": stored(e.opened_at),
        "words": e.words.sealed,
    }
    return {"status": "access-opened", "record": e.record, opened_by(e.by): shown}


def _reviewed(e: emergency_access.AccessReviewed, at: datetime) -> Patch:
    return {"status": f"access-{e.finding}", "finding": e.finding, "reviewer": e.by, "reviewed_at": at}


def _details(e: intake.RecordOpened | intake.RecordAmended) -> Patch:
    """The tokens of what may be shown to whom it may be shown."""
    return details.kept(e.details, getattr(e, "cleared", ()))


def _alike(other: str) -> str:
    return ALIKE + derived("alike", other)


def _kept_apart(e: intake.RecordKeptApart) -> Patch:
    return {"status": "kept-apart", **{_alike(one): None for one in e.others}}


def _linked(e: intake.RecordLinked) -> Patch:
    by_person = {} if e.by == intake.BY_NUMBER else {"status": "unlinked" if e.by == intake.UNLINKED else "linked"}
    return {"group": e.person, **by_person, **({_alike(e.other): None} if e.other else {})}


PROJECTED: Mapping[type[Event], Callable[[Any], Patch]] = {
    intake.RequestReceived: _received,
    intake.RequestAmended: lambda e: known(e, "service", "urgency"),
    intake.RequestWithdrawn: lambda e: {"status": "withdrawn", "closed": True},
    needs.RequestJoined: lambda e: known(e, "requested_at", "urgency"),
    intake.RequestAcknowledged: lambda e: {"status": "acknowledged"},
    intake.RequestInformationAsked: lambda e: {"status": "needs-info"},
    intake.RequestInformationSupplied: lambda e: {"status": "acknowledged"},
    intake.RequestInformationWaived: lambda e: {"status": "acknowledged"},
    **dict.fromkeys(consents.CHANGES, _consent),
    consents.ConsentAsked: lambda e: {"status": f"consent-{e.reason}", "record": e.record, "request": e.request},
    consents.DisclosureWithheld: lambda e: {"status": "withheld", "record": e.record, "request": e.request},
    consents.ConsentAttempted: lambda e: {"status": f"consent-{e.outcome}"},
    consents.ConsentSettled: lambda e: {"status": "settled"},
    emergency_access.AccessOpened: _opened,
    endings.RequestOutcomeReported: lambda e: {"status": "outcome-reported"},
    endings.RequestClosed: lambda e: {"status": f"closed-{e.how}", "closed": True},
    endings.RequestReopened: lambda e: {"status": "acknowledged", "closed": False, **known(e, "interval", "requested_at", "service")},
    endings.RequestDeathReported: lambda e: {"status": "death-reported"},
    endings.RequestDeathRetracted: lambda e: {"status": "resumed"},
    intake.RequestTriaged: lambda e: {"status": "triaged", **known(e, "urgency", "service")},
    intake.RecordOpened: lambda e: {"status": "opened", "partner": e.partner, "group": e.person, **_details(e)},
    intake.RecordAmended: _details,
    intake.RecordLinked: _linked,
    intake.RecordKeptApart: _kept_apart,
    intake.RecordConflicted: lambda e: {"status": "conflicted"},
    intake.CandidateFound: lambda e: {"status": "possible-duplicate", _alike(e.other): e.other},
    agreements.PartnerRegistered: _registered,
    agreements.AgreementExpiring: lambda e: {"status": "agreement-expiring", "ends_at": stored(e.ends_at)},
    agreements.AgreementEnded: lambda e: {"status": "agreement-ended", "ends_at": stored(e.ends_at)},
}
DATED: Mapping[type[Event], Callable[[Any, datetime], Patch]] = {emergency_access.AccessReviewed: _reviewed}
