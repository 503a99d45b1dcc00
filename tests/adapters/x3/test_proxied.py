from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, settings
from tests.adapters.x3.sockets import Answering, Server, Wire, answered, listening

pytestmark = pytest.mark.anyio
EMPTY = answered(b'{"$resources":[]}')


@asynccontextmanager
async def proxied(answer: Answering) -> AsyncIterator[tuple[X3Source, Server]]:
    async with listening(answer) as server:
        given = settings(
            Basic("u", Secret("hunter2")),
            base_url="http://127.0.0.9",
            proxy=f"http://127.0.0.1:{server.port}",
        )
        async with X3Source(given, None, SystemClock()) as source:
            yield source, server


@pytest.mark.parametrize("reset", [False, True])
async def test_a_dead_kept_alive_connection_to_the_proxy_is_replaced_once(*, reset: bool) -> None:
    """As without a proxy: a request on a connection that had died is sent again on a fresh one, and counted."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(EMPTY)
        await wire.request()
        if wire.number == 2:
            await wire.send(EMPTY)
        elif reset:
            wire.abort()

    async with proxied(answer) as (source, server):
        assert [(await source.page(CUSTOMERS, Query(5))).requests for _ in range(3)] == [1, 2, 1]
        assert server.connections == 2


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", EMPTY[:-1]])
async def test_an_answer_that_breaks_off_is_a_failure(sent: bytes, *, reset: bool) -> None:
    """A fresh connection that dies, before or within its answer, is not excused."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(sent)
        if reset:
            wire.abort()

    async with proxied(answer) as (source, server):
        with pytest.raises(SourceError) as error:
            await source.page(CUSTOMERS, Query(5))
        assert error.value.reason is Reason.CONNECTION_RESET
        assert len(server.asked) == 1
