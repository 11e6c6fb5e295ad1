"""What one of us says of a person: a correction of their record, the rules for reaching them, what they want of their care."""

from datetime import datetime

from contracts.kernel import Blind, Decision, Message, Reason, Refused, Route, World
from contracts.partners import PersonDetails
from contracts.people import Preferences, SafeContact
from services.intake import records, requests
from services.intake.commands import AmendRecord, SetContactRules, SetPreferences
from services.intake.records import Keys

NOTHING_SAID = Reason("TL-5161", "", "say what is known, or what of it is not so")
NOT_HERE = Reason("TL-5162", "/details/deceased", "a death has a command of its own: report-death, refute-death")
WHOLE_NAME = Reason("TL-5163", "/details", "state family name, given name and birth date together, so that others of that name are found")
NOT_OURS = Reason("TL-5164", "/details/identifiers", "only numbers of the whole network are ours to tell; a partner tells its own")
TRIPLE = ("family_name", "given_name", "birth_date")
Said = AmendRecord | SetContactRules | SetPreferences


def keys(details: PersonDetails, blind: Blind) -> Keys:
    """What is told by one of us takes no number of a partner's."""
    network, alike = records.network_claims(details, blind), records.alike_claims(details, blind)
    return Keys((*network, *alike), network, alike)


def route(message: Message, blind: Blind) -> Route:
    """The record, and whoever else has the same number, or the same name and birth date."""
    return Route((message.subject,), keys(stated(message.data), blind).claims)


def stated(data: Said) -> PersonDetails:
    match data:
        case AmendRecord():
            return data.details
        case SetContactRules():
            return PersonDetails(safe_contact=data.rules) if data.rules != SafeContact() else PersonDetails()
        case SetPreferences():
            return PersonDetails(preferences=data.preferences) if data.preferences != Preferences() else PersonDetails()


def cleared(data: Said) -> tuple[str, ...]:
    match data:
        case AmendRecord():
            return data.not_so
        case SetContactRules():
            return ("safe_contact",) if data.anew else ()
        case SetPreferences():
            return ("preferences",) if data.anew else ()


def amended(message: Message, world: World, now: datetime) -> Decision:
    """What is absent stands; what is not so is taken back, also where nothing better is known."""
    if world[message.subject] is None:
        return Refused((requests.UNKNOWN,))
    details, taken_back = stated(message.data), cleared(message.data)
    if reason := _unfit(details, taken_back):
        return Refused((reason,))
    return list(records.told(message.subject, details, keys(details, world.blind), world, now, cleared=taken_back))


def _unfit(details: PersonDetails, taken_back: tuple[str, ...]) -> Reason | None:
    if details == PersonDetails() and not taken_back:
        return NOTHING_SAID
    if details.deceased is not None:
        return NOT_HERE
    named = [name for name in TRIPLE if getattr(details, name) is not None]
    if named and len(named) < len(TRIPLE) and not set(TRIPLE) & set(taken_back):
        return WHOLE_NAME
    is_ours = all(one.system in records.NETWORK_SYSTEMS for one in details.identifiers)
    return None if is_ours else NOT_OURS
