"""Care-coordination agreements with partners: what stands between us, how fast each answers the other, and until when (CCBHC 3.c)."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Change, Code, Model
from contracts.partners import Text, Urgency

AgreementKind = Literal["signed", "joint-protocol"]
"""`joint-protocol`: both keep to it without a signature."""
AgreedStep = Literal["acknowledge", "triage", "information"]
"""Steps of a referral that an agreement may give a time: we take it, we decide on it, the sender answers what we ask."""


class ResponseTime(Model):
    """How long one step may take under an agreement. `within` as rules have it: 4 bh, 1 bd. It becomes a rule laid over ours."""

    step: AgreedStep
    within: Text
    urgencies: tuple[Urgency, ...] = ("urgent", "routine")
    """An emergency keeps the network's own time, unless the agreement says otherwise; so does what nobody has ranked."""


class PartnerRegistered(Change):
    """An organisation may publish to us, under an agreement: `signed`, or an unsigned `joint-protocol`.

    It takes the place of what was registered before. `contacts` are roles over there, not people; without `ends_on` it has no end.
    """

    type: ClassVar = "partner.registered.v1"
    name: str
    agreement: str
    effective_on: date | None = None
    ends_on: date | None = None
    """Its last day."""
    scope: tuple[Code, ...] = ()
    """What it is about: referrals, crisis, transitions, authorizations."""
    contacts: tuple[Text, ...] = ()
    response_times: tuple[ResponseTime, ...] = ()


class AgreementExpiring(Change):
    """The agreement ends soon: its owner renews it or lets it end. Until then, and after, referrals under it are worked as before."""

    type: ClassVar = "partner.agreement-expiring.v1"
    agreement: str
    ends_on: date
    ends_at: AwareDatetime


class AgreementEnded(Change):
    """Its last day is over and nobody renewed it. Nothing that the partner sent is closed by it, and nothing it sends is refused."""

    type: ClassVar = "partner.agreement-ended.v1"
    agreement: str
    ends_on: date
    ends_at: AwareDatetime


EVENTS = (PartnerRegistered, AgreementExpiring, AgreementEnded)
