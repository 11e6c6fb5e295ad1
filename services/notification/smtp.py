"""E-mail over SMTP. Connections are kept a little while, for each recipient domain apart, and dropped at the first sign of trouble.

What SMTP cannot tell: a connection that ends after the message was sent and before the server's answer may or may not have left it
there. That is `dropped`; it is sent again, byte for byte, under the same Message-ID, by which many mail systems drop the second.
"""

import asyncio
import quopri
from email.policy import compat32
from email.utils import format_datetime
from ssl import SSLCertVerificationError, SSLError

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPTimeoutError,
)

from infra.process import trusting
from infra.settings import Settings
from services.notification.channel import Handed, Letter
from services.notification.returned import return_address

WIRE, WIDTH_MAX = compat32.clone(linesep="\r\n"), 76
IDLE_S = 20.0
PLACES_MAX = 16
"""Messages of one recipient domain on their way at a time, of a pool: below what a mail server takes from one sender (Postfix: 50
connections). A place is held until the outcome is settled, so that with half as many messages waited for places, and not for servers."""


class Smtp:
    """One relay, which answers each step `answer_within_s` or is given up; an attempt as a whole has twice that.

    What it refuses for good about this message fails; whatever else goes wrong is the relay's trouble, and is tried again.
    """

    def __init__(self, settings: Settings, answer_within_s: float) -> None:
        self._settings, self._within = settings, answer_within_s
        self._trust = trusting(settings.smtp_ca_file, "SMTP_CA_FILE") if settings.smtp_security != "none" else None
        self._idle: dict[str, list[tuple[float, SMTP]]] = {}

    async def send(self, letter: Letter) -> Handed:
        try:
            async with asyncio.timeout(2 * self._within):
                return await self._sent(letter)
        except (TimeoutError, SMTPTimeoutError):
            return Handed("deferred", "timeout")
        except SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except (SMTPSenderRefused, SMTPDataError) as error:
            return _refused(error.code)
        except SMTPResponseException as error:  # the greeting, or our own credentials: not this message's fault
            return Handed("deferred", str(error.code))
        except ConnectionRefusedError:
            return Handed("deferred", "refused")
        except (SMTPException, OSError, ValueError) as error:
            return Handed("deferred", _trouble(error))
        except asyncio.CancelledError:  # the library cancels its own waiting when a connection ends
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return Handed("deferred", "dropped")

    async def _sent(self, letter: Letter) -> Handed:
        client = await self._connected(letter.domain)
        try:
            await client.sendmail(self._envelope(letter), [letter.address], written(letter, self._settings.mail_sender))
        except BaseException:
            client.close()
            raise
        idle = self._idle.setdefault(letter.domain, [])
        idle.append((asyncio.get_running_loop().time(), client))
        for _, spare in idle[:-PLACES_MAX]:
            spare.close()
        del idle[:-PLACES_MAX]
        return Handed("sent", "250")

    def _envelope(self, letter: Letter) -> str:
        """Whom its servers tell that they could not deliver it."""
        returns = self._settings.mail_returns
        return return_address(letter.id, returns) if returns else self._settings.mail_sender

    async def _connected(self, domain: str) -> SMTP:
        """One that was used a moment ago, or a new one."""
        idle, fresh = self._idle.get(domain, []), asyncio.get_running_loop().time() - IDLE_S
        while idle:
            since, client = idle.pop()
            if since > fresh and client.is_connected:
                return client
            client.close()
        settings = self._settings
        client = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            tls_context=self._trust,
            timeout=self._within,
        )
        await client.connect()
        return client


def _trouble(error: BaseException | None) -> str:
    """What an operator looks at: the relay's certificate, that it offers no protection, or that it was not there to the end."""
    while error:
        if isinstance(error, SSLError):
            return "certificate" if isinstance(error, SSLCertVerificationError) else "tls"
        if "STARTTLS" in str(error):  # the library has no class for it
            return "no-starttls"
        error = error.__cause__ or error.__context__
    return "dropped"


def _refused(code: int) -> Handed:
    return Handed("failed" if code >= 500 else "deferred", str(code))


def written(letter: Letter, sender: str) -> bytes:
    """The message on the wire: the same bytes for the same letter, whenever and wherever it is written.

    By hand, for the library's classes take every header and body apart again: 0.5 ms of CPU a message (`EmailMessage`: 3 ms), more than
    all decisions about it.
    """
    mark = f"={letter.id}="
    heads = (
        ("Message-ID", f"<{letter.id}@{sender.rpartition('@')[2]}>"), ("Date", format_datetime(letter.at)), ("From", sender),
        ("To", letter.address), ("Subject", letter.subject), ("Auto-Submitted", "auto-generated"), ("Content-Language", letter.locale),
    )  # fmt: skip
    kind = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{mark}"\r\n\r\n'.encode()
    parts = (_part(mark, "plain", letter.text), _part(mark, "html", letter.html))
    return b"".join((*(header(*one) for one in heads), kind, *parts, f"--{mark}--\r\n".encode()))


def header(name: str, value: str) -> bytes:
    """As the library writes it, which is asked only where something must be folded or encoded."""
    if len(name) + len(value) < WIDTH_MAX and value.isascii() and value.isprintable():
        return f"{name}: {value}\r\n".encode()
    return WIRE.fold_binary(name, value)


def _part(mark: str, subtype: str, text: str) -> bytes:
    """Quoted-printable: lines that any relay takes, and words that its administrator can read."""
    head = f'--{mark}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + quopri.encodestring(text.encode()).replace(b"\n", b"\r\n") + b"\r\n"
