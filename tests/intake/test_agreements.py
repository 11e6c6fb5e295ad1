"""Agreements with partners: warned of ahead, ended, renewed; and how fast each answers the other, which is a rule like any other."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.agreements import ResponseTime
from deploy import agreed, network
from infra.ruledirs import CALENDAR, calendar
from infra.rules import Rulebook
from services.intake import requests
from services.intake.agreements import ends_at
from services.intake.commands import AcknowledgeRequest, AskInformation, RegisterPartner
from services.intake.rules import RULES
from tests.intake.desk import NOW, Desk, request
from tests.intake.test_endings import last, settles

OURS = Path(requests.__file__).parent
PARTNER = "partner/northgate-schools"
UNTIL = date(2026, 6, 30)


def registered(**changes: Any) -> RegisterPartner:
    return RegisterPartner(name="Northgate Schools", agreement="joint-protocol", effective_on=date(2025, 9, 1), ends_on=UNTIL, **changes)


async def at(desk: Desk, when: datetime) -> None:
    desk.clock.advance(when - desk.clock.now())
    await settles(desk)


async def test_its_end_is_told_two_months_ahead_once_with_an_owner_and_a_day(desk: Desk) -> None:
    await desk.command(PARTNER, registered())
    end = ends_at(UNTIL)
    await at(desk, end - timedelta(days=61))
    assert desk.said("partner") == ["partner.registered.v1"]
    await at(desk, end - timedelta(days=59))
    await at(desk, end - timedelta(days=30))
    assert desk.said("partner") == ["partner.registered.v1", "partner.agreement-expiring.v1"]
    following = last(desk, "partner.agreement-expiring.v1")["next"]
    assert (following["owner"], following["action"]) == ("role/network-lead", "renew-agreement") and following[
        "rule"
    ] == "renew-agreement@1"
    assert datetime.fromisoformat(following["due"]) == end


async def test_nobody_renewed_it_so_it_is_late_and_the_partner_is_heard_as_before(desk: Desk) -> None:
    await desk.command(PARTNER, registered())
    await at(desk, ends_at(UNTIL) + timedelta(hours=1))
    await at(desk, ends_at(UNTIL) + timedelta(days=90))
    assert desk.said("partner")[-1] == "partner.agreement-ended.v1" and desk.said("partner").count("partner.agreement-ended.v1") == 1
    assert last(desk, "partner.agreement-ended.v1")["next"]["action"] == "renew-agreement"
    assert await desk.send("requested", request(), "northgate-schools") == ["event"], "time alone shuts nobody out"


async def test_renewed_it_is_owed_no_more_and_told_again_before_its_new_end(desk: Desk) -> None:
    await desk.command(PARTNER, registered())
    await at(desk, ends_at(UNTIL) - timedelta(days=10))
    assert (await desk.command(PARTNER, registered(), key="same")).kind == "nothing"
    later = UNTIL.replace(year=2027)
    await desk.command(PARTNER, registered().model_copy(update={"ends_on": later}), key="renewed")
    assert last(desk, "partner.registered.v1")["next"]["action"] == "none"
    await at(desk, ends_at(UNTIL) + timedelta(days=1))
    assert "partner.agreement-ended.v1" not in desk.said("partner"), "the end that was registered first is none any more"
    await at(desk, ends_at(later) - timedelta(days=10))
    assert desk.said("partner").count("partner.agreement-expiring.v1") == 2


async def test_one_without_an_end_and_one_from_before_they_said_more_are_told_of_never(desk: Desk) -> None:
    await desk.command("partner/lakeside", RegisterPartner(name="Lakeside", agreement="signed"))
    await at(desk, NOW + timedelta(days=4_000))
    assert desk.said("partner") == ["partner.registered.v1"]


# — response times


@pytest.fixture
def laid(tmp_path: Path) -> Rulebook:
    """The front door's rules under the network file's agreements, each written with times of this test."""
    found = network.load(agreed_file(tmp_path))
    assert agreed.lay(found, tmp_path / "rules") == ["acknowledge", "information"]
    files = tmp_path / "rules"
    shared = OURS.parents[1] / "contracts" / "clocks.yaml"
    return Rulebook.load(OURS / "rules.yaml", files / "intake.yaml", beside=[shared], hours=calendar(files / CALENDAR))


def agreed_file(folder: Path) -> Path:
    file = folder / "network.yaml"
    file.write_text(
        """
id: here
name: Here
zone: America/New_York
partners:
  - id: northgate-schools
    name: Northgate Schools
    agreement:
      kind: joint-protocol
      effective_on: 2025-09-01
      response_times: [{step: acknowledge, within: 2 bh}, {step: information, within: 1 bd, urgencies: [routine]}]
"""
    )
    return file


async def test_what_was_agreed_is_the_clock_of_that_partner_alone_and_of_no_emergency(laid: Rulebook) -> None:
    start = datetime(2026, 3, 2, 15, tzinfo=UTC)

    def hours(name: str, **about: str | None) -> float:
        return (laid.clock(name, start, now=start, **about).due_at - start) / timedelta(hours=1)

    theirs = {"partner": "northgate-schools"}
    assert hours("acknowledge", urgency="urgent", **theirs) == 2 and hours("acknowledge", urgency="urgent", partner="lakeside") == 4
    assert hours("acknowledge", urgency="emergency", **theirs) == 0.5 and hours("acknowledge", urgency=None, **theirs) == 4
    assert hours("information", urgency="routine", of="sender", **theirs) == 24
    assert hours("information", urgency="routine", of="client", **theirs) == 48, "what the client is asked is no word of theirs"
    rule = laid.clock("acknowledge", start, now=start, urgency="urgent", **theirs).rule
    assert laid.source(rule) == ("agreement with Northgate Schools", "read")
    assert laid.source("acknowledge@1")[0] == "our default", "and ours is cited as ours"


async def test_the_front_door_counts_by_it(desk: Desk, laid: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rules", "hours"):
        monkeypatch.setitem(RULES.__dict__, name, getattr(laid, name))
    monkeypatch.delitem(RULES.__dict__, "_by_name", raising=False)
    for reference, partner in (("R-1", "northgate-schools"), ("R-2", "riverbend")):
        await desk.send("requested", request(reference, urgency="urgent"), partner)
    one, two = (desk.state(desk.request_of(reference)).owed for reference in ("R-1", "R-2"))
    assert one.rule != two.rule == "acknowledge@1" and two.due - one.due == timedelta(hours=2)
    await desk.send("requested", request("R-3"), "northgate-schools")
    await desk.command(desk.request_of("R-3"), AcknowledgeRequest())
    await desk.command(desk.request_of("R-3"), AskInformation(items=("coverage",)))
    monkeypatch.delitem(RULES.__dict__, "_by_name", raising=False)
    assert laid.source(desk.state(desk.request_of("R-3")).owed.rule)[0] == "agreement with Northgate Schools"


def test_a_time_that_is_no_length_or_is_said_twice_is_refused_where_it_stands(tmp_path: Path) -> None:
    file = agreed_file(tmp_path)
    file.write_text(file.read_text().replace("2 bh", "soon"))
    with pytest.raises(Exception, match="/partners/0/agreement/response_times/0/within: not a length"):
        network.load(file)
    file.write_text(file.read_text().replace("soon", "2 bh").replace("step: information", "step: acknowledge"))
    with pytest.raises(Exception, match="/partners/0/agreement/response_times: a step has two times"):
        network.load(file)


def test_the_command_takes_what_the_network_file_sends() -> None:
    example = network.load(Path(network.__file__).parent / "networks" / "example.yaml")
    sent = [RegisterPartner.model_validate(one.registered(), extra="forbid") for one in example.partners]
    assert ResponseTime(step="information", within="1 bd") in [time for one in sent for time in one.response_times]
