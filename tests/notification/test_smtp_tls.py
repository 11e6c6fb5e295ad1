"""Mail leaves protected, to a relay that is who it says it is, or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from deploy.local.mail import LOOPBACK, Mailbox
from infra.problems import Problem
from infra.settings import Settings
from services.notification.channel import Handed
from services.notification.smtp import Smtp
from tests.notification.test_smtp import letter
from tests.wire.test_tls import certified


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Of the relay: its own certificate."""
    return certified(tmp_path, "relay")


def shown_by(authority: Path) -> ssl.SSLContext:
    """What the relay shows of itself."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.with_name(f"{authority.stem}-key.pem"))
    return context


@asynccontextmanager
async def relay(mailbox: Mailbox, implicit: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[int]:
    def make() -> SMTP:
        return SMTP(mailbox, hostname="relay.example", **how)

    server = await asyncio.get_running_loop().create_server(make, LOOPBACK, 0, ssl=implicit)
    async with server:
        yield server.sockets[0].getsockname()[1]


def channel(port: int, security: str, authorities: Path | None, **more: Any) -> Smtp:
    """As a deployment has it: nothing here is for developers only."""
    reached = {"smtp_host": LOOPBACK, "smtp_port": port, "smtp_security": security, "smtp_ca_file": authorities}
    return Smtp(Settings(service="notification", **reached, **more), 3.0)


async def test_a_relay_that_offers_starttls_is_spoken_to_under_it(mailbox: Mailbox, authority: Path) -> None:
    async with relay(mailbox, tls_context=shown_by(authority), require_starttls=True) as port:
        assert await channel(port, "starttls", authority).send(letter()) == Handed("sent", "250")
    assert len(mailbox.came) == 1


async def test_a_relay_that_speaks_tls_from_the_first_byte_is_spoken_to_so(mailbox: Mailbox, authority: Path) -> None:
    async with relay(mailbox, implicit=shown_by(authority)) as port:
        assert await channel(port, "tls", authority).send(letter()) == Handed("sent", "250")
    assert len(mailbox.came) == 1


async def test_to_a_relay_that_offers_no_protection_nothing_is_sent(mailbox: Mailbox, authority: Path) -> None:
    async with relay(mailbox) as port:
        assert await channel(port, "starttls", authority).send(letter()) == Handed("deferred", "no-starttls")
        assert await channel(port, "tls", authority).send(letter()) == Handed("deferred", "tls")
    assert mailbox.came == {}


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_to_a_relay_that_nobody_vouches_for_nothing_is_sent(security: str, mailbox: Mailbox, authority: Path, tmp_path: Path) -> None:
    shown = shown_by(authority)
    how: dict[str, Any] = {"implicit": shown} if security == "tls" else {"tls_context": shown}
    async with relay(mailbox, **how) as port:
        for trusted in (None, certified(tmp_path, "stranger")):
            assert await channel(port, security, trusted).send(letter()) == Handed("deferred", "certificate")
    assert mailbox.came == {}


async def test_the_password_is_said_under_protection_alone(mailbox: Mailbox, authority: Path) -> None:
    heard = []

    def known(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        heard.append((session.ssl is not None, isinstance(data, LoginPassword)))
        return AuthResult(success=True)

    signed_in = {"smtp_user": "throughline", "smtp_password": "x"}
    asks = {"authenticator": known, "auth_require_tls": False}
    async with relay(mailbox, tls_context=shown_by(authority), **asks) as port:
        assert (await channel(port, "starttls", authority, **signed_in).send(letter())).outcome == "sent"
    async with relay(mailbox, **asks) as port:
        assert await channel(port, "starttls", authority, **signed_in).send(letter()) == Handed("deferred", "no-starttls")
    assert heard == [(True, True)]


def test_authorities_of_a_relay_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="TL-2056"):
        channel(25, "starttls", tmp_path / "none.pem")
