"""Connections in memory: bytes to and from a server of the same process, on the loop's own timers.

The adapter's transport is the real one, with keep-alive, h11 and its limits; in place of a socket it has a `Wire`.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from driftd.adapters.x3.connection import Connection

Piece = tuple[float, bytes]
"""Seconds after the piece before it, and what comes then."""


class Sent(NamedTuple):
    """One HTTP request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


class _Pipe:
    """Stands for a socket that nobody reads."""

    def fileno(self) -> int:
        return _silent()


@cache
def _silent() -> int:
    """Return a descriptor from which nothing ever comes."""
    return os.pipe()[0]


class Wire(asyncio.Transport):
    """The server's side of one connection. `serve` is told of each request; it answers by `play` or ends it."""

    def __init__(self, connection: Connection, serve: Callable[["Wire", Sent], None]) -> None:
        super().__init__()
        self._connection = connection
        self._serve = serve
        self._inbox = b""
        self._outbox = bytearray()
        self._paused = False
        self._timers: list[asyncio.TimerHandle] = []
        self.closed = False
        self.ended: Callable[[], None] = lambda: None
        """Is called once the request under way has its answer, or never will."""
        self.served = 0
        connection.connection_made(self)

    def write(self, data: Any) -> None:
        """Take bytes of the client."""
        if self.closed:
            return
        self._inbox += bytes(data)
        head, found, rest = self._inbox.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(rest) < int(headers.get("content-length", "0")):
            return
        self._inbox = b""
        method, target, _ = first.split(" ", 2)
        self._serve(self, Sent(method, target, headers, rest))

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something unless the connection ends before."""
        self._timers.append(asyncio.get_running_loop().call_later(seconds, self._unless_closed, what))

    def _unless_closed(self, what: Callable[[], None]) -> None:
        if not self.closed:
            what()

    def play(self, pieces: list[Piece], *, close: bool) -> None:
        """Send pieces one after another, then close the connection or keep it."""
        if not pieces:
            self._done()
            if close:
                self.end(None)
            return
        (wait, data), rest = pieces[0], pieces[1:]

        def send() -> None:
            self._feed(data)
            self.play(rest, close=close)

        if wait:
            self.later(wait, send)
        else:
            send()

    def end(self, error: Exception | None) -> None:
        """Close from the server's side: in order, or with an error."""
        if self.closed:
            return
        if error is None:
            with suppress(Exception):
                self._connection.eof_received()
        self._close(error)

    def _feed(self, data: bytes) -> None:
        self._outbox += data
        self._pump()

    def _pump(self) -> None:
        while self._outbox and not self._paused and not self.closed:
            room = self._connection.get_buffer(-1)
            size = min(len(room), len(self._outbox))
            if not size:
                return
            room[:size] = self._outbox[:size]
            del self._outbox[:size]
            self._connection.buffer_updated(size)

    def _done(self) -> None:
        ended, self.ended = self.ended, lambda: None
        self.served += 1
        ended()

    def _close(self, error: Exception | None) -> None:
        self.closed = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._done()
        asyncio.get_running_loop().call_soon(self._connection.connection_lost, error)

    def abort(self) -> None:
        """End from the client's side."""
        if not self.closed:
            self._close(None)

    def close(self) -> None:
        """End from the client's side."""
        self.abort()

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Hold back what is to come."""
        self._paused = True

    def resume_reading(self) -> None:
        """Let it come."""
        self._paused = False
        asyncio.get_running_loop().call_soon(self._pump)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _Pipe() if name == "socket" else default
