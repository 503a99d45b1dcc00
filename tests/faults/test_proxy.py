"""The fault proxy does what it says to the direction it is told to, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest

from tests.adapters.x3.sockets import Wire, listening
from tests.faces.surface import until
from tests.faces.test_serving import sockets
from tests.faults.proxy import FaultProxy, proxied

WAITS = 20
LONG = bytes(range(256)) * 40


@dataclass
class Call:
    """A client's connection through a proxy to a server that answers what it gets, byte for byte, to its end."""

    proxy: FaultProxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    arrived: bytearray = field(default_factory=bytearray)

    async def echoed(self, data: bytes) -> bytes:
        """Send, say that this is all, and return what comes back."""
        self.writer.write(data)
        self.writer.write_eof()
        with anyio.fail_after(WAITS):
            return await self.reader.read()


@asynccontextmanager
async def calling(seed: int = 1) -> AsyncIterator[Call]:
    arrived = bytearray()

    async def echo(wire: Wire) -> None:
        while data := await wire.reader.read(65_536):
            arrived.extend(data)
            await wire.send(data)

    before = sockets()
    async with listening(echo) as server, proxied(server.port, seed) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            yield Call(proxy, reader, writer, arrived)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)
    await until(lambda: sockets() == before)


async def test_without_a_toxic_all_comes_through() -> None:
    async with calling() as call:
        assert await call.echoed(LONG) == LONG
        assert call.proxy.accepted == 1


async def test_pieces_latency_and_rate_take_their_time_and_lose_nothing() -> None:
    async with calling() as call:
        call.proxy.down.piece, call.proxy.down.latency, call.proxy.down.jitter = 2048, 0.02, 0.01
        call.proxy.up.rate = 200_000
        begun = asyncio.get_running_loop().time()
        assert await call.echoed(LONG) == LONG
        assert asyncio.get_running_loop().time() - begun >= 5 * 0.01 + len(LONG) / 200_000


@pytest.mark.parametrize("limit", [0, 1, 5000])
async def test_a_limit_lets_so_many_bytes_through(limit: int) -> None:
    async with calling() as call:
        call.proxy.down.limit = limit
        assert await call.echoed(LONG) == LONG[:limit]


async def test_a_reset_is_one() -> None:
    async with calling() as call:
        call.proxy.up.limit, call.proxy.up.end = 100, "reset"
        with pytest.raises(ConnectionResetError):
            await call.echoed(LONG)
        assert call.arrived == LONG[:100]


async def test_a_hang_sends_neither_more_nor_an_end() -> None:
    async with calling() as call:
        call.proxy.down.limit, call.proxy.down.end = 10, "hang"
        call.writer.write(LONG)
        with anyio.fail_after(WAITS):
            assert await call.reader.readexactly(10) == LONG[:10]
        with anyio.move_on_after(0.05) as waited:
            await call.reader.read(1)
        assert waited.cancelled_caught


async def test_a_half_close_leaves_the_other_direction_open() -> None:
    async with calling() as call:
        call.proxy.down.limit, call.proxy.down.end = 3, "half"
        call.writer.write(b"abc")
        with anyio.fail_after(WAITS):
            assert await call.reader.read() == b"abc"
            call.writer.write(b"def")
            await until(lambda: call.arrived == b"abcdef")


async def test_a_slow_close_is_late() -> None:
    async with calling() as call:
        call.proxy.down.slow_close = 0.05
        begun = asyncio.get_running_loop().time()
        assert await call.echoed(b"abc") == b"abc"
        assert asyncio.get_running_loop().time() - begun >= 0.05


async def test_the_bits_that_are_named_are_flipped() -> None:
    async with calling() as call:
        call.proxy.up.flips = frozenset({0, 8 * 9000 + 7})
        spoilt = bytearray(LONG)
        spoilt[0] ^= 1
        spoilt[9000] ^= 128
        assert await call.echoed(LONG) == spoilt


async def test_refusing_ends_what_is_there_and_can_be_taken_back() -> None:
    async with calling() as call:
        await call.proxy.refuse()
        assert await call.reader.read() == b""
        assert not call.proxy.sockets
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", call.proxy.port)
        await call.proxy.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", call.proxy.port)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"
        writer.transport.abort()


async def test_chance_is_seeded() -> None:
    """The same seed gives the same pauses."""
    pauses = []
    for seed in (1, 1, 2):
        proxy = FaultProxy(1, seed)
        proxy.up.latency = proxy.up.jitter = 1.0
        pauses.append([proxy._pause(proxy.up, 1) for _ in range(5)])
    assert pauses[0] == pauses[1] != pauses[2]
