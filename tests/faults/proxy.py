"""A proxy on loopback that spoils what it carries, in the words of toxiproxy; each direction by itself.

What it does can be switched while it runs. Chance is seeded. Closing it leaves no socket behind.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Literal

_CHUNK = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets."""
End = Literal["close", "reset", "hang", "half"]


@dataclass
class Toxics:
    """What is done to the bytes of one direction; nothing at first."""

    latency: float = 0.0
    """Seconds before each piece."""
    jitter: float = 0.0
    """Seconds by which that is more or less, by chance."""
    rate: float = 0.0
    """Bytes a second at most; 0: as many as come."""
    piece: int = 0
    """Bytes sent on at once at most; 0: as they come."""
    limit: int | None = None
    """Bytes of a connection after which `end` comes; 0: before the first."""
    end: End = "close"
    """Both sides are closed, or reset, or wait for ever; `half`: this direction alone is closed."""
    flips: frozenset[int] = frozenset()
    """Bits of a connection that are flipped, counted from its first."""
    slow_close: float = 0.0
    """Seconds by which the end of this direction is passed on late."""

    def clear(self) -> None:
        """Do nothing any more."""
        self.__init__()  # type: ignore[misc]


class _EndedError(Exception):
    """A connection is to end as a toxic says."""

    def __init__(self, end: End) -> None:
        self.end = end


@dataclass
class FaultProxy:
    """Carries connections to a port of loopback, from one of its own."""

    server: int
    seed: int = 1
    up: Toxics = field(default_factory=Toxics)
    """Towards the server."""
    down: Toxics = field(default_factory=Toxics)
    """Towards the client."""
    port: int = 0
    buffer: int = 0
    """Bytes that the kernel may hold of what the server sends; 0: as many as it likes."""
    accepted: int = 0
    """Connections let in so far."""

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.sockets: set[asyncio.StreamWriter] = set()
        """Those that are open, of both sides."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Let connections in."""
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Let none in, and end those that are there."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        await self.cut()

    async def cut(self, *, reset: bool = False) -> None:
        """End the connections that are there."""
        for writer in self.sockets if reset else ():
            _reset(writer)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        try:
            async with self._kept(writer):
                inner, outer = await asyncio.open_connection(sock=await self._reached())
                async with self._kept(outer):
                    await self._carry((reader, writer), (inner, outer))
        except (OSError, asyncio.CancelledError):
            pass  # either side went away, or the proxy ends it
        finally:
            self._tasks.discard(task)

    async def _reached(self) -> socket.socket:
        reached = socket.socket()
        reached.setblocking(False)
        if self.buffer:
            reached.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        try:
            await asyncio.get_running_loop().sock_connect(reached, ("127.0.0.1", self.server))
        except BaseException:
            reached.close()
            raise
        return reached

    @asynccontextmanager
    async def _kept(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self.sockets.add(writer)
        try:
            yield
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)
            writer.transport.abort()
            self.sockets.discard(writer)

    async def _carry(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        pumps = [self._pump(client[0], server[1], self.up), self._pump(server[0], client[1], self.down)]
        both = [asyncio.ensure_future(each) for each in pumps]
        try:
            await asyncio.gather(*both)
        except _EndedError as ended:
            if ended.end == "reset":
                _reset(client[1])
                _reset(server[1])
            elif ended.end == "hang":
                await asyncio.Event().wait()
        finally:
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, toxics: Toxics) -> None:
        """Carry one direction to its end."""
        passed = 0
        while toxics.limit is None or passed < toxics.limit:
            data = await reader.read(_CHUNK)
            if not data:
                break
            if toxics.limit is not None:
                data = data[: max(0, toxics.limit - passed)]
            for piece in _pieces(_flipped(data, passed, toxics.flips), toxics.piece):
                await asyncio.sleep(self._pause(toxics, len(piece)))
                writer.write(piece)
                await writer.drain()
            passed += len(data)
        else:
            if toxics.end != "half":
                raise _EndedError(toxics.end)
        await asyncio.sleep(toxics.slow_close)
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    def _pause(self, toxics: Toxics, size: int) -> float:
        late = toxics.latency + self._chance.uniform(-toxics.jitter, toxics.jitter)
        return max(0.0, late) + (size / toxics.rate if toxics.rate else 0.0)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size)) if size else (data,)


def _flipped(data: bytes, begin: int, flips: frozenset[int]) -> bytes:
    here = [bit - 8 * begin for bit in flips if 0 <= bit - 8 * begin < 8 * len(data)]
    if not here:
        return data
    spoilt = bytearray(data)
    for bit in here:
        spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


@asynccontextmanager
async def proxied(server: int, seed: int = 1) -> AsyncIterator[FaultProxy]:
    """Give a proxy to a port of loopback, open and without faults."""
    proxy = FaultProxy(server, seed)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.refuse()
        assert not proxy.sockets, "the proxy left sockets open"
