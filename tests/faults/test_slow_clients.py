"""Row 42: a client of driftd's own surface that is slow costs itself its connection, and nobody anything else."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from driftd.faces.http.serve import Patience
from tests.faces import views
from tests.faces.surface import Pretended, served, until
from tests.faces.test_serving import Ended
from tests.faults.observing import Observe
from tests.faults.proxy import FaultProxy, proxied
from tests.house.troubled import SICK, Troubled, troubled

SLOW = 4
"""Clients that are slow at once."""
TENANTS = 2000
"""So many that the kernel cannot hold what is told of them."""
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = Patience(head=0.3, take=0.3, stop=1)


async def _asked(proxy: FaultProxy, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request)
    return reader, writer


async def _got(call: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    """Return all that comes until the connection is ended."""
    came = bytearray()
    with anyio.fail_after(20), suppress(ConnectionError):
        while data := await call[0].read(65_536):
            came += data
    call[1].close()
    return bytes(came)


def _cut(answer: bytes) -> bool:
    """Tell whether an answer ends before its length, or is none."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head.lower())
    return found is None or len(body) < int(found[1])


async def _polled(house: Troubled) -> None:
    house.advance()
    await house.recovers()


@pytest.mark.fault(42)
async def test_a_client_that_takes_its_time_to_read_is_cut_off(tmp_path: Path, observe: Observe) -> None:
    """What is left of its answer is dropped; scrapes are answered and polls go on meanwhile."""
    ended, scrapes = Ended(), 0
    async with (
        troubled(tmp_path, classes=(SICK,)) as house,
        served(Pretended(views.many(TENANTS)), SHORT, ended) as client,
        proxied(client.base_url.port or 0) as proxy,
    ):
        await house.settled()
        proxy.down.rate, proxy.down.piece, proxy.buffer = 4000, 400, 4096
        slow = [await _asked(proxy, REQUEST) for _ in range(SLOW)]
        for _ in range(3):
            scrapes += (await client.get("/metrics?name[]=driftd_records")).status_code == 200
        await _polled(house)
        await until(lambda: ended.paths.count("/metrics") >= SLOW + 3)
        proxy.down.rate = 0
        cut = sum([_cut(await _got(each)) for each in slow])
        observe(
            f"{cut} slow readers of /metrics cut off, {scrapes} of 3 scrapes answered, a poll went on",
            lost=house.lost,
            invented=house.invented,
        )
        assert (cut, scrapes) == (SLOW, 3)


@pytest.mark.fault(42)
async def test_a_client_that_takes_its_time_to_ask_is_cut_off(tmp_path: Path, observe: Observe) -> None:
    """So is one whose request drips, whose connection says nothing, or who hangs up half-way."""
    async with (
        troubled(tmp_path, classes=(SICK,)) as house,
        served(Pretended(), SHORT) as client,
        proxied(client.base_url.port or 0) as proxy,
    ):
        await house.settled()
        proxy.up.rate, proxy.up.piece = 20, 1
        slow = [await _asked(proxy, REQUEST[:size]) for size in (0, 3, 30, len(REQUEST))]
        scrapes = [(await client.get("/metrics")).status_code for _ in range(3)]
        await _polled(house)
        cut = 0
        for each in slow:
            cut += await _got(each) == b""
        observe(f"{cut} slow askers cut off, 3 scrapes and a poll went on", lost=house.lost, invented=house.invented)
        assert (cut, scrapes) == (4, [200, 200, 200])
