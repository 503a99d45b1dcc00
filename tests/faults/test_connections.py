"""Rows 11 and 13: connections that are refused, unanswered, reset, or dead when they are used again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from driftd.errors import Reason
from tests.faults.carried import Carried, carried
from tests.faults.observing import Observe
from tests.faults.proxy import FaultProxy

WAYS = {
    "refused": Reason.CONNECTION_REFUSED,
    "unanswered": Reason.CONNECT_TIMEOUT,
    "reset": Reason.CONNECTION_RESET,
    "reset within the answer": Reason.CONNECTION_RESET,
}


@asynccontextmanager
async def spoilt(how: str, proxy: FaultProxy) -> AsyncIterator[None]:
    """Have connects to the proxy, or what is asked over them, fail."""
    if how.startswith("reset"):
        proxy.down.limit, proxy.down.end = (0 if how == "reset" else 700), "reset"
        await proxy.cut()
        yield
        return
    await proxy.refuse()
    with socket.socket() as full:
        waiting = []
        if how == "unanswered":  # a backlog that is full
            full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            full.bind(("127.0.0.1", proxy.port))
            full.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                with suppress(BlockingIOError):
                    each.connect(("127.0.0.1", proxy.port))
        yield
        for each in waiting:
            each.close()
    await proxy.open()


@pytest.mark.fault(11)
@pytest.mark.parametrize("how", WAYS)
async def test_a_way_that_is_barred_has_its_own_reason(how: str, tmp_path: Path, observe: Observe) -> None:
    """Each has its own reason, nothing is told meanwhile, and what changed is told exactly once the way is free."""
    async with carried(tmp_path, observe, how, connect_timeout=0.3) as here:
        async with spoilt(how, here.proxy):
            report = await here.endures()
        here.house.seen.append(f"{report.outcome} by {report.reason}")
        assert (report.outcome, report.reason) == ("failed", WAYS[how]), report.message
        await here.well()


def asked(here: Carried) -> int:
    """Count the requests that reached the tenant."""
    return sum(here.house.patient.tenant.requests.values())


def _closed(proxy: FaultProxy) -> None:
    """Close every connection in order, as a server does whose time for idle ones is over."""
    for writer in proxy.sockets:
        writer.close()


def _half(proxy: FaultProxy) -> None:
    """Send an end, and go on reading."""
    for writer in proxy.sockets:
        writer.write_eof()


DEAD: dict[str, Callable[[FaultProxy], None]] = {"closed": _closed, "half-closed": _half}


@pytest.mark.fault(13)
@pytest.mark.parametrize("how", [*DEAD, "reset"])
async def test_a_connection_that_died_at_rest_costs_no_poll(how: str, tmp_path: Path, observe: Observe) -> None:
    """A kept connection that the other side has ended is not used again: each page is asked for once."""
    async with carried(tmp_path, observe, f"{how} at rest") as here:
        begun = asked(here)
        report = await here.endures()
        usual = asked(here) - begun
        if how == "reset":
            await here.proxy.cut(reset=True)
        else:
            DEAD[how](here.proxy)
        await asyncio.sleep(0)
        opened, begun = here.proxy.accepted, asked(here)
        report = await here.endures()
        here.house.seen.append(f"a fresh connection, {asked(here) - begun} requests where {usual} are usual")
        assert report.outcome == "ok"
        assert here.proxy.accepted == opened + 1
        assert asked(here) - begun <= usual + 1
        await here.well()


@pytest.mark.fault(13)
async def test_a_connection_that_dies_as_it_is_used_is_replaced_once(tmp_path: Path, observe: Observe) -> None:
    """The kept connection that dies under a request, before any byte of the answer, is replaced by a fresh one; where
    that dies too it is a failure: two connections for one request, and no more."""
    async with carried(tmp_path, observe, "dies when used") as here:
        here.proxy.up.limit, here.proxy.up.end = 0, "reset"
        opened = here.proxy.accepted
        report = await here.endures()
        here.house.seen.append(f"{report.outcome} by {report.reason} after {here.proxy.accepted - opened} fresh tries")
        assert (report.outcome, report.reason) == ("failed", Reason.CONNECTION_RESET)
        assert here.proxy.accepted == opened + 1
        await here.well()
