"""The mail of a local run: what was sent can be read on its page, as text and as HTML, and shows nothing but itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette

from deploy.local.mail import LOOPBACK, Mailbox, pages
from infra.settings import Settings
from services.notification.smtp import Smtp
from tests.notification.test_smtp import letter


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """One letter was sent to it as notification sends it, and sent again."""
    mailbox = Mailbox(tmp_path / "mail")
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox, hostname="mail.local"), LOOPBACK, 0)
    async with server:
        reached = {"smtp_host": LOOPBACK, "smtp_port": server.sockets[0].getsockname()[1], "smtp_security": "none"}
        channel = Smtp(Settings(service="notification", development=True, **reached), 3.0)
        for _ in range(2):
            assert (await channel.send(letter())).outcome == "sent"
        yield mailbox


def reader(mailbox: Mailbox) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(Starlette(routes=pages(mailbox))), base_url="http://mail")


async def test_a_mail_that_was_sent_is_listed_once_and_read_on_its_page(mailbox: Mailbox) -> None:
    ((name, _),) = mailbox.kept()
    async with reader(mailbox) as browser:
        listed, page, body = [(await browser.get(path)).text for path in ("/", f"/{name}", f"/{name}/html")]
    assert f'<a href="/{name}">Subject: á</a>' in listed and "somebody@example.org" in listed and "<td>2</td>" in listed
    assert "<h1>Subject: á</h1>" in page and "Text http://127.0.0.1/alerts/placement/1/" in page and "notice-1@localhost" in page
    assert f'<iframe sandbox src="/{name}/html"' in page and body.startswith("<p>http://127.0.0.1/alerts/placement/1/")


async def test_what_was_never_sent_has_no_page_and_a_page_loads_nothing_from_elsewhere(mailbox: Mailbox) -> None:
    ((name, _),) = mailbox.kept()
    async with reader(mailbox) as browser:
        assert [(await browser.get(path)).status_code for path in ("/never", "/..%2f..%2fkept")] == [404, 404]
        for path in ("/", f"/{name}", f"/{name}/html"):
            assert (await browser.get(path)).headers["content-security-policy"].startswith("default-src 'none'")


async def test_an_empty_mailbox_says_so(tmp_path: Path) -> None:
    async with reader(Mailbox(tmp_path / "mail")) as browser:
        assert "Nothing was sent yet" in (await browser.get("/")).text
