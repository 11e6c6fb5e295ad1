"""Emergency access: open at once, for an hour, with a reason; reviewed by somebody else, and told when nobody does."""

from datetime import timedelta

from contracts.kernel import Personal
from services.intake.commands import OpenAccess, ReviewAccess
from tests.intake.desk import NOW, Desk, request
from tests.intake.test_endings import last, settles

WORDS = "found without consciousness at Oak Street"


async def known(desk: Desk) -> str:
    """What is of the record that somebody referred."""
    await desk.send("requested", request())
    return f"access/{desk.state(desk.request_of('R-1')).record.partition('/')[2]}"


def opens(ground: str = "medical-emergency") -> OpenAccess:
    return OpenAccess(ground=ground, words=Personal(WORDS))


async def test_it_is_open_at_once_for_an_hour_and_somebody_must_review_it(desk: Desk) -> None:
    subject = await known(desk)
    assert (await desk.command(subject, opens(), by="staff/72")).kind == "event"
    said = last(desk, "access.opened.v1")
    assert (said["by"], said["ground"], said["protected"]) == ("staff/72", "medical-emergency", True)
    assert said["until"] == (NOW + timedelta(minutes=60)).isoformat().replace("+00:00", "Z")
    assert said["next"] == said["next"] | {"owner": "role/supervisor", "action": "review-access", "allowed": ["review-access"]}
    assert WORDS not in str(said) and "sealed" in str(said["words"])


async def test_only_a_medical_emergency_opens_what_part_2_protects(desk: Desk) -> None:
    subject = await known(desk)
    await desk.command(subject, opens("danger-to-life"), by="staff/72")
    assert last(desk, "access.opened.v1")["protected"] is False


async def test_somebody_else_reviews_all_that_was_opened(desk: Desk) -> None:
    subject = await known(desk)
    for n, who in enumerate(("staff/72", "staff/21")):
        await desk.command(subject, opens(), key=f"open-{n}", by=who)
    refused = await desk.command(subject, ReviewAccess(finding="justified"), key="own", by="staff/21")
    assert (refused.kind, [one.code for one in refused.reasons]) == ("refused", ["TL-5173"])
    assert (await desk.command(subject, ReviewAccess(finding="justified"), key="other", by="staff/80")).kind == "event"
    said = last(desk, "access.reviewed.v1")
    assert (said["by"], said["finding"], said["next"]["action"]) == ("staff/80", "justified", "none")
    again = await desk.command(subject, ReviewAccess(finding="unclear"), key="again", by="staff/80")
    assert [one.code for one in again.reasons] == ["TL-5172"]


async def test_opening_it_again_gives_the_review_no_later_clock(desk: Desk) -> None:
    subject = await known(desk)
    await desk.command(subject, opens(), key="first", by="staff/72")
    due = last(desk, "access.opened.v1")["next"]["due"]
    desk.later(90)
    await desk.command(subject, opens(), key="second", by="staff/74")
    assert last(desk, "access.opened.v1")["by"] == "staff/74" and last(desk, "access.opened.v1")["next"]["due"] == due


async def test_what_nobody_reviews_is_told_overdue(desk: Desk) -> None:
    subject = await known(desk)
    await desk.command(subject, opens(), by="staff/72")
    desk.later(4 * 24 * 60)
    await settles(desk)
    said = last(desk, "access.overdue.v1")
    assert (said["owner"], said["action"]) == ("role/supervisor", "review-access")
    assert desk.state(subject).owed.late


async def test_of_nobody_nothing_can_be_opened(desk: Desk) -> None:
    refused = await desk.command("access/nobody", opens(), by="staff/72")
    assert [one.code for one in refused.reasons] == ["TL-5171"]
