"""No client keeps another waiting, and the server stops when told."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from driftd.errors import ConfigError
from driftd.faces.http.address import bind
from driftd.faces.http.inside import Check
from driftd.faces.http.serve import Patience
from tests.faces import views
from tests.faces.surface import PATIENT, Pretended, for_ever, served, until

WAITS = 20
"""Seconds until a test that waits for ever fails."""


async def opened(client: httpx.AsyncClient) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", client.base_url.port)


class Ended:
    """Notes the paths of requests that ended."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            self.paths.append(scope["path"])

        return watched


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: local", b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\n"],
)
async def test_half_a_request_keeps_nobody_waiting_and_is_let_go(begun: bytes) -> None:
    async with served(Pretended(), Patience(head=0.3, stop=1)) as client:
        reader, writer = await opened(client)
        writer.write(begun)
        assert (await client.get("/metrics")).status_code == 200
        with anyio.fail_after(WAITS):
            assert await reader.read() == b""
        writer.close()


async def test_half_a_second_request_is_let_go_too() -> None:
    async with served(Pretended(), Patience(head=0.3, stop=1)) as client:
        reader, writer = await opened(client)
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"healthy\n")
        writer.write(b"GET /-/hea")
        with anyio.fail_after(WAITS):
            assert await reader.read() == b""
        writer.close()


async def test_a_request_that_comes_drop_by_drop_is_let_go() -> None:
    """Each byte does not buy more time."""
    async with served(Pretended(), Patience(head=0.3, stop=1)) as client:
        reader, writer = await opened(client)
        with anyio.fail_after(WAITS):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"G")
                    with anyio.move_on_after(0.02):
                        await reader.read(1)
        writer.close()


async def test_a_head_without_end_is_cut_off() -> None:
    async with served(Pretended()) as client:
        reader, writer = await opened(client)
        with anyio.fail_after(WAITS), suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000)
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 400")
        writer.close()


async def test_a_connection_is_kept_between_requests() -> None:
    """The time for a head does not run while no request has begun."""
    async with served(Pretended(), Patience(head=0.05, stop=1)) as client:
        reader, writer = await opened(client)
        for _ in range(3):
            writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"healthy\n")
            with anyio.move_on_after(0.1) as waited:
                await reader.read(1)
            assert waited.cancelled_caught
        writer.close()


async def test_a_client_that_never_reads_keeps_nobody_waiting_and_is_let_go() -> None:
    ended = Ended()
    pretended = Pretended(views.many(600))
    async with served(pretended, Patience(take=0.3, stop=1), ended) as client:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", client.base_url.port))
            deaf.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await client.get("/-/healthy")).status_code == 200
            assert (await client.get("/metrics?name[]=driftd_records")).status_code == 200
            await until(lambda: len(ended.paths) == 3)
        assert ended.paths.count("/metrics") == 2


async def test_an_unread_body_ends_the_connection_with_the_answer() -> None:
    async with served(Pretended()) as client:
        reader, writer = await opened(client)
        writer.write(b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        with anyio.fail_after(WAITS):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"connection: close" in answer.lower()
        writer.close()


async def test_what_is_no_http_is_refused() -> None:
    async with served(Pretended()) as client:
        reader, writer = await opened(client)
        writer.write(b"\x16\x03\x01\x02\x00\r\n\r\n")
        with anyio.fail_after(WAITS):
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()


async def test_too_many_connections_are_told_to_come_later() -> None:
    async with served(Pretended(), Patience(connections=2, stop=1)) as client:
        _, writer = await opened(client)
        assert (await client.get("/-/healthy")).status_code == 503
        writer.close()


async def test_stopping_finishes_the_answer_under_way() -> None:
    pretended = Pretended()
    go_on = anyio.Event()
    asked = anyio.Event()

    async def check(_name: str) -> Check:
        asked.set()
        await go_on.wait()
        return Check(success=True)

    pretended.checking = check
    codes: list[int] = []

    async def probe(url: httpx.URL) -> None:
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=WAITS) as client:
            codes.append((await client.get("/probe?target=aldgate&fresh=1")).status_code)

    async def refused(url: httpx.URL) -> None:
        """Wait until nobody is let in any more, then let the answer come."""
        with anyio.fail_after(WAITS), suppress(ConnectionError):
            while True:
                _, writer = await asyncio.open_connection(url.host, url.port)
                writer.close()
        go_on.set()

    async with anyio.create_task_group() as group, served(pretended, Patience(stop=WAITS)) as client:
        group.start_soon(probe, client.base_url)
        await asked.wait()
        group.start_soon(refused, client.base_url)
    assert codes == [200]


async def test_stopping_does_not_wait_for_ever() -> None:
    """A client that does not read, and one that hangs, are let go at the deadline."""
    pretended = Pretended(views.many(600))
    asked = anyio.Event()

    async def check(_name: str) -> Check:
        asked.set()
        return await for_ever()

    pretended.checking = check
    with anyio.fail_after(WAITS), socket.socket() as deaf:
        before = sockets()
        async with served(pretended, PATIENT) as client:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", client.base_url.port))
            deaf.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            reader, writer = await opened(client)
            writer.write(b"GET /probe?target=tenant-0000&fresh=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await asked.wait()
        await reader.read()
        writer.close()
        await until(lambda: sockets() == before)


def sockets() -> int:
    """Count the sockets of this process."""
    files = Path("/proc/self/fd")
    return sum(str(each.readlink()).startswith("socket:") for each in files.iterdir() if each.is_symlink())


def told(listen: str) -> str:
    with pytest.raises(ConfigError) as caught:
        bind(listen)
    (mistake,) = caught.value.mistakes
    assert mistake.path == "web.listen"
    return mistake.message


@pytest.mark.parametrize("listen", [":0", "0.0.0.0:0", "[::]:0"])
def test_only_loopback_is_served(listen: str) -> None:
    """Nobody has to prove who they are: so nobody from outside is let in."""
    message = told(listen)
    assert message.startswith('must be a loopback address such as "127.0.0.1:0"')
    assert "driftd tokens create" in message


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0"])
def test_a_free_port_is_found(listen: str) -> None:
    bound = bind(listen)
    with bound.socket:
        assert bound.url == f"http://{bound.address}"
        assert int(bound.address.rpartition(":")[2]) > 0


def test_an_address_in_use_is_told_with_the_next_step() -> None:
    bound = bind("127.0.0.1:0")
    with bound.socket:
        assert told(bound.address) == f'"{bound.address}" is in use: stop what listens there, or choose another port'


def test_a_host_that_is_none_is_told() -> None:
    assert "names no known host" in told("no-such-host.invalid:9420")
