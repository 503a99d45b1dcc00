"""The farm behind a real HTTP server: in a thread of its own, or until a signal comes."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from driftd.simulator.asgi import Application
from driftd.simulator.farm import Farm
from driftd.simulator.live import Live
from driftd.simulator.tenant import RequestSeen

_BACKLOG = 1024


class _Protocol(H11Protocol):
    """Shows each request its transport, so that faults can break the connection beneath HTTP."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, stops at once when told, and leaves signals to the caller."""

    def __init__(self, farm: Farm, pace: float) -> None:
        self.application = Application(farm)
        self._live = Live(farm, pace)
        config = uvicorn.Config(
            self.application,
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)
        self.listening = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.listening.set()

    async def main_loop(self) -> None:
        stop, live = asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(self._live.run())
        await stop
        live.cancel()
        with suppress(asyncio.CancelledError):
            await live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.application.closing.set()
        await super().shutdown(sockets)

    async def close(self) -> None:
        """Stop listening, and break every connection there is."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self.servers = []

    def call(self, made: Coroutine[Any, Any, None]) -> None:
        """Do something in the server's loop, from another thread, and wait for it."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(made, self._loop).result()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def serve_alone(self, bound: socket.socket) -> None:
        """Serve in an event loop of its own."""
        try:
            asyncio.run(self.serve([bound]))
        finally:
            self.listening.set()  # whoever waits must not wait for ever

    def stop(self) -> None:
        """Stop serving; may be called from any thread, and from a signal's handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)


class Serving:
    """A farm being served."""

    def __init__(self, server: _Server, url: str) -> None:
        self._server = server
        self.url = url
        """Scheme, host and port."""

    def down(self) -> None:
        """Take the whole host down: connections there are break, new ones are refused, until `up`."""
        self._server.call(self._server.close())

    def up(self) -> None:
        """Listen again, at the same address, after `down`. Raises `OSError` where it cannot be had any more."""
        found = urlsplit(self.url)
        bound, _ = _bind(found.hostname or "", found.port or 0)
        self._server.call(self._server.startup([bound]))

    @property
    def requests(self) -> list[RequestSeen]:
        """The requests to tenants seen so far, the newest last."""
        return self._server.application.host.requests


@contextmanager
def serving(farm: Farm, host: str = "127.0.0.1", port: int = 0, *, pace: float = 0.0) -> Iterator[Serving]:
    """Serve the farm in a thread of its own until the block ends; port 0 takes a free one.

    Meanwhile each tenant's business takes `pace` steps a minute by itself.
    Raises `OSError` where the address cannot be had.
    """
    bound, url = _bind(host, port)
    server = _Server(farm, pace)
    thread = threading.Thread(target=server.serve_alone, args=(bound,), name="simulator", daemon=True)
    thread.start()
    server.listening.wait()
    try:
        yield Serving(server, url)
    finally:
        server.stop()
        thread.join()


def run(farm: Farm, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the farm until SIGINT or SIGTERM; call `ready` with the URL once it listens. Only for the main thread.

    Raises `OSError` where the address cannot be had.
    """
    asyncio.run(_run(farm, host, port, ready))


async def _run(farm: Farm, host: str, port: int, ready: Callable[[str], None]) -> None:
    import signal

    bound, url = _bind(host, port)
    server = _Server(farm, 0.0)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serve = asyncio.ensure_future(server.serve([bound]))
    await asyncio.to_thread(server.listening.wait)
    ready(url)
    await serve


def _bind(host: str, port: int) -> tuple[socket.socket, str]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for asyncio to switch Nagle off
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return bound, f"http://{shown}:{bound.getsockname()[1]}"
