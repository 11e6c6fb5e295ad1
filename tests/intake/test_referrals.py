"""A referral at the front door, from what its sender publishes to who owns it."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from contracts.assignment import NoProgramAvailable, PlacementAccepted, PlacementContactLogged
from services.intake.commands import AcknowledgeRequest, EnterReferral, TriageRequest, WithdrawRequest
from tests.intake.desk import PERSON, Desk, request

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def test_a_referral_has_an_owner_a_clock_from_its_request_and_a_machine_receipt(desk: Desk) -> None:
    assert await desk.send("requested", request()) == ["event"]
    received = next(orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "request.received.v1")
    assert received["next"]["owner"] == "role/intake-desk"
    assert received["next"]["due"] == "2026-03-02T12:00:00Z"
    assert desk.answers() == [{"reference": "R-1", "entry": "", "outcome": "event", "issues": []}]


@pytest.mark.parametrize(
    ("requested_at", "urgency", "due"),
    [
        ("2026-03-06T16:00:00Z", "routine", "2026-03-09T11:00:00Z"),  # four business hours, over a weekend
        ("2026-03-07T10:00:00Z", "urgent", "2026-03-09T12:00:00Z"),  # asked on a Saturday: from the next opening
        ("2026-03-07T10:00:00Z", "emergency", "2026-03-07T10:30:00Z"),  # never business time
        ("2026-03-07T10:00:00Z", None, "2026-03-09T12:00:00Z"),
    ],
)
async def test_the_desk_has_its_opening_hours_to_take_it(desk: Desk, requested_at: str, urgency: str | None, due: str) -> None:
    await desk.send("requested", request(requested_at=requested_at, urgency=urgency))
    received = next(orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "request.received.v1")
    assert (received["next"]["due"], received["next"]["rule"]) == (due, "acknowledge@1")


async def test_the_same_reference_of_the_same_partner_is_one_referral(desk: Desk) -> None:
    await desk.send("requested", request())
    assert await desk.send("requested", request()) == ["event"]
    assert desk.answers()[-1]["outcome"] == "duplicate"
    assert desk.said("request.") == ["request.received.v1"]


async def test_another_content_under_the_same_reference_amends_it(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("requested", request(urgency="urgent"))
    assert desk.one("request")[1].urgency == "urgent"
    assert desk.said("request.") == ["request.received.v1", "request.amended.v1"]
    await desk.send("requested", request(urgency="urgent"))
    assert desk.answers()[-1]["outcome"] == "duplicate"


async def test_two_partners_may_use_the_same_reference(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("requested", request(), partner="lakeside")
    assert desk.said("request.").count("request.received.v1") == 2


async def test_one_persons_two_referrals_share_a_record(desk: Desk) -> None:
    await desk.send("requested", request("R-1"))
    await desk.send("requested", request("R-2"))
    assert desk.said("record.").count("record.opened.v1") == 1
    desk.one("record")


async def test_name_and_birth_date_alone_are_a_question_never_a_link(desk: Desk) -> None:
    await desk.send("requested", request("R-1"))
    await desk.send("requested", request("R-2"), partner="lakeside")
    found = [row for row in desk.log.rows if row.attributes["type"] == "record.candidate-found.v1"]
    assert len(found) == 1
    people = {orjson.loads(row.data)["person"] for row in desk.log.rows if row.attributes["type"] == "record.opened.v1"}
    assert len(people) == 2


async def test_a_network_wide_identifier_links_the_records_of_two_partners_to_one_person(desk: Desk) -> None:
    number = {"system": "http://hl7.org/fhir/sid/us-medicaid", "value": "999-TEST"}
    for partner in ("riverbend", "lakeside"):
        await desk.send("requested", request(person=PERSON | {"identifiers": [number]}), partner=partner)
    opened = [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "record.opened.v1"]
    assert len(opened) == 2
    assert len({one["person"] for one in opened}) == 1


async def test_a_partial_amendment_blanks_no_field(desk: Desk) -> None:
    await desk.send("requested", request())
    before = desk.one("record")[1].details
    await desk.send("amended", {"reference": "R-1", "person": {"phone": "555-0100"}})
    after = desk.one("record")[1].details
    assert after.family_name == before.family_name
    assert after.phone is not None and after.phone.sealed
    assert desk.one("request")[1].service == "outpatient-therapy"


@pytest.mark.parametrize("how", ["requested", "amended"])
async def test_a_label_that_comes_later_is_kept_and_told(desk: Desk, how: str) -> None:
    await desk.send("requested", request())
    label = {"sensitivity": "part2", "consent": "CONSENT-1"}
    await desk.send(how, request(**label) if how == "requested" else {"reference": "R-1", **label})
    (amended,) = [row for row in desk.log.rows if row.attributes["type"] == "request.amended.v1"]
    assert amended.attributes["sensitivity"] == "part2"
    assert desk.one("request")[1].sensitivity == "part2"
    await desk.send("amended", {"reference": "R-1", "reason": "more words"})
    assert [row.attributes["sensitivity"] for row in desk.log.rows if row.attributes["type"] == "request.amended.v1"][-1] == "part2"


async def test_an_edit_resets_no_clock(desk: Desk) -> None:
    await desk.send("requested", request())
    desk.later(90)
    await desk.send("amended", {"reference": "R-1", "reason": "more words"})
    amended = next(orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "request.amended.v1")
    assert amended["next"]["due"] == "2026-03-02T12:00:00Z"


async def test_an_amendment_of_nothing_we_know_is_returned_with_what_to_do(desk: Desk) -> None:
    assert await desk.send("amended", {"reference": "R-9", "urgency": "urgent"}) == ["refused"]
    (answer,) = desk.answers()
    assert answer["reference"] == "R-9"
    assert answer["issues"][0]["code"] == "TL-5101"


async def test_a_withdrawal_is_final(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("withdrawn", {"reference": "R-1", "reason": "sent-in-error"})
    assert await desk.send("amended", {"reference": "R-1", "urgency": "urgent"}) == ["refused"]
    assert desk.answers()[1]["business_status"] == "6.0"
    assert desk.one("request")[1].status == "withdrawn"


async def test_a_bad_message_is_answered_and_loses_nothing(desk: Desk) -> None:
    assert await desk.send("requested", {"reference": "R-1", "service": 7}) == ["refused"]
    assert await desk.send("requested", request("R-2", partner="lakeside")) == ["quarantined"]
    returned, held = desk.answers()
    assert returned["reference"] == "R-1" and returned["issues"]
    assert held["outcome"] == "quarantine"


async def test_acknowledged_means_a_person_took_it(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    assert (await desk.command(subject, AcknowledgeRequest())).kind == "event"
    assert desk.said("referral.") == ["referral.received.v1", "referral.acknowledged.v1"]
    assert desk.one("request")[1].taken_by == "staff/7"


async def test_an_illegal_move_is_refused_with_the_legal_ones(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    refused = await desk.command(subject, TriageRequest(urgency="urgent", service="outpatient-therapy"))
    assert (refused.kind, refused.allowed) == ("refused", ("acknowledge-request", "close-request", "withdraw-request", "report-death"))


async def test_triage_sets_the_regulatory_day_from_the_request(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    await desk.command(subject, AcknowledgeRequest())
    await desk.command(subject, TriageRequest(urgency="urgent", service="outpatient-therapy"))
    triaged = next(orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "request.triaged.v1")
    assert triaged["next"] == triaged["next"] | {"owner": "role/coordinator", "due": "2026-03-03T08:00:00Z", "rule": "services@1"}


async def test_a_person_enters_a_referral_for_a_partner_without_software(desk: Desk) -> None:
    body = request() | {"partner": "lakeside", "channel": "fax"}
    command = EnterReferral.model_validate_json(orjson.dumps(body), context=_outside())
    assert (await desk.command("", command)).subject.startswith("request/")
    assert desk.answers("lakeside") == []
    assert desk.one("request")[1].channel == "fax"


async def test_what_assignment_did_is_told_to_the_sender(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    placement = subject.replace("request/", "placement/")
    await desk.hear(placement, 1, NoProgramAvailable(service="outpatient-therapy"))
    await desk.hear(placement, 2, PlacementAccepted(program="p", by="staff/9", released=()))
    assert [answer.get("task_status") for answer in desk.answers()] == [None, "on-hold", "accepted"]


async def test_news_of_a_request_we_do_not_have_yet_waits_for_it(desk: Desk) -> None:
    await desk.send("requested", request())
    subject, _ = desk.one("request")
    stranger = Desk()
    await stranger.vault.open(create=True)
    news = PlacementAccepted(program="p", by="staff/9", released=())
    assert await stranger.hear(subject.replace("request/", "placement/"), 1, news) == ["early"]


async def test_nothing_personal_leaves_readable(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("amended", {"reference": "R-1", "person": {"phone": "555-0100"}, "reason": "Testperson asked again"})
    await desk.command(desk.one("request")[0], WithdrawRequest(reason="entered-in-error"))
    stored = b"".join([*(row.data for row in desk.log.rows), *(row.state or b"" for row in desk.tables.aggregates.values())])
    for word in (b"Testperson", b"Ada", b"1990-01-31", b"m-1", b"555-0100", b"asked"):
        assert word not in stored


def _outside() -> dict[str, str]:
    from contracts.kernel import OUTSIDE

    return OUTSIDE


async def test_what_is_said_later_of_a_guardian_blanks_nothing_that_was_known(desk: Desk) -> None:
    mother = {"given_name": "Marisol", "language": "es"}
    await desk.send("requested", request(person={**PERSON, "guardian": mother}))
    _, before = desk.one("record")
    await desk.send("amended", {"reference": "R-1", "person": {"guardian": {"phone": "555-0142"}}})
    _, after = desk.one("record")
    assert after.details.guardian.given_name == before.details.guardian.given_name and after.details.guardian.phone
    assert "Marisol" not in repr(desk.log.rows), "sealed like everything else of a person"


@pytest.mark.parametrize(
    ("born", "band"), [("2014-03-03", "under-12"), ("2014-03-02", "12-17"), ("2008-03-02", "18-and-over"), (None, None)]
)
async def test_how_old_somebody_was_when_they_asked_is_said_in_a_band_and_no_date(desk: Desk, born: str | None, band: str | None) -> None:
    await desk.send("requested", request("R-1", requested_at="2026-03-02T08:00:00Z", person=PERSON | {"birth_date": born}))
    (said,) = (row.data for row in desk.log.rows if row.attributes["type"] == "request.received.v1")
    assert orjson.loads(said).get("age_band") == band


async def test_the_sender_is_told_that_the_client_is_being_contacted_and_of_no_attempt_that_needs_no_other(desk: Desk) -> None:
    await desk.send("requested", request())
    placement = desk.one("request")[0].replace("request/", "placement/")
    for number, (outcome, again) in enumerate([("no-answer", NINE + timedelta(days=1)), ("not-wanted", None), ("reached", None)], 1):
        tried = PlacementContactLogged(by="staff/ben", channel="telephone", outcome=outcome, contacted_at=NINE, next_attempt_at=again)
        await desk.hear(placement, number, tried)
    assert [(answer.get("task_status"), answer.get("reason")) for answer in desk.answers()][1:] == [("in-progress", "contacting")]
