"""The page of a person: consents, who owned what when, why a step is what it is, and all of it as of another instant."""

import re

import pytest

from contracts.consents import ConsentExpired, ConsentRecorded, Permit
from infra.records import Record
from infra.telemetry import keep_traces, kept_trace, root
from tests.worklist.scene import DAY, Scene, owed
from tests.worklist.stories import Log, at, received, record_of
from tests.worklist.test_console import AUDITOR, KIM, browser

TOLD = Permit(version=1, consent="C-17", recipients=("program", "payer"), until=at(30 * DAY))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def consented(scene: Scene, permit: Permit = TOLD, minutes: float = 150) -> Log:
    """After what the scene said of it."""
    log, about = Log(), {"request": "request/4", "record": "record/4"}
    for _ in range(2):
        log.say("consent/4", ConsentRecorded(**about, permit=permit, by="staff/7", signed_at=at(140)), minutes)
    await scene.hear(log)
    return log


def part(page: str, name: str) -> str:
    """A section in words."""
    found = page.split(f'aria-labelledby="{name}"')[1].split("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


async def test_it_says_who_may_be_told_under_which_consent_and_until_when(scene):
    await consented(scene)
    async with browser(scene) as robin:
        told = part((await robin.get("/people/record/4")).text, "permits")
        case = part((await robin.get("/items/referral/4")).text, "permits")
    assert told == case and "programs and the payer may be told" in told and "consent C-17, until Wed 1 Apr" in told


async def test_a_consent_that_ran_out_tells_nobody_and_says_so(scene):
    log = await consented(scene, TOLD.model_copy(update={"until": at(200)}))
    log.say("consent/4", ConsentExpired(request="request/4", record="record/4", permit=Permit(version=2), consent="C-17"), 200)
    await scene.hear(log)
    async with browser(scene) as robin:
        told = part((await robin.get("/people/record/4")).text, "permits")
        before = (await robin.get("/people/record/4?as_of=2026-03-02T15:00Z")).text
    assert "nobody may be told" in told and "no consent" in told
    assert "programs and the payer may be told" in part(before, "as-of")


async def test_a_consent_ends_by_the_clock_without_an_event(scene):
    await consented(scene, TOLD.model_copy(update={"until": at(290)}))
    async with browser(scene) as robin:
        assert "nobody may be told" in part((await robin.get("/people/record/4")).text, "permits")


async def test_it_says_who_owned_what_from_when_until_when(scene):
    async with browser(scene) as robin:
        told = part((await robin.get("/people/record/1")).text, "owners")
    assert told.index("Staff 31") < told.index("Coordinator") < told.index("Intake desk")
    assert "Mon 2 Mar, 12:50 – now · 4 h" in told and "12:00 – Mon 2 Mar, 12:05 · 5 min" in told


async def test_each_open_step_says_why_it_is_what_it_is(scene):
    """The step of the referral began when it was triaged; who took it since, and another deadline, did not make it another."""
    async with browser(scene) as robin:
        person, case = (await robin.get("/people/record/8")).text, (await robin.get("/items/referral/8")).text
    why = "Triaged as urgent for psychiatry, Mon 2 Mar, 13:06"
    assert f"Why: {why}" in re.sub(r"\s+", " ", person)
    assert f"<dt>Why</dt><dd>{why}" in re.sub(r"\s*\n\s*", "", case)


async def test_the_rule_of_a_clock_is_named_with_its_source(scene):
    log = Log()
    first = owed("role/intake-desk", "acknowledge-request", 540).model_copy(update={"rule": "acknowledge@1"})
    log.say("request/60", received(60, minutes=300, next=first), 300)
    await scene.hear(log)
    async with browser(scene) as robin:
        told = (await robin.get("/items/referral/60")).text
    assert "Due by the rule “Acknowledge”. Our default" in told  # its variants have different limits: none is told


async def test_a_person_as_of_an_instant_is_what_was_known_then_and_what_was_true_then(scene):
    """At 08:45 the discharge of 08:40 was not heard of yet."""
    async with browser(scene) as robin:
        told = part((await robin.get("/people/record/3?as_of=2026-03-02T08:45Z")).text, "as-of")
        before = part((await robin.get("/people/record/3?as_of=2020-01-01T08:45Z")).text, "as-of")
        wrong = await robin.get("/people/record/3?as_of=yesterday")
    known, true = told.split("Known then")[1].split("True then")
    assert "Speak with the person" in known and "Reach the person" in true
    assert before.count("Nothing was open.") == 2
    assert wrong.status_code == 200 and "Give a day and a time" in wrong.text


async def test_what_somebody_may_not_see_now_they_do_not_see_as_of_then(scene):
    """The program has the referral of this person; the authorization desk's own items, and what others have, stay out of it."""
    async with browser(scene, KIM) as kim, browser(scene, AUDITOR) as auditor:
        assert (await kim.get("/people/record/4?as_of=2026-03-02T15:00Z")).status_code == 403
        told = (await auditor.get("/people/record/4?as_of=2026-03-02T15:00Z")).text
    assert "Teo" not in told and "Known then" in told


@pytest.mark.parametrize("url", ["", "https://traces.example/t/{trace}"])
async def test_an_event_leads_to_its_trace_where_it_was_kept(tmp_path, url):
    scene, said = await Scene(tmp_path, trace_url=url).play(), record_of(Log().say("request/61", received(61), 0))
    keep_traces(1.0)
    traceparent = root()
    keep_traces(0.0)
    headers = (*said.headers, ("traceparent", traceparent.encode()))
    await scene.follower.take([Record(said.topic, said.partition, said.offset, headers, said.value)])
    async with browser(scene) as robin:
        page = (await robin.get("/items/referral/61")).text
    trace = traceparent[3:35]
    assert (f'<a href="https://traces.example/t/{trace}" rel="noreferrer">{trace}</a>' if url else f"<dd>{trace}</dd>") in page
    assert kept_trace(root()) == kept_trace("none") == ""
