"""The page that a message leads to: who was told signs in, says that they have seen it, and the ladder waits once more."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from contracts.alerts import AlertAcknowledged
from infra.access import Access
from infra.browser import COOKIE
from infra.commands import Counter
from infra.http import Door, application
from infra.identity import Identity, Principal, keyring
from infra.issuer import ISSUER, LocalIssuer
from services.notification.alerts import Alerts
from services.notification.api import ACCESS
from services.notification.commands import SetPreferences
from services.notification.composing import LOCALES
from services.notification.pages import pages, samples
from services.notification.recipients import recipient
from tests.notification.house import House
from tests.notification.stories import ANA, BEN, CARL, DORA, EVE, MINUTE, accepted, no_program

CLICK = {"sec-fetch-site": "same-origin"}


class Desk:
    """A house with its pages, and browsers in front of them."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.issuer = house, LocalIssuer(folder, "throughline", house.clock)
        identity = Identity(ISSUER, "throughline", keyring(str(self.issuer.jwks), house.clock), house.clock)
        settings = SimpleNamespace(board_url="http://board.example", alerts_url="http://board", mail_returns="", demo_data=True)
        counter = Counter("notification", house.settler.settle, Door(identity, Access(ACCESS)), house.clock)
        self._app = application(pages(SimpleNamespace(settings=settings), house.store, counter))  # type: ignore[arg-type]

    def browser(self, person: str = "", role: str = "coordinator") -> httpx2.AsyncClient:
        cookies = {COOKIE: self.issuer.token(Principal(person, frozenset({role})))} if person else {}
        transport = httpx2.ASGITransport(self._app)
        return httpx2.AsyncClient(transport=transport, base_url="http://board", cookies=cookies, headers={"accept": "text/html"})


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    """Ana owns what nobody has a place for, and was told by mail."""
    house = await House().open()
    house.say("placement/1", no_program("emergency", owner=ANA))
    await house.take(house.log[-1:])
    await house.work()
    return Desk(house, tmp_path)


def link(desk: Desk) -> str:
    """What the message to Ana leads to."""
    (letter,) = (one for taken in desk.house.mail.taken.values() for one in taken if one.address.startswith("staff-1"))
    (found,) = {word for word in letter.text.split() if "://" in word}
    return found


def climbs_at(desk: Desk) -> Any:
    state = desk.house.tables.aggregates["alert/placement/1"].state
    return Alerts.model_validate_json(state or b"").ladders[0].climbs_at


async def test_whoever_was_told_says_that_they_have_seen_it_and_it_waits_once_more(desk: Desk) -> None:
    before = climbs_at(desk)
    await desk.house.pass_time(10 * MINUTE, MINUTE)
    async with desk.browser(ANA) as ana:
        page = await ana.get(link(desk))
        assert "I have seen it" in page.text and "Nobody has said yet" in page.text and "<form" in page.text
        clicked = await ana.post(link(desk), headers=CLICK)
        assert clicked.status_code == 303
        after = await ana.get(link(desk))
    assert "<form" not in after.text and "Somebody has seen it" in after.text
    (said,) = desk.house.facts(AlertAcknowledged)
    assert (said.by, climbs_at(desk)) == (ANA, before + 10 * MINUTE)  # type: ignore[attr-defined]


async def test_a_second_click_is_the_first_one(desk: Desk) -> None:
    async with desk.browser(ANA) as ana:
        assert [(await ana.post(link(desk), headers=CLICK)).status_code for _ in range(2)] == [303, 303]
    assert len(desk.house.facts(AlertAcknowledged)) == 1


async def test_another_site_cannot_click_it(desk: Desk) -> None:
    async with desk.browser(ANA) as ana:
        assert (await ana.post(link(desk), headers={"sec-fetch-site": "cross-site"})).status_code == 303  # to sign in
    assert desk.house.facts(AlertAcknowledged) == []


async def test_who_has_not_signed_in_does_so_and_comes_back_to_the_alert(desk: Desk) -> None:
    async with desk.browser() as somebody:
        sent = await somebody.get(link(desk))
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("http://board.example/sign-in?to=http%3A%2F%2Fboard%2Falerts%2Fplacement%2F1%2F")


async def test_whom_it_does_not_concern_sees_nothing_of_it_and_a_click_of_theirs_changes_nothing(desk: Desk) -> None:
    async with desk.browser(EVE) as eve:
        page = (await eve.get(link(desk))).text
        assert "This was told to somebody else" in page and "<form" not in page
        assert not any(said in page for said in ("No program is available", "PLAC-1", "reroute", "Crisis"))
        assert (await eve.post(link(desk), headers=CLICK)).status_code == 303
    assert desk.house.facts(AlertAcknowledged) == []
    async with desk.browser(DORA, "network-lead") as lead:
        assert "<form" in (await lead.get(link(desk))).text


async def test_who_was_told_first_may_still_say_so_when_it_has_climbed(desk: Desk) -> None:
    await desk.house.pass_time(31 * MINUTE, MINUTE)
    assert [said.told for said in desk.house.raised()] == [(ANA,), (BEN,), (CARL,)]
    async with desk.browser(ANA) as ana:
        assert "this is call 3" in (await ana.get(link(desk))).text
        await ana.post(link(desk), headers=CLICK)
    assert [said.by for said in desk.house.facts(AlertAcknowledged)] == [ANA]  # type: ignore[attr-defined]


async def test_what_was_acted_on_says_that_nothing_is_left_to_do(desk: Desk) -> None:
    desk.house.say("placement/1", accepted())
    await desk.house.take(desk.house.log[-1:])
    async with desk.browser(ANA) as ana:
        page = await ana.get(link(desk))
        never = await ana.get("/alerts/placement/9/0f0e9d3c-5a44-5b61-9d7e-2b6f7f0a1c11")
    for shown in (page, never):
        assert "Nothing is left to do here" in shown.text and "<form" not in shown.text
    assert 'href="http://board.example/items/referral/1"' in page.text


async def test_it_speaks_the_readers_language_and_tells_their_time(desk: Desk) -> None:
    await desk.house.ask(SetPreferences(locale="es", zone="America/New_York"), ANA, recipient(ANA))
    async with desk.browser(ANA) as ana:
        page = (await ana.get(link(desk))).text
    assert '<html lang="es">' in page and "Lo he visto" in page and "EST" in page


async def test_it_loads_nothing_from_elsewhere_and_no_path_leads_astray(desk: Desk) -> None:
    async with desk.browser(ANA) as ana:
        page = await ana.get(link(desk))
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        digest = b64encode(sha256(style.encode()).digest()).decode()
        assert page.headers["content-security-policy"].startswith(
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self' http://board.example;"
        )
        assert " src=" not in page.text and "<script" not in page.text and "Demonstration data" in page.text
        assert (await ana.get("/alerts/placement/1%20x/y")).status_code == 404
        assert (await ana.get("/alerts/placement/1/y%20z")).status_code == 404


async def test_whoever_may_be_told_can_look_at_every_message_from_one_list(desk: Desk) -> None:
    async with desk.browser(BEN) as ben:
        page = await ben.get("/alerts/previews")
        found = re.findall(r'href="([^"]+)"', page.text)
        shown = {link: await ben.get(link) for link in found}
    assert len(found) == 2 * sum(len(list(samples(locale))) for locale in LOCALES)
    assert {one.status_code for one in shown.values()} == {200}
    assert "http://board/alerts/" in shown["/alerts/previews/es/digest/html"].text
    assert shown["/alerts/previews/en/overdue/text"].headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["en/never/text", "xx/digest/text", "en/digest/pdf"])
async def test_a_preview_of_what_is_never_sent_is_not_found(desk: Desk, path: str) -> None:
    async with desk.browser(BEN) as ben:
        assert (await ben.get(f"/alerts/previews/{path}")).status_code == 404


async def test_previews_are_for_those_who_signed_in_and_may_be_told(desk: Desk) -> None:
    async with desk.browser() as somebody, desk.browser("staff/9", "auditor") as auditor:
        assert (await somebody.get("/alerts/previews")).status_code == 303
        assert (await auditor.get("/alerts/previews/en/digest/html")).status_code == 403
