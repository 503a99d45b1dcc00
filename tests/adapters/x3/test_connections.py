import anyio
import httpx
import pytest

from driftd.adapters.x3 import transport as transport_module
from driftd.adapters.x3.connection import StaleConnectionError
from driftd.adapters.x3.transport import Transport, is_stale
from driftd.adapters.x3.trust import tls_context
from tests.adapters.x3.asking import asking, saying
from tests.adapters.x3.sockets import Wire, answered, listening
from tests.fakes.loopback import LOOPBACK

pytestmark = pytest.mark.anyio
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_no_more_connections_than_allowed() -> None:
    """Of three requests on two connections the third waits, and takes the first that gets free."""
    begun, going_on = [anyio.Event(), anyio.Event()], anyio.Event()

    async def answer(wire: Wire) -> None:
        while await wire.request():
            if not begun[wire.number - 1].is_set():
                begun[wire.number - 1].set()
                await going_on.wait()
            await wire.send(answered(b"abc"))

    async with asking(answer, size=2) as client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(client.read)
        for event in begun:
            await event.wait()
        await anyio.wait_all_tasks_blocked()
        assert len(client.server.asked) == 2
        with pytest.raises(httpx.PoolTimeout):
            await client.read(pool=0.01)
        going_on.set()
    assert (client.server.connections, len(client.server.asked)) == (2, 3)


async def test_a_kept_connection_counts_as_one() -> None:
    """Where another origin needs the place of an idle connection, that is closed."""
    async with asking(saying(answered(b"abc")), size=1) as client, listening(saying(answered(b"xyz"))) as other:
        assert await client.read() == b"abc"
        (first,) = client.transport._idle
        client.base = f"http://127.0.0.1:{other.port}/"
        assert await client.read() == b"xyz"
        assert first._over
        assert len(client.transport._idle) == 1


async def test_an_idle_connection_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle connection is closed when its time is over, nothing of it is kept, and the next request makes another."""
    gone = anyio.Event()

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(b"abc"))
        await wire.reader.read()
        gone.set()

    monkeypatch.setattr(transport_module, "KEEP_ALIVE", 0)
    async with asking(answer) as client:
        await client.read()
        await gone.wait()
        assert not client.transport._idle
        assert await client.read() == b"abc"
        assert client.server.connections == 2


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_that_ended_while_idle_is_not_used(data: bytes) -> None:
    """What is known to be dead costs no request, so that even a POST is safe; neither does it where bytes came."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(b"abc"))
        if wire.number == 1:
            await leaving.wait()
            await wire.send(data)

    leaving = anyio.Event()
    async with asking(answer) as client:
        await client.read()
        (kept,) = client.transport._idle
        leaving.set()
        while not kept._over:
            await anyio.lowlevel.checkpoint()
        assert await client.read("POST", b"x") == b"abc"
        assert len(client.server.asked) == 2


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_death_before_the_first_byte_is_stale_only_on_a_kept_connection(*, reset: bool, tls: bool) -> None:
    """A new connection that dies so is at fault, a kept one is excused; after one byte, neither."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        if wire.number < 3:
            await wire.send(answered(b"abc"))
            await wire.request()
        if wire.number == 2:
            await wire.send(b"H")
        if reset:
            wire.abort()

    async with asking(answer, tls=tls) as client:
        stale = []
        for fails in (False, True, False, True, True):
            if not fails:
                await client.read()
                continue
            with pytest.raises(httpx.TransportError) as error:
                await client.read()
            stale.append(is_stale(error.value))
        assert stale == [True, False, False]
        assert client.server.connections == 3


async def test_a_connection_closed_here_is_not_stale() -> None:
    """Closing the transport ends the requests under way, and nobody asks them again."""
    arrived = anyio.Event()

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(b"abc"))
        await wire.request()
        arrived.set()
        await wire.reader.read()

    async with asking(answer) as client:
        await client.read()
        async with anyio.create_task_group() as group:

            async def ask() -> None:
                with pytest.raises(httpx.ReadError) as error:
                    await client.read()
                assert not isinstance(error.value, StaleConnectionError)

            group.start_soon(ask)
            await arrived.wait()
            await client.transport.aclose()


async def test_each_wait_has_its_limit() -> None:
    """Silence before the head, within it and within the body, and a request that is not taken, end in time."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send((b"", b"HTTP/1.1 200", answered(b"abc", length=4), b"")[wire.number - 1])
        await anyio.sleep_forever()

    async with asking(answer, size=1) as client:
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                await client.read(read=0.01)
        with pytest.raises(httpx.WriteTimeout):
            await client.read("POST", b"x" * 30_000_000, write=0.01)
        assert client.transport._places.value == 1
        assert not client.transport._busy


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", answered(b"abc", length=4), CHUNKED + b"5\r\nabc"])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_cancelled_request_leaves_nothing_behind(sent: bytes, *, tls: bool) -> None:
    """Cancelled while it waits for head or body, its connection is closed and its place free for the next request."""
    reached = anyio.Event()

    async def answer(wire: Wire) -> None:
        await wire.request()
        if wire.number > 1:
            await wire.send(answered(b"next"))
            return
        await wire.send(sent)
        reached.set()
        await wire.reader.read()

    async with asking(answer, size=1, tls=tls) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.read)
            await reached.wait()
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert not client.transport._busy
        assert await client.read() == b"next"
        assert client.server.connections == 2


async def test_cancelled_while_it_connects_or_waits_its_place_is_free() -> None:
    """Neither a handshake that is given up nor a waiter that leaves keeps a place."""

    async def answer(wire: Wire) -> None:
        await wire.reader.read(1)
        reached.set()
        await anyio.sleep_forever()

    reached = anyio.Event()
    async with listening(answer) as server:
        transport = Transport(tls_context, LOOPBACK, 1)
        async with anyio.create_task_group() as group:
            for _ in range(2):
                request = httpx.Request("GET", f"https://127.0.0.1:{server.port}/")
                group.start_soon(transport.handle_async_request, request)
            await reached.wait()
            group.cancel_scope.cancel()
        assert transport._places.value == 1
        await transport.aclose()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "https://127.0.0.1/", "/path"])
async def test_only_addresses_that_can_be_connected_to(address: str) -> None:
    """Another scheme, TLS without a context, and no host are refused before anything is sent."""
    with pytest.raises(httpx.UnsupportedProtocol):
        await Transport(None, LOOPBACK, 1).handle_async_request(httpx.Request("GET", address))


async def test_a_request_that_http_forbids_is_not_sent() -> None:
    """A header that would smuggle another is our error, and costs no connection."""
    async with asking(saying(answered(b""))) as client:
        request = httpx.Request("GET", client.base, headers={"X": "a\r\nY: b"})
        with pytest.raises(httpx.LocalProtocolError):
            await client.transport.handle_async_request(request)
        assert client.server.connections == 0


async def test_tls_speaks_http_1_to_the_named_host() -> None:
    """The server learns the host's name, and HTTP/1.1 is agreed on even where it would rather speak HTTP/2."""
    agreed = []

    async def answer(wire: Wire) -> None:
        agreed.append(wire.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await wire.request()
        await wire.send(answered(b"abc"))

    async with asking(answer, tls=True) as client:
        assert await client.read() == b"abc"
    assert agreed == ["http/1.1"]
