"""A Patient that is said to have died, in whatever message it came: a word of its own, where no event of the message says it already."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contracts.partners import DeathTold
from services.intake import fhir_conformance, fhir_person
from services.intake.entry import Entry, read_as
from services.intake.fhir_bundle import Package, Resource
from services.intake.fhir_element import text

UNNUMBERED = "deceased"
"""The number of a word that has none: a Patient's own would name the person."""


def patients(package: Package) -> list[Resource]:
    return [each for each in package.of("Patient") if fhir_person.is_deceased(each.body)]


def entries(package: Package, heard: Sequence[Entry]) -> Iterator[Entry]:
    """One for each Patient that died; none where the only one is the person of an event that says so."""
    dead = patients(package)
    told = [each for each in heard if each.event and getattr(getattr(each.event, "person", None), "deceased", None)]
    if not (len(dead) == 1 and told):
        yield from map(_entry, dead)


def _entry(patient: Resource) -> Entry:
    person, told = fhir_person.details(patient)
    told += fhir_conformance.issues(patient)
    number = text(patient.scope.body.get("id")) if patient.scope.is_bundle else None
    return replace(read_as(DeathTold, {"reference": number or UNNUMBERED, "person": person}, patient.pointer, told), reference=number)
