"""One connection to a tenant: bytes out, and bytes in where they are wanted. Knows no HTTP.

An `asyncio.BufferedProtocol`: the event loop receives straight into the buffer that is waited for and wakes its reader
once, when that is full. A body of 650 KB so costs its few receives, not a task's turn and two copies for each of them.
It is the same for TCP and TLS, under asyncio's own loop and under uvloop.
"""

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import httpx

INBOX: Final = 64 << 10
"""Bytes held of what comes without a buffer of its own: heads, and bodies of unknown length."""


class StaleConnectionError(httpx.ReadError):
    """A kept-alive connection was closed by the other side before any byte of this answer: safe to ask again."""


class Origin(NamedTuple):
    """What a connection leads to."""

    scheme: str
    host: str
    port: int

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class Connection(asyncio.BufferedProtocol):
    """A connected socket, used by one task at a time."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._transport: asyncio.Transport
        self._inbox = memoryview(bytearray(INBOX))
        self._begin = self._end = 0
        """Where what the inbox holds begins and ends."""
        self._most = INBOX
        """Bytes received into the inbox at once."""
        self._wanted: memoryview | None = None
        """What is still to be filled of a buffer that is waited for."""
        self._waiter: asyncio.Future[bool] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._writable = True
        self._over = self._aborted = False
        """Whether no more bytes will come, and whether that is our doing."""
        self._error: Exception | None = None
        self._kept = self._silent = False
        """Whether there were requests before, and whether nothing has come since the latest."""

    def tls(self) -> ssl.SSLObject | None:
        """Return the TLS session; None for a plain connection."""
        return cast("ssl.SSLObject | None", self._transport.get_extra_info("ssl_object"))

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore's streams tell by this name, such as ``ssl_object``."""
        return self._transport.get_extra_info(info)

    async def send(self, data: bytes, seconds: float | None) -> None:
        """Send a request. A connection that is lost on the way shows when its answer is read.

        Raises `httpx.WriteTimeout` where the other side does not take it in so many seconds.
        """
        self._silent = True
        self._transport.write(data)
        while not self._writable and not self._over:
            await self._woken(seconds, httpx.WriteTimeout)

    async def receive(self, most: int, seconds: float | None) -> bytes:
        """Return what has come, at most so many bytes, waiting for the first; ``b""`` where the other side is done.

        Raises `httpx.ReadError` and `httpx.ReadTimeout`.
        """
        self._most = most
        while self._begin == self._end and not self._over:
            await self._woken(seconds, httpx.ReadTimeout)
        return bytes(self._take(most)) or self._nothing()

    async def fill(self, buffer: memoryview, seconds: float | None) -> int:
        """Fill a buffer and return its length; less only where the other side ends before.

        Raises `httpx.ReadError`, and `httpx.ReadTimeout` where it is not full in time.
        """
        ready = self._take(len(buffer))
        buffer[: len(ready)] = ready
        self._wanted = buffer[len(ready) :]
        try:
            while self._wanted and not self._over:
                await self._woken(seconds, httpx.ReadTimeout)
            missing = len(self._wanted)
        finally:
            self._wanted = None
        if missing:
            self._nothing()
        return len(buffer) - missing

    def rest(self, seconds: float, expired: Callable[["Connection"], None]) -> bool:
        """Stay open for so long, for another request, then close and say so.

        False where it cannot: it is over, or has sent too much.
        """
        if self._over or self._begin != self._end:
            return False
        self._kept = True
        self._expiry = asyncio.get_running_loop().call_later(seconds, self._expire, expired)
        return True

    def _expire(self, expired: Callable[["Connection"], None]) -> None:
        self.abort()
        expired(self)

    def resume(self) -> bool:
        """End the rest; False where the other side has ended it before, as far as that can be seen."""
        if self._expiry is not None:
            self._expiry.cancel()
        return not self._over and self._begin == self._end and not _readable(self._transport)

    def abort(self) -> None:
        """Close at once; a task that waits for bytes has an error."""
        self._over = self._aborted = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._transport.abort()
        self._wake()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes belong."""
        return self._wanted or self._inbox[self._end : self._end + self._most]

    def buffer_updated(self, nbytes: int) -> None:
        """Count bytes in; wake the reader when its buffer is full, or at once where it waits for any."""
        self._silent = False
        if self._wanted:
            self._wanted = self._wanted[nbytes:]
            if self._wanted:
                return
        else:
            self._end += nbytes
            if self._end == INBOX:
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note the other side's end; the transport closes itself."""
        self._over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of all."""
        self._over = True
        self._error = self._error or exc
        self._wake()

    def pause_writing(self) -> None:
        """Let the sender wait."""
        self._writable = False

    def resume_writing(self) -> None:
        """Let the sender go on."""
        self._writable = True
        self._wake()

    def _take(self, most: int) -> memoryview:
        """Take bytes from the inbox. What is returned holds until the next wait."""
        taken = self._inbox[self._begin : min(self._begin + most, self._end)]
        self._begin += len(taken)
        if self._begin == self._end:
            if self._end == INBOX and not self._over:
                self._transport.resume_reading()
            self._begin = self._end = 0
        return taken

    def _nothing(self) -> bytes:
        """Return what is read at an orderly end; raise for any other."""
        if self._kept and self._silent and not self._aborted:
            raise StaleConnectionError("a kept-alive connection was closed") from self._error
        if self._error is not None or self._aborted:
            raise httpx.ReadError("the connection is broken") from self._error
        return b""

    async def _woken(self, seconds: float | None, late: type[httpx.TimeoutException]) -> None:
        """Wait to be woken. A timer, since a cancel scope for each wait costs four times as much."""
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _settle, waiter, True)  # noqa: FBT003 - its result
        try:
            if await waiter:
                raise late("not in time")
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None:
            _settle(self._waiter, late=False)


def _settle(waiter: asyncio.Future[bool], late: bool) -> None:  # noqa: FBT001 - a callback
    if not waiter.done():
        waiter.set_result(late)


def _readable(transport: asyncio.Transport) -> bool:
    """Tell whether the loop would read something: on a connection at rest that is the other side's end."""
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))
