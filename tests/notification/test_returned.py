"""Mail that comes back later: by real SMTP out, and by real SMTP back, to the address that it was sent from."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtplib import SMTP as Client

from contracts.notices import NoticeFailed, NoticeQueued, NoticeSent
from contracts.recipients import RecipientBounced
from infra.access import Access
from infra.commands import Counter
from infra.http import Door, application
from infra.identity import Identity, Principal, keyring
from infra.issuer import ISSUER, LocalIssuer
from infra.settings import Settings
from services.notification.api import ACCESS
from services.notification.pages import RETURNED, pages
from services.notification.returned import Undelivered, return_address, undelivered
from services.notification.smtp import Smtp
from tests.notification.house import House
from tests.notification.stories import ANA, no_program

RETURNS = "returns@care.example"
NOTICE = str(uuid4())
GATEWAY = Principal("system/mail", frozenset({"mail-gateway"}))


def report(to: str, action: str = "failed", status: str = "5.1.1", kind: str = "delivery-status") -> bytes:
    """What a mail system writes (RFC 3464): for people, for programs, and the head of what came back."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="=b="\r\n\r\n'
        "--=b=\r\nContent-Type: text/plain\r\n\r\nI am sorry to have to inform you: failed.\r\n"
        "--=b=\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; somebody@gone.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--=b=\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: [Throughline]\r\n\r\n--=b=--\r\n"
    ).encode()


OURS = return_address(NOTICE, RETURNS)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (report(OURS), Undelivered(NOTICE, "bounced")),
        (report(OURS.upper(), "Failed", "5.2.1 (disabled)"), Undelivered(NOTICE, "bounced")),
        (report(OURS, status="5.7.1"), Undelivered(NOTICE, "undelivered")),
        (report(OURS, status="4.4.7"), Undelivered(NOTICE, "undelivered")),
        (report(OURS).replace(b"To: <", b"To: undisclosed:;\r\nDelivered-To: <"), Undelivered(NOTICE, "bounced")),
        (report(OURS, "delayed", "4.4.1"), None),
        (report(OURS, "delivered", "2.0.0"), None),
        (report(OURS, kind="disposition-notification"), None),
        (report(RETURNS), None),
        (report(OURS.replace("care.example", "elsewhere.example")), None),
        (report("returns+of-nobody@care.example"), None),
        (report(OURS).replace(b"message/delivery-status", b"text/plain"), None),
        (f"To: {OURS}\r\nSubject: Out of office\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n".encode(), None),
        (b"To: " + OURS.encode() + b"\r\nContent-Type: message/rfc822\r\n\r\n" + report(OURS), None),
        (report(OURS)[:300], None),
        (b"", None),
        (b"\xff\x00\r\n" * 50, None),
    ],
)  # fmt: skip
def test_a_report_of_failure_names_its_notice_and_nothing_else_does(raw: bytes, said: Undelivered | None) -> None:
    assert undelivered(raw, RETURNS) == said
    assert undelivered(raw, "") is None, "where no address is set nothing comes back"


class Box:
    """A mail server that takes everything, and what it took."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 taken"

    async def __aenter__(self) -> "Box":
        self._server = await asyncio.get_running_loop().create_server(lambda: SMTP(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


class Way(Box):
    """The mail system's own delivery: what comes to it is handed on, as it is."""

    def __init__(self, house: House, folder: Path) -> None:
        super().__init__()
        self.issuer, self.answers = LocalIssuer(folder, "throughline", house.clock), list[int]()
        identity = Identity(ISSUER, "throughline", keyring(str(self.issuer.jwks), house.clock), house.clock)
        settings = SimpleNamespace(board_url="http://board", alerts_url="", mail_returns=RETURNS, demo_data=False)
        counter = Counter("notification", house.settler.settle, Door(identity, Access(ACCESS)), house.clock)
        self._app = application(pages(SimpleNamespace(settings=settings), house.store, counter))  # type: ignore[arg-type]

    async def post(self, raw: bytes, who: Principal = GATEWAY) -> int:
        headers = {"authorization": f"Bearer {self.issuer.token(who)}", "content-type": "message/rfc822"}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self._app), base_url="http://here", headers=headers) as client:
            return (await client.post(RETURNED, content=raw)).status_code

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.answers.append(await self.post(envelope.content))
        return "250 taken"


@pytest.fixture
async def house() -> AsyncIterator[tuple[House, Box]]:
    """Ana was told by mail; the server took it."""
    relay, house = Box(), await House().open()
    async with relay:
        set_up = {"smtp_host": "127.0.0.1", "smtp_port": relay.port, "smtp_security": "none", "mail_returns": RETURNS}
        house.mail = Smtp(Settings(service="notification", development=True, **set_up), 5.0)  # type: ignore[assignment, arg-type]
        house.start()
        house.say("placement/1", no_program("emergency", owner=ANA))
        await house.take(house.log[-1:])
        for _ in range(300):
            await house.work(1)
            await asyncio.sleep(0.01)
            if house.facts(NoticeSent):
                break
        yield house, relay


async def test_what_comes_back_later_goes_to_the_next_channel_exactly_once(house: tuple[House, Box], tmp_path: Path) -> None:
    told, relay = house
    (mail,) = relay.taken
    (name,) = [row.attributes["subject"] for row in told.tables.facts.values() if row.attributes["type"] == NoticeQueued.type]
    assert mail.mail_from == return_address(name.partition("/")[2], RETURNS), "each from an address of its own"
    async with Way(told, tmp_path) as way:
        for raw in (report(mail.mail_from, "delayed", "4.4.1"), report(mail.mail_from), report(mail.mail_from), report(OURS)):
            client = Client(hostname="127.0.0.1", port=way.port, use_tls=False, start_tls=False)
            await client.connect()
            await client.sendmail("", [mail.mail_from], raw)
            await client.quit()
        assert way.answers[0] == 204 and way.answers[1] == 202 and way.answers[3] == 204
        assert await way.post(report(mail.mail_from).replace(b"sorry", b"very sorry")) == 204, "told in other words it is no news either"
    await told.work()
    (failed,) = told.facts(NoticeFailed)
    assert (failed.channel, failed.reason, failed.next_channel) == ("email", "bounced", "inbox")  # type: ignore[attr-defined]
    assert len(told.inbox.shown) == 1 and len(told.facts(RecipientBounced)) == 1


async def test_an_address_is_kept_where_only_this_message_was_refused(house: tuple[House, Box], tmp_path: Path) -> None:
    told, relay = house
    async with Way(told, tmp_path) as way:
        assert await way.post(report(str(relay.taken[0].mail_from), status="5.7.1")) == 202
    await told.work()
    assert len(told.inbox.shown) == 1 and told.facts(RecipientBounced) == []


async def test_only_the_mail_system_may_say_so(house: tuple[House, Box], tmp_path: Path) -> None:
    told, relay = house
    async with Way(told, tmp_path) as way:
        assert await way.post(report(str(relay.taken[0].mail_from)), Principal(ANA, frozenset({"coordinator"}))) in (403, 404)
    assert told.facts(NoticeFailed) == []
