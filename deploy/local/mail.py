"""Everybody's mail server in a local run: takes what is sent, keeps it as files, and shows it on a page as a reader would see it.

python -m deploy.local.mail      MAIL_SMTP_PORT, MAIL_HTTP_PORT, MAIL_FOLDER
"""

import asyncio
import html
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

LOOPBACK = "127.0.0.1"
SHOWN_MAX = 200
POLICY = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'"}
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b2530}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #d5dce3}"
    "pre{background:#f3f5f7;padding:1rem;white-space:pre-wrap}iframe{width:100%;height:38rem;border:1px solid #d5dce3}"
)


@dataclass
class Mailbox:
    """Messages by their Message-ID, as a mail system that knows one again keeps them; how often each came is kept beside."""

    folder: Path
    came: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        name = sha256(f"{message['Message-ID']} {','.join(envelope.rcpt_tos)}".encode()).hexdigest()[:24]
        self.came[name] = self.came.get(name, 0) + 1
        path = self.folder / f"{name}.eml"
        if not path.exists():
            path.write_bytes(envelope.content)
        return "250 kept"

    def kept(self) -> Iterator[tuple[str, EmailMessage]]:
        """The newest first."""
        for path in sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)[:SHOWN_MAX]:
            yield path.stem, read(path)

    def find(self, name: str) -> EmailMessage | None:
        path = self.folder / f"{name}.eml"
        return read(path) if name.isalnum() and path.exists() else None


def read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""


def pages(mailbox: Mailbox) -> list[Route]:
    async def listed(request: Request) -> Response:
        rows = "".join(
            f"<tr><td>{html.escape(str(one['Date']))}</td><td>{html.escape(str(one['To']))}</td>"
            f'<td><a href="/{name}">{html.escape(str(one["Subject"]))}</a></td><td>{mailbox.came.get(name, 1)}</td></tr>'
            for name, one in mailbox.kept()
        )
        table = f"<table><tr><th>sent</th><th>to</th><th>subject</th><th>came</th></tr>{rows}</table>"
        return page("Mail of this local run", table if rows else "<p>Nothing was sent yet.</p>")

    async def shown(request: Request) -> Response:
        name = request.path_params["name"]
        message = mailbox.find(name)
        if message is None:
            return PlainTextResponse("not found", 404)
        known = "".join(f"<p>{header}: {html.escape(str(message[header]))}</p>" for header in ("From", "To", "Date", "Message-ID"))
        frame = f'<iframe sandbox src="/{name}/html" title="as HTML"></iframe>'
        whole = f"{known}<h2>HTML</h2>{frame}<h2>Text</h2><pre>{html.escape(part(message, 'plain'))}</pre>"
        return page(str(message["Subject"]), whole)

    async def body(request: Request) -> Response:
        message = mailbox.find(request.path_params["name"])
        return Response(part(message, "html") if message else "", media_type="text/html; charset=utf-8", headers=POLICY)

    async def ready(request: Request) -> Response:
        return PlainTextResponse("ready")

    return [Route("/health/ready", ready), Route("/", listed), Route("/{name}", shown), Route("/{name}/html", body)]


def page(title: str, content: str) -> Response:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    whole = f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{html.escape(title)}</h1>{content}</body></html>'
    return Response(whole, media_type="text/html; charset=utf-8", headers=POLICY)


async def serve(smtp_port: int, http_port: int, folder: Path) -> None:
    mailbox = Mailbox(folder)
    mail = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox, hostname="mail.local"), LOOPBACK, smtp_port)
    web = uvicorn.Server(uvicorn.Config(Starlette(routes=pages(mailbox)), host=LOOPBACK, port=http_port, log_level="warning"))
    async with mail:
        await web.serve()


if __name__ == "__main__":
    asyncio.run(serve(int(os.environ["MAIL_SMTP_PORT"]), int(os.environ["MAIL_HTTP_PORT"]), Path(os.environ["MAIL_FOLDER"])))
