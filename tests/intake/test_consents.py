"""The gate before everything that 42 CFR Part 2 protects: what leaves, under what, and who asks the person where nothing may."""

from datetime import timedelta
from typing import Any

import orjson

from contracts.assignment import NoProgramAvailable, PlacementAccepted
from contracts.consents import Permit
from services.intake.commands import (
    CloseRequest,
    LogConsentAttempt,
    RecordConsent,
    RecordEmergency,
    ReportDeath,
    RevokeConsent,
    WaiveConsent,
)
from tests.intake.desk import NOW, Desk, request
from tests.intake.fhir_messages import PATIENT, REQUEST, bundle, but
from tests.intake.test_endings import last, other, placed, settles

PART2 = {"sensitivity": "part2"}
ACCEPTED = PlacementAccepted(program="program/1", by="staff/31", released=())
CONSENTS = RecordConsent(consent="C-9")


async def protected(desk: Desk, **told: Any) -> str:
    await desk.send("requested", request(**PART2, **told))
    return desk.request_of("R-1")


def consent(subject: str) -> str:
    return other(subject, "consent")


def statuses(desk: Desk) -> list[str]:
    return [answer["task_status"] for answer in desk.answers() if "task_status" in answer]


async def test_without_consent_the_sender_has_a_receipt_and_somebody_must_ask_the_person(desk: Desk) -> None:
    subject = await protected(desk)
    said = last(desk, "consent.asked.v1")
    assert said["next"] == said["next"] | {"owner": "role/intake-desk", "action": "obtain-consent", "waiting_on": "client"}
    assert said["next"]["due"] and said["next"]["rule"].startswith("consent")
    assert [answer["outcome"] for answer in desk.answers()] == ["event"]
    assert desk.state(subject).owed.action == "acknowledge-request", "the referral's own step and clock stand beside it"


async def test_what_may_not_be_told_is_kept_with_an_owner_and_told_when_consent_comes(desk: Desk) -> None:
    subject = await protected(desk)
    await desk.hear(other(subject, "placement"), 1, ACCEPTED, sensitivity="part2")
    assert statuses(desk) == []
    withheld = last(desk, "consent.disclosure-withheld.v1")
    assert (withheld["to"], withheld["state"], withheld["next"]["action"]) == ("sender", "accepted", "obtain-consent")
    assert (await desk.command(consent(subject), CONSENTS)).kind == "event"
    assert statuses(desk) == ["accepted"] and last(desk, "consent.recorded.v1")["next"]["action"] == "none"
    sent = [row for row in desk.log.rows if row.topic == "partner-out-riverbend"][-1]
    assert sent.attributes["consentid"] == "C-9"


async def test_with_consent_it_is_told_and_revoked_nothing_more_is(desk: Desk) -> None:
    subject = await protected(desk, consent="C-1")
    await desk.hear(other(subject, "placement"), 1, ACCEPTED, sensitivity="part2")
    assert statuses(desk) == ["accepted"]
    assert (await desk.command(consent(subject), RevokeConsent())).kind == "event"
    await desk.hear(other(subject, "placement"), 2, NoProgramAvailable(service="outpatient-therapy"), sensitivity="part2")
    assert statuses(desk) == ["accepted"]
    assert last(desk, "consent.revoked.v1")["permit"] == {"version": 2, "recipients": []}
    assert (await desk.command(consent(subject), RevokeConsent(), key="again")).reasons[0].code == "TL-5141"


async def test_a_revoked_consent_is_not_brought_back_by_a_message_that_still_names_it(desk: Desk) -> None:
    subject = await protected(desk, consent="C-1")
    await desk.command(consent(subject), RevokeConsent())
    await desk.send("amended", {"reference": "R-1", "urgency": "urgent", "consent": "C-1", **PART2})
    assert not desk.state(consent(subject)).permit.opens("sender", desk.clock.now())
    await desk.send("amended", {"reference": "R-1", "consent": "C-2", **PART2})
    assert desk.state(consent(subject)).permit.consent == "C-2"


async def test_a_sender_says_that_a_consent_stands_no_more(desk: Desk) -> None:
    subject = await protected(desk, consent="C-1")
    assert await desk.send("amended", {"reference": "R-1", "consent_ended": "C-1"}) == ["event"]
    said = last(desk, "consent.revoked.v1")
    assert (said["consent"], said["next"]["action"]) == ("C-1", "obtain-consent")
    assert not desk.state(consent(subject)).permit.opens("program", desk.clock.now())


async def test_it_runs_out_at_its_instant_and_is_asked_for_a_fortnight_ahead(desk: Desk) -> None:
    until = NOW + timedelta(days=30)
    subject = await protected(desk, consent="C-1", consent_until=until.isoformat())
    desk.clock.advance(timedelta(days=17))
    await settles(desk)
    assert last(desk, "consent.asked.v1")["reason"] == "expiring"
    assert desk.state(consent(subject)).permit.opens("sender", desk.clock.now())
    desk.clock.advance(timedelta(days=13))
    assert not desk.state(consent(subject)).permit.opens("sender", desk.clock.now()), "at the instant, whoever noticed it"
    await settles(desk)
    assert desk.said("consent.expired") == ["consent.expired.v1"]
    await desk.hear(other(subject, "placement"), 1, ACCEPTED, sensitivity="part2")
    assert statuses(desk) == []


async def test_an_emergency_opens_to_programs_alone_and_ends(desk: Desk) -> None:
    subject = await protected(desk)
    assert (await desk.command(consent(subject), RecordEmergency(reason="immediate-danger"))).kind == "event"
    permit: Permit = desk.state(consent(subject)).permit
    assert permit.opens("program", desk.clock.now())
    assert not permit.opens("payer", desk.clock.now()) and not permit.opens("sender", desk.clock.now())
    assert last(desk, "consent.emergency-recorded.v1")["next"]["action"] == "obtain-consent", "the person is asked all the same"
    desk.clock.advance(timedelta(hours=72))
    await settles(desk)
    assert desk.said("consent.emergency-ended") == ["consent.emergency-ended.v1"]
    assert not desk.state(consent(subject)).permit.opens("program", desk.clock.now())


async def test_nobody_asked_in_time_is_warned_of_then_late_once_and_nothing_is_told_by_it(desk: Desk) -> None:
    subject = await protected(desk)
    for _ in range(10):
        desk.clock.advance(timedelta(days=1))
        await settles(desk)
    assert "consent.warned.v1" in desk.said("consent") and desk.said("consent.overdue") == ["consent.overdue.v1"]
    said = last(desk, "consent.overdue.v1")
    assert said["owner"] == "role/intake-desk" and said["citation"] and "waiting_on" not in said["next"], "it is the owner's again"
    assert statuses(desk) == [] and desk.state(consent(subject)).owed.late


async def test_a_no_is_documented_and_looked_at_again_until_somebody_lets_it_rest(desk: Desk) -> None:
    subject = await protected(desk)
    before = desk.state(consent(subject)).owed.due
    assert (await desk.command(consent(subject), LogConsentAttempt(outcome="declined"))).kind == "event"
    assert desk.state(consent(subject)).owed.due > before
    assert (await desk.command(consent(subject), WaiveConsent(reason="declined"))).kind == "event"
    assert desk.state(consent(subject)).owed is None
    assert (await desk.command(consent(subject), WaiveConsent(reason="declined"), key="again")).reasons[0].code == "TL-5144"


async def test_somebody_who_is_said_to_have_died_is_asked_for_nothing(desk: Desk) -> None:
    subject = await protected(desk)
    await desk.command(subject, ReportDeath())
    assert desk.state(consent(subject)).owed is None
    await settles(desk)
    await desk.send("requested", request("R-2", **PART2))
    two = desk.request_of("R-2")
    assert desk.state(two).dead_since and desk.state(consent(two)) is None


async def test_a_referral_that_ends_untold_leaves_the_step_and_one_that_was_told_leaves_none(desk: Desk) -> None:
    subject = await placed(desk)
    await desk.send("amended", {"reference": "R-1", **PART2})
    assert desk.state(consent(subject)).owed
    await desk.command(subject, CloseRequest(how="unmet", reason="no-program"))
    assert statuses(desk)[-1] == "in-progress" and desk.state(consent(subject)).withheld == ("closed-unmet", "no-program")
    assert desk.state(consent(subject)).owed.action == "obtain-consent"
    await desk.command(consent(subject), CONSENTS)
    assert statuses(desk)[-1] == "failed" and desk.state(consent(subject)).owed is None


async def test_what_is_said_of_a_consent_is_labelled_and_of_whom_is_sealed_nowhere_else(desk: Desk) -> None:
    subject = await protected(desk, consent="C-1")
    await desk.command(consent(subject), RevokeConsent())
    rows = [row for row in desk.log.rows if row.attributes["type"].startswith("consent.")]
    assert {row.attributes["sensitivity"] for row in rows} == {"part2"}
    assert not [word for word in (b"Testperson", b"Ada", b"1990") for row in rows if word in row.data]


async def test_a_fhir_consent_says_when_it_ends_and_one_that_is_inactive_closes_the_gate(desk: Desk) -> None:
    agreed = {
        "resourceType": "Consent", "id": "c1", "status": "active", "patient": {"reference": "Patient/p1"},
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}]}],
        "provision": {"period": {"end": "2027-01-31"}},
    }  # fmt: skip
    named = but(REQUEST, supportingInfo=[{"reference": "Consent/c1"}])
    await desk.publish(orjson.dumps(bundle(named, PATIENT, agreed)))
    subject, _ = desk.one("request")
    permit = desk.state(consent(subject)).permit
    assert permit.consent == "c1" and permit.until and permit.until.date().isoformat() == "2027-01-31"
    await desk.publish(orjson.dumps(bundle(but(named, priority="urgent"), PATIENT, but(agreed, status="inactive"))))
    assert not desk.state(consent(subject)).permit.opens("sender", desk.clock.now())
    assert "consent.revoked.v1" in desk.said("consent")
