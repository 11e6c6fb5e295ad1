"""People whom partners tell of and of whom ours say more: records, questions of identity, corrections. Decisions alone, no runtime."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from contracts.kernel import Actor, Change, Personal
from contracts.partners import Identifier, PersonDetails, ReferralAmended, ReferralRequested
from services.intake.records import Named, Record
from tests.intake.lives import NINE, Life, blind

OAK, PINE, ELM = "oakfield", "pinewood", "elmhurst"
STEWARD = "staff/sam"
BORN = date(1990, 1, 31)


def numbered(*numbers: str) -> tuple[Identifier, ...]:
    """Numbers of the whole network."""
    return tuple(Identifier(system="urn:network:person", value=Personal(one)) for one in numbers)


def details(partner: str, *numbers: str, given: str | None = None, **more: Any) -> PersonDetails:
    """Somebody by their own number at a partner; by name where `given` is there."""
    own = (Identifier(system="urn:example:mrn", value=Personal(f"m-{partner}")),)
    named = {"given_name": Personal(given), "family_name": Personal("Testperson"), "birth_date": Personal(BORN)} if given else {}
    return PersonDetails(identifiers=(*own, *numbered(*numbers)), **named, **more)


def record_of(partner: str) -> str:
    return Named(partner, details(partner), "", blind).record


@dataclass
class People(Life):
    """Whoever partners refer, and what ours say of them."""

    asked: int = 0

    def refers(self, partner: str, *numbers: str, given: str | None = None, **more: Any) -> list[Change]:
        self.asked += 1
        self.now += timedelta(minutes=1)
        number, person = f"{partner}-{self.asked}", details(partner, *numbers, given=given, **more)
        asks = ReferralRequested(reference=number, requested_at=NINE, person=person, service="therapy")
        return self._take(asks, "", Actor("system", partner), f"partner-in-{partner}")

    def amends(self, partner: str, reference: str, person: PersonDetails) -> list[Change]:
        self.now += timedelta(minutes=1)
        return self._take(ReferralAmended(reference=reference, person=person), "", Actor("system", partner), f"partner-in-{partner}")

    def says(self, partner: str, command: Any, by: str = STEWARD) -> list[Change]:
        """One of ours, of a partner's record."""
        self.now += timedelta(minutes=1)
        return self._take(command, record_of(partner), Actor("user", by))

    def known(self, partner: str) -> Record:
        return self.states[record_of(partner)]

    def why_not(self) -> list[str]:
        """The codes of the last refusal."""
        return [one.code for one in self.refused.reasons] if self.refused else []
