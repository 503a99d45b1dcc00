"""The application behind a real server, in the daemon's own event loop and task group."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from anyio import TASK_STATUS_IGNORED, CancelScope, create_task_group, sleep_forever
from anyio.abc import TaskStatus
from msgspec import Struct
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from driftd.faces.http.address import Bound


class Patience(Struct, frozen=True):
    """How long the server waits for a client, seconds."""

    head: float = 10.0
    """For the head of a request that has begun, and for the first on a new connection."""
    take: float = 30.0
    """For a client to take what was sent: some tens of kilobytes."""
    handshake: float = 10.0
    """For each side's part of TLS, at the beginning and at the end."""
    idle: int = 75
    """For another request."""
    stop: int = 5
    """For answers under way when the server is told to stop."""
    connections: int = 256
    """So many at once; more are told to come later."""


_AGAIN: Final = 1.0
"""Seconds until another attempt to listen anew."""
_PATIENCE = Patience()


class Cover:
    """What is spoken at an address: TLS, or plain HTTP where there is no context; it may change while served."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.news = asyncio.Event()
        """Set when the server has to look."""

    def change(self, context: ssl.SSLContext | None) -> None:
        """Have new connections speak another one; those that are there end with the answer under way."""
        self.context = context
        self.news.set()


async def serve(
    app: ASGIApp,
    bound: Bound,
    patience: Patience = _PATIENCE,
    cover: Cover | None = None,
    *,
    task_status: TaskStatus[str] = TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled: then answers under way are finished, as far as the deadline lets them.

    Reports the URL once it listens; leaves signals to the caller and logs nothing.
    """
    server = _Server(app, patience, cover or Cover())
    async with create_task_group() as group:
        group.start_soon(_shielded, server, bound.socket)
        try:
            await server.listening.wait()
            task_status.started(bound.url)
            await sleep_forever()
        finally:
            server.stop()


async def _shielded(server: "_Server", listening: socket.socket) -> None:
    with CancelScope(shield=True):
        await server.serve([listening])


class _Config(uvicorn.Config):
    def __init__(self, app: ASGIApp, patience: Patience) -> None:
        self.patience = patience
        super().__init__(
            app,
            loop="none",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what goes wrong in the application is logged by it, the rest is the client's doing
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=patience.connections,
            timeout_keep_alive=patience.idle,
            timeout_graceful_shutdown=patience.stop,
        )


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, stops when told, and leaves signals to the caller."""

    def __init__(self, app: ASGIApp, patience: Patience, cover: Cover) -> None:
        super().__init__(_Config(app, patience))
        self.listening = asyncio.Event()
        self._cover = cover
        self._told = False
        self._sockets: list[socket.socket] = []

    def stop(self) -> None:
        """Let nobody in any more."""
        self._told = True
        self._cover.news.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._sockets, self.servers = sockets or [], []
        await self._listen()
        self.started = True
        self.listening.set()

    async def main_loop(self) -> None:
        while not self._told:
            await self._cover.news.wait()
            self._cover.news.clear()
            if not self._told:
                await self._renew()

    async def _renew(self) -> None:
        """Let clients in under what is spoken now; where that cannot be had, go on as before and try again."""
        try:
            await self._listen()
        except OSError:  # no descriptor is left
            asyncio.get_running_loop().call_later(_AGAIN, self._cover.news.set)
            return
        for connection in list(self.server_state.connections):
            connection.shutdown()

    async def _listen(self) -> None:
        loop, context, made = asyncio.get_running_loop(), self._cover.context, []
        seconds = self.config.patience.handshake if context and isinstance(self.config, _Config) else None
        for each in self._sockets:
            server = await loop.create_server(
                self._protocol,
                sock=each.dup(),
                ssl=context,
                backlog=self.config.backlog,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
            made.append(server)
        before, self.servers = self.servers, made
        for server in before:
            server.close()

    def _protocol(self) -> asyncio.Protocol:
        return _Protocol(config=self.config, server_state=self.server_state, app_state={})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever: neither for the rest of a request, nor for a client to read its answer."""

    _head: asyncio.TimerHandle | None = None
    _take: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        if cycle is None or cycle.response_complete:
            self._await_head()
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._await_taking()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._take is not None:
            self._take.cancel()
            self._take = None

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head, self._take):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self._patience.head, self.transport.abort)

    def _await_taking(self) -> None:
        if self._take is None:
            self._take = self.loop.call_later(self._patience.take, self.transport.abort)

    @property
    def _patience(self) -> Patience:
        return self.config.patience if isinstance(self.config, _Config) else Patience()
