"""The real transport, asking a server of loopback that is scripted byte by byte."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import httpx

from driftd.adapters.x3.transport import Transport
from driftd.adapters.x3.trust import Files, tls_context
from tests.adapters.x3.sockets import Answering, Server, Wire, listening
from tests.fakes.loopback import LOOPBACK

CERTIFICATES = Path(__file__).parent / "certificates"


@dataclass
class Client:
    """Asks a server of loopback through the transport under test."""

    transport: Transport
    server: Server
    base: str

    async def open(self, method: str = "GET", content: bytes | None = None, **limits: float) -> httpx.Response:
        request = httpx.Request(method, self.base, content=content, extensions={"timeout": limits})
        return await self.transport.handle_async_request(request)

    async def read(self, method: str = "GET", content: bytes | None = None, **limits: float) -> bytes:
        response = await self.open(method, content, **limits)
        try:
            return b"".join(await pieces(response))
        finally:
            await response.aclose()


async def pieces(response: httpx.Response) -> list[bytes]:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return [piece async for piece in response.stream]


@asynccontextmanager
async def asking(answer: Answering, size: int = 2, *, tls: bool = False) -> AsyncIterator[Client]:
    served = None
    if tls:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")
        served.set_alpn_protocols(["h2", "http/1.1"])
    async with listening(answer, served) as server:
        made = Transport(partial(tls_context, Files(CERTIFICATES / "good.pem")) if tls else None, LOOPBACK, size)
        base = f"https://localhost:{server.port}/" if tls else f"http://127.0.0.1:{server.port}/"
        try:
            yield Client(made, server, base)
        finally:
            await made.aclose()


def saying(*parts: bytes) -> Answering:
    """Answer each request with the parts, each in a segment of its own, and go on."""

    async def answer(wire: Wire) -> None:
        wire.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while await wire.request():
            for part in parts:
                await wire.send(part)
                await anyio.lowlevel.checkpoint()

    return answer


def once(data: bytes) -> Answering:
    """Answer one request, then close."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(data)

    return answer
