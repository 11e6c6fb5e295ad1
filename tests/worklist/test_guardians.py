"""With whom one speaks of somebody who does not answer alone: shown with the person, to whom the person may be shown."""

from contracts.intake import RecordOpened
from contracts.kernel import Personal
from contracts.partners import Guardian, PersonDetails
from infra.sealing import seal
from services.worklist import rows
from services.worklist.projections import PROJECTED

RECORD, KEY = "record/1", bytes(32)
MOTHER = Guardian(
    given_name=Personal("Marisol"), family_name=Personal("Testperson"), phone=Personal("555-0142"), language=Personal("es-MX")
)


def shown(guardian: Guardian | None) -> rows.Shown | None:
    details = PersonDetails(given_name=Personal("Ada"), language=Personal("en"), guardian=guardian)
    said = seal(RecordOpened(record=RECORD, partner="lakeside", person="person/1", details=details), RECORD, KEY)
    section = PROJECTED[RecordOpened](said)
    assert "Marisol" not in repr(section)
    return rows._opened(RECORD, {"_id": RECORD, "sections": {"intake-events": {RECORD: section}}}, KEY)


def test_a_guardian_is_told_by_name_number_and_language():
    found = shown(MOTHER)
    assert found and (found.language, found.guardian) == ("English", "Marisol Testperson, 555-0142, speaks Spanish")


def test_whoever_has_none_is_spoken_with():
    found = shown(None)
    assert found and found.guardian == ""
