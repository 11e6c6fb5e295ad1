"""The network file: every fault is told by its place, with what to do, and never with its value."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import network
from deploy.network import Agreement
from deploy.tokens import EXAMPLE, principal
from infra.problems import Problem
from infra.ruledirs import CALENDAR, calendar
from services.assignment.rules import hours_of


def example() -> dict[str, Any]:
    return yaml.safe_load(EXAMPLE.read_text("utf-8"))


def refused(tmp_path: Path, said: object) -> str:
    file = tmp_path / "network.yaml"
    file.write_text(said if isinstance(said, str) else yaml.safe_dump(said))
    with pytest.raises(Problem) as told:
        network.load(file)
    return str(told.value)


def test_the_example_is_a_network():
    found = network.load(EXAMPLE)
    assert (len(found.partners), len(found.programs), len(found.staff)) == (7, 9, 16)
    listed = found.directory()
    programs, staff = listed.programs, listed.staff
    assert all(program.desk in staff for program in programs), "somebody is on duty at every desk"
    roster = found.roster()
    assert all(one.desk in roster.staff for one in (*roster.teams, *roster.facilities)) and "role/crisis-desk" in roster.staff
    assert {area for team in roster.teams for area in team.areas} == set(roster.areas), "every area has a team"


def test_an_unknown_key_is_refused_where_it_stands(tmp_path: Path):
    said = example()
    said["programs"][2]["plases"] = 3
    said["requirements"][0]["lines"][0]["units_max"] = 3
    told = refused(tmp_path, said)
    assert "/programs/2/plases: nobody knows this key" in told and "/requirements/0/lines/0/units_max: nobody knows this key" in told


def test_a_payer_is_one_of_the_partners_and_a_row_is_of_one_of_the_payers(tmp_path: Path):
    said = example()
    said["payers"][1]["partner"], said["requirements"][0]["payer"] = "nobody", "no-plan"
    told = refused(tmp_path, said)
    assert "/payers/1/partner: names something that is not in partners" in told and "/requirements/0/payer: " in told


def test_every_fault_is_told_at_once(tmp_path: Path):
    said = example()
    said["zone"], said["programs"][0]["desk"], said["staff"][1]["on_duty"] = "Mars/Olympus", "desk/none", ["role/nobody"]
    said["teams"][0]["areas"], said["facilities"][1]["desk"] = ["atlantis"], "desk/none"
    said["partners"][1]["id"] = said["partners"][0]["id"]
    said["partners"][2]["agreement"] |= {"ends_on": date(2020, 1, 1)}
    told = refused(tmp_path, said)
    places = ("/zone", "/programs/0/desk", "/staff/1/on_duty", "/partners/0/id", "/partners/1/id", "/partners/2/agreement/ends_on")
    places = (*places, "/teams/0/areas", "/facilities/1/desk")
    assert all(f"{place}: " in told for place in places)


def test_opening_hours_that_make_no_sense_are_refused_where_they_stand(tmp_path: Path):
    said = example()
    said["desks"][0]["hours"], said["desks"][1]["zone"] = {"mon-fri": "8-17"}, "Ohio"
    said["hours"], said["works_on"] = {"someday": "08:00-17:00"}, ["Patriots' Day"]
    told = refused(tmp_path, said)
    assert all(f"{place}: " in told for place in ("/desks/0/mon-fri", "/desks/1/zone", "/someday"))
    assert "/works_on: Patriots' Day is none of these holidays" in refused(tmp_path, example() | {"works_on": ["Patriots' Day"]})


def test_assignment_is_told_every_desks_calendar_in_full():
    desks = {desk.id: desk for desk in network.load(EXAMPLE).directory().desks}
    assert all(hours_of(desk) for desk in desks.values())
    assert desks["desk/oak"].zone == "America/New_York" and desks["desk/oak"].observes == ("US", "US-OH")
    assert desks["desk/harbor"].observes == (), "it never closes for a holiday"


def test_assignment_is_told_whose_caseload_has_a_limit(tmp_path: Path):
    limits = network.load(EXAMPLE).directory().caseloads
    assert {"staff/12", "staff/31", "program/oak-outpatient"} <= limits.keys()
    said = re.sub(r"(?m),? *caseload: \d+$|, caseload: \d+", "", EXAMPLE.read_text("utf-8"))
    (tmp_path / "unlimited.yaml").write_text(said, "utf-8")
    assert network.load(tmp_path / "unlimited.yaml").directory().caseloads == {}


def test_the_networks_own_hours_are_a_calendar_of_rules(tmp_path: Path):
    file = tmp_path / CALENDAR
    file.write_text(yaml.safe_dump(network.load(EXAMPLE).calendar()))
    hours = calendar(file)
    assert (hours.zone, hours.observes) == ("America/New_York", ("US", "US-OH"))
    assert hours.is_open(datetime(2026, 3, 2, 22, 30, tzinfo=UTC)) and not hours.is_open(datetime(2026, 3, 2, 23, tzinfo=UTC))


def test_no_value_is_told(tmp_path: Path):
    said = example()
    said["staff"][0]["id"] = "Planted Name"
    told = refused(tmp_path, said)
    assert "/staff/0/id: " in told
    assert "Planted" not in told


@pytest.mark.parametrize("said", ["id: [", "", "just words", "- a\n- list"])
def test_what_is_no_network_is_refused(tmp_path: Path, said: str):
    assert refused(tmp_path, said).startswith("TL-260")


def test_broken_yaml_is_told_by_line_and_column(tmp_path: Path):
    assert "network.yaml:3:1" in refused(tmp_path, "id: x\nname: [unfinished\n")


def test_a_missing_file_is_a_problem(tmp_path: Path):
    with pytest.raises(Problem, match="TL-2601"):
        network.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)],
)
def test_an_agreement_holds_from_its_first_day_to_its_last(day: date, holds: bool):
    agreement = Agreement(kind="signed", effective_on=date(2026, 1, 1), ends_on=date(2026, 6, 30))
    assert agreement.in_force(day) is holds


def test_a_token_is_for_somebody_of_the_file_or_for_a_role():
    known = network.load(EXAMPLE)
    assert principal("staff/31", (), known).roles == {"program-desk"}
    assert principal("coordinator", (), known).id == "staff/12"
    assert principal("auditor", (), known).id == "local/auditor"
    assert principal("staff/99", ("intake-desk",), known).roles == {"intake-desk"}
    with pytest.raises(Problem, match="TL-2624"):
        principal("nobody", (), known)
