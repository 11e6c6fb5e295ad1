"""A mail server with faults: it hangs, refuses, defers, rejects, and drops connections before and after it has taken a message.

What it took is remembered by Message-ID and recipient, as often as it came, with the digest of its bytes: what a mail system that
knows a message again would show once.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Literal

Fault = Literal["", "hang", "refuse", "defer", "reject", "nobody", "drop-before", "drop-inside", "drop-after"]
NAMED = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
ALERT = re.compile(r"/alerts/([^/\s]+/[^/\s]+)/([0-9a-f-]{36})")


@dataclass
class Taken:
    """One message as one recipient has it. `bodies` are digests of what came; `alerts` and `items` what its links name.

    `at` is when it came first, by the event loop's clock. It is read when somebody asks: a mail server is not to be what is slow.
    """

    recipient: str
    at: float
    times: int = 0
    bodies: set[str] = field(default_factory=set)
    raw: bytes = b""

    @cached_property
    def links(self) -> Sequence[tuple[str, str]]:
        """Item and alert of each."""
        text = message_from_bytes(self.raw, policy=default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
        return ALERT.findall(text)

    @property
    def items(self) -> frozenset[str]:
        return frozenset(item for item, _ in self.links)

    @property
    def alerts(self) -> frozenset[str]:
        return frozenset(alert for _, alert in self.links)


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
        await self.listen()
        return self

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        """Whoever comes now is refused; who is there already is served."""
        assert self._server
        self._server.close()

    async def __aexit__(self, *_: object) -> None:
        await self.leave()
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
                if fault in ("defer", "reject", "nobody", "hang", "drop-before"):
                    await self._does(fault)
                if fault == "drop-before":
                    return
                writer.write(
                    {"defer": b"451 later\r\n", "reject": b"554 not this\r\n", "nobody": b"550 nobody\r\n"}.get(fault, b"250 ok\r\n")
                )
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
        found = NAMED.search(raw)
        name = found[1].decode() if found else ""
        taken = self.taken.setdefault((name, recipient), Taken(recipient, asyncio.get_running_loop().time(), raw=raw))
        taken.times += 1
        taken.bodies.add(sha256(raw).hexdigest())


def moody(seed: int, share: float = 0.3, hung: tuple[str, ...] = (), gone: tuple[str, ...] = ()) -> Callable[[str], Fault]:
    """Faults at random, domains whose server never answers, and domains where nobody has a mailbox any more."""
    dice, kinds = Random(seed), ("defer", "reject", "drop-before", "drop-inside", "drop-after")

    def fault(domain: str) -> Fault:
        if domain in hung:
            return "hang"
        if domain in gone:
            return "nobody"
        if dice.random() >= share:
            return ""
        return "refuse" if not domain else dice.choice(kinds)  # type: ignore[return-value]

    return fault
