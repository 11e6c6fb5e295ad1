"""A mail server with faults: it hangs, refuses, defers, rejects, and drops connections before and after it has taken a message.

What it took is remembered by Message-ID and recipient, as often as it came, with the digest of its bytes: what a mail system that
knows a message again would show once.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from random import Random
from typing import Literal

Fault = Literal["", "hang", "refuse", "defer", "reject", "drop-before", "drop-inside", "drop-after"]
ALERT = re.compile(r"/alerts/([^/\s]+/[^/\s]+)/([0-9a-f-]{36})")


@dataclass
class Taken:
    """One message as one recipient has it. `bodies` are digests of what came; `alerts` and `items` what its links name."""

    recipient: str
    alerts: frozenset[str]
    items: frozenset[str]
    at: float
    times: int = 0
    bodies: set[str] = field(default_factory=set)
    raw: bytes = b""


@dataclass
class Postman:
    """`fault` says what happens to one connection (to nobody yet: empty domain) or one message for a domain."""

    fault: Callable[[str], Fault] = lambda domain: ""
    port: int = 0
    taken: dict[tuple[str, str], Taken] = field(default_factory=dict)
    happened: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> "Postman":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()

    def addressed(self, recipient: str) -> list[Taken]:
        return [one for (_, to), one in self.taken.items() if to == recipient]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me
        self._talks.add(me)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._talk(reader, writer)
        self._talks.discard(me)
        writer.close()

    async def _does(self, what: Fault) -> None:
        self.happened[what] += 1
        if what == "hang":
            await asyncio.sleep(3600)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (fault := self.fault("")) == "refuse":
            return await self._does(fault)
        writer.write(b"220 postman\r\n")
        recipient, fault = "", ""
        while line := (await reader.readline()).strip():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                fault = self.fault(recipient.rpartition("@")[2])
                if fault in ("defer", "reject", "hang", "drop-before"):
                    await self._does(fault)
                if fault == "drop-before":
                    return
                writer.write({"defer": b"451 later\r\n", "reject": b"550 nobody\r\n"}.get(fault, b"250 ok\r\n"))
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                if not await self._data(reader, writer, recipient, fault):
                    return
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str, fault: Fault) -> bool:
        if fault == "drop-inside":
            await reader.readline()
            await self._does(fault)
            return False
        raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
        self._keep(raw, recipient)
        if fault == "drop-after":
            await self._does(fault)
            return False
        writer.write(b"250 taken\r\n")
        return True

    def _keep(self, raw: bytes, recipient: str) -> None:
        message = message_from_bytes(raw, policy=default)
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        name = str(message["Message-ID"])
        items, alerts = (frozenset(link[part] for link in ALERT.findall(text)) for part in (0, 1))
        known = Taken(recipient, alerts, items, asyncio.get_running_loop().time(), raw=raw)
        taken = self.taken.setdefault((name, recipient), known)
        taken.times += 1
        taken.bodies.add(sha256(raw).hexdigest())


def moody(seed: int, share: float = 0.3, hung: tuple[str, ...] = ()) -> Callable[[str], Fault]:
    """Faults at random, and domains whose server never answers."""
    dice, kinds = Random(seed), ("defer", "reject", "drop-before", "drop-inside", "drop-after")

    def fault(domain: str) -> Fault:
        if domain in hung:
            return "hang"
        if dice.random() >= share:
            return ""
        return "refuse" if not domain else dice.choice(kinds)  # type: ignore[return-value]

    return fault
