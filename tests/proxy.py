"""A TCP proxy that misbehaves on demand, between a client and any server.

async with Proxy("127.0.0.1", 9092) as proxy:
    client = connect(f"127.0.0.1:{proxy.port}")
    proxy.become("drop-response", on=b"commitTransaction")
"""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from typing import Literal, Self

Mode = Literal["pass", "delay", "blackhole", "drop-response", "reset"]
CHUNK_BYTES = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """`delay` holds every chunk back, `blackhole` swallows both directions, `drop-response` what the server says; `reset` breaks
    every connection, and new ones at once. With `on`, the mode begins with the first request that contains these bytes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._mode: Mode = "pass"
        self._next: tuple[bytes, Mode] | None = None
        self._seconds = 0.0
        self._writers: set[StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self.began = asyncio.Event()
        """Set when the mode that was asked for has begun."""

    def become(self, mode: Mode, *, on: bytes = b"", seconds: float = 0.0) -> None:
        self.began.clear()
        self._next, self._seconds = (on, mode), seconds
        self._see(b"")

    def _see(self, request: bytes) -> None:
        if self._next and self._next[0] in request:
            self._mode, self._next = self._next[1], None
            self.began.set()
            if self._mode == "reset":
                self._reset()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._reset()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until either side ends it."""
        connection = asyncio.current_task()
        assert connection
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        with suppress(OSError):
            there, to_server = await asyncio.open_connection(*self._target)
            self._writers |= {writer, to_server}
            if self._mode == "reset":
                self._reset()
            await asyncio.gather(self._pump(reader, to_server, True), self._pump(there, writer, False))
        self._writers -= {writer}
        writer.close()

    async def _pump(self, reader: StreamReader, writer: StreamWriter, request: bool) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if request:
                    self._see(chunk)
                if self._mode == "delay":
                    await asyncio.sleep(self._seconds)
                if self._mode != "blackhole" and (request or self._mode != "drop-response"):
                    writer.write(chunk)
                    await writer.drain()
        self._writers.discard(writer)
        writer.close()
