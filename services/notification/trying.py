"""Tries a channel as notification would use it, before people depend on it: `python -m services.notification.trying pager --help`.

Every promise of `docs/channels.md` that can be seen from outside is tried on the real channel, with addresses that its author names.
Exit code 0: it keeps them; 1: it breaks some, each told with what to do.
"""

import argparse
import asyncio
import io
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import get_args
from uuid import uuid4

from infra.clock import Clock
from infra.settings import Settings
from services.notification.channel import ANSWERS_WITHIN_S, CODE, Channel, Handed, Letter, Outcome
from services.notification.channels import channels

TOGETHER = 16
STALL_MAX_S = 0.25
"""How long a channel may keep the process from everything else it does."""
MARK = re.compile(r"trying-[0-9a-f]{8}")
Tried = Callable[[], Awaitable[str]]


class Fault(str):
    """How a channel failed to answer, and what to do."""


class Bench:
    """Hands letters to one channel, and watches what comes of it. `within_s` is how long the sender would wait."""

    def __init__(self, channel: Channel, taken: str, refused: str = "", hanging: str = "", within_s: float = ANSWERS_WITHIN_S) -> None:
        self._channel, self._taken, self._refused, self._hanging, self._within_s = channel, taken, refused, hanging, within_s
        self._said = io.StringIO()

    async def faults(self) -> Mapping[str, str]:
        """What it promises, and how that is broken; empty where it is kept. What no address was named for is not tried."""
        tries: dict[str, Tried] = {
            "takes a notice for an address that is good": self._takes,
            "takes the same notice again, which is the same one": self._takes_again,
            "takes sixteen at a time without keeping the process from anything else": self._takes_many,
        }
        if self._refused:
            tries["says that an address takes nothing"] = self._refuses
        if self._hanging:
            tries["answers in time though nobody answers it"] = self._gives_up
        tries["lets itself be interrupted, and goes on"] = self._is_interrupted
        with self._listening():
            found = {name: await tried() for name, tried in tries.items()}
        return {**found, "says nothing of whom it told, or what": self._is_discreet()}

    async def _takes(self) -> str:
        return self._wrong(await self._handed(self._letter(self._taken)), "sent", "delivered")

    async def _takes_again(self) -> str:
        letter = self._letter(self._taken)
        first, second = await self._handed(letter), await self._handed(letter)
        return self._wrong(first, "sent", "delivered") or self._wrong(second, "sent", "delivered")

    async def _takes_many(self) -> str:
        async def watch() -> float:
            longest, loop = 0.0, asyncio.get_running_loop()
            try:
                while True:
                    before = loop.time()
                    await asyncio.sleep(0.01)
                    longest = max(longest, loop.time() - before)
            except asyncio.CancelledError:
                return longest

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        handed = await asyncio.gather(*(self._handed(self._letter(self._taken)) for _ in range(TOGETHER)))
        await asyncio.sleep(0.02)
        watching.cancel()
        stalled = await watching
        if stalled > STALL_MAX_S:
            return f"the process stood still for {stalled:.2f} s; wait with await, and use no client that blocks"
        return next((wrong for one in handed if (wrong := self._wrong(one, "sent", "delivered"))), "")

    async def _refuses(self) -> str:
        return self._wrong(await self._handed(self._letter(self._refused)), "failed")

    async def _gives_up(self) -> str:
        return self._wrong(await self._handed(self._letter(self._hanging)), "deferred")

    async def _is_interrupted(self) -> str:
        sending = asyncio.create_task(self._channel.send(self._letter(self._hanging or self._taken)))
        await asyncio.sleep(0.01)
        sending.cancel()
        try:
            await asyncio.wait_for(asyncio.gather(sending, return_exceptions=True), 1)
        except TimeoutError:
            return "it goes on for more than a second after it was interrupted; let asyncio.CancelledError pass"
        return self._wrong(await self._handed(self._letter(self._taken)), "sent", "delivered")

    def _is_discreet(self) -> str:
        told = MARK.search(self._said.getvalue())
        return "an address or a text stood in what it logged or printed; log the id alone" if told else ""

    async def _handed(self, letter: Letter) -> object:
        """What it answered, or how it failed to."""
        try:
            return await asyncio.wait_for(self._channel.send(letter), self._within_s)
        except TimeoutError:
            return Fault(f"no answer within {self._within_s:g} s; give up sooner, and say deferred")
        except Exception as error:
            return Fault(f"it raised {type(error).__name__}; what goes wrong is an answer: deferred, or failed where it is for good")

    def _wrong(self, handed: object, *allowed: Outcome) -> str:
        if isinstance(handed, Fault):
            return handed
        if not isinstance(handed, Handed) or handed.outcome not in get_args(Outcome):
            return f"it answered {type(handed).__name__}; answer Handed with one of {', '.join(get_args(Outcome))}"
        if handed.code is not None and not CODE.fullmatch(handed.code):
            return "its code is no code: lower-case letters, digits, dots and hyphens, 40 at most; never a server's own words"
        return "" if handed.outcome in allowed else f"it answered {handed.outcome} ({handed.code}); {' or '.join(allowed)} is true here"

    def _letter(self, address: str) -> Letter:
        """Nothing in it is about anybody; what it carries is marked, to be known again where it must not be."""
        mark = f"trying-{uuid4().hex[:8]}"
        link = f"https://board.example.org/alerts/placement/{mark}/{mark}"
        return Letter(
            id=str(uuid4()), address=address, domain=address.rpartition("@")[2] or "-", subject=f"Throughline is tried ({mark})",
            text=f"Nothing is to be done.\n{link}\n", html=f'<p>Nothing is to be done. <a href="{link}">Look</a></p>',
            at=Clock().now(), locale="en",
        )  # fmt: skip

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Everything that is logged or printed meanwhile, at every level; addresses count as marks."""
        handler = logging.StreamHandler(self._said)
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with redirect_stdout(self._said), redirect_stderr(self._said):
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        for address in filter(None, (self._taken, self._refused, self._hanging)):
            if address in self._said.getvalue():
                self._said.write("trying-00000000")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.notification.trying", description=__doc__)
    parser.add_argument("channel", help="its name: that of the entry point")
    parser.add_argument("--taken", required=True, help="an address that takes messages")
    parser.add_argument("--refused", default="", help="an address that takes none, for good")
    parser.add_argument("--hanging", default="", help="an address whose server never answers")
    asked = parser.parse_args(arguments)
    known = channels(Settings(service="notification"))
    if asked.channel not in known:
        print(f"there is no channel {asked.channel}; there are {', '.join(sorted(known))}: is it installed, and set up?")
        return 1
    found = asyncio.run(Bench(known[asked.channel], asked.taken, asked.refused, asked.hanging).faults())
    for promise, fault in found.items():
        print(f"{'no ' if fault else 'yes'}  {promise}{f': {fault}' if fault else ''}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
