"""The way to one tenant over loopback, in which connections can be refused, reset, left waiting or badly certified."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.adapters.x3.asking import CERTIFICATES

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets."""


class Door:
    """Passes bytes on to a server, from a port of its own; what it does wrong ends with the block that asks for it."""

    def __init__(self, host: str, server: int, certificate: str | None = None) -> None:
        self.host = host
        self.port = 0
        self._server = server
        self._certificate = certificate
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._resets = False

    async def open(self) -> None:
        """Let connections in."""
        self._listening = await asyncio.start_server(self._pass, self.host, self.port, ssl=certified(self._certificate))
        self.port = self._listening.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Let none in, and end those that are there."""
        if self._listening is not None:
            self._listening.close()
        await self.cut()
        self._listening = None

    async def cut(self) -> None:
        """End the connections that are there."""
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def certify(self, certificate: str | None) -> None:
        """Show another certificate from now on; None: speak plain HTTP."""
        await self.close()
        self._certificate = certificate
        await self.open()

    async def reset(self, *, resets: bool) -> None:
        """Reset each connection once something is asked over it, or no longer."""
        self._resets = resets
        await self.cut()

    @contextmanager
    def crowded(self) -> Iterator[None]:
        """Answer no connect, as a full backlog does; only while closed."""
        with socket.socket() as full:
            full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            full.bind((self.host, self.port))
            full.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                with suppress(BlockingIOError):
                    each.connect((self.host, self.port))
            try:
                yield
            finally:
                for each in waiting:
                    each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            first = await reader.read(65536)
            if self._resets:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                writer.transport.abort()
            elif first:
                await self._carry(first, reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # either side went away, or the door is shut
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _carry(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", self._server)
        outer.write(first)
        both = {asyncio.ensure_future(_copy(reader, outer)), asyncio.ensure_future(_copy(inner, writer))}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            outer.transport.abort()  # first: the wait below may be cancelled itself
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def certified(name: str | None) -> ssl.SSLContext | None:
    """Return the TLS of a server that shows a certificate; None for plain HTTP."""
    if name is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    return context


class Names:
    """Resolves names of tenants to loopback, while they are known; every other name as ever."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.unknown: set[str] = set()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Have the process resolve by these names."""
        ask = socket.getaddrinfo

        def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name in self.unknown:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return ask(self.known.get(name, host), *arguments, **named)

        socket.getaddrinfo = resolve
        try:
            yield
        finally:
            socket.getaddrinfo = ask
