"""How somebody came into care, for walks that begin later: asked for, taken, triaged, accepted, seen. Told in no story; all of it real."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.walks.doors import Partner, Person, at, eventually
from tests.walks.world import World

MEDICAID = "http://hl7.org/fhir/sid/us-medicaid"


@dataclass(frozen=True)
class InCare:
    """A referral that a program took, with its plan and its record."""

    item: str
    record: str

    @property
    def plan(self) -> str:
        return self.item.replace("referral/", "plan/")


def numbered(world: World, system: str) -> dict[str, Any]:
    """An identifier of a person that nobody has yet."""
    return {"system": system, "value": f"EX-{world.number()}"}


def accepted(
    world: World, partner: Partner, somebody: dict[str, Any], service: str, program: str, desk: Person, front: Person,
    **covered: str,
) -> InCare:  # fmt: skip
    """From the partner's word to the program's yes; `covered` by whom, where somebody is."""
    reference = f"{partner.id[:2].upper()}-{world.number()}"
    partner.send(
        "referral.requested.v1", reference=reference, requested_at=at(world.now - timedelta(minutes=20)), service=service,
        urgency="routine", person=somebody,
    )  # fmt: skip
    item = front.newest(partner.id, service)
    if covered:
        front.post("authorization", f"/v1/coverages/{front.item(item)['record'].partition('/')[2]}/record-coverage", covered)
    front.does(item, "acknowledge-request")
    front.does(item, "triage-request", urgency="routine", service=service)
    desk.does(item, "accept-offer", program=program)
    row = eventually(lambda: front.item(item), lambda row: row["action"] == "Book a first visit", f"{item} accepted")
    return InCare(item, row["record"])


def seen(world: World, care: InCare, desk: Person, kind: str = "service") -> None:
    """A visit that was not booked before, just now."""
    desk.does(care.plan, "record-attendance", at=at(world.now - timedelta(minutes=1)), kind=kind, channel="in-person")
