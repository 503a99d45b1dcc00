"""HTTP/1.1 on one connection: a request out and its answer in, with h11 for everything but the bytes of long bodies.

A body whose length the head gives goes past h11, from the socket into the buffer that is handed over; h11 would copy it
twice. Bodies that are chunked, or end with their connection, go through it.
"""

import io
from collections.abc import Callable
from typing import Final, Self

import h11
import httpx

from driftd.adapters.x3.connection import Connection

HEAD: Final = 100 << 10
"""Most bytes of a head."""
_STEP: Final = 8 << 10
"""Bytes received and given to h11 at once while a head is read: what they hold of the body is copied more often."""
PIECE: Final = 1 << 20
"""Most bytes of a body made room for before they come: a length is only a claim."""


async def written(request: httpx.Request) -> tuple[h11.Connection, bytes]:
    """Return a request as bytes, whole, with the state of its protocol. Raises `httpx.LocalProtocolError`."""
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD)
    body = await request.aread()
    try:
        parts = [
            talk.send(h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)),
            talk.send(h11.Data(data=body)) if body else b"",
            talk.send(h11.EndOfMessage()),
        ]
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    return talk, b"".join(parts)


async def head(talk: h11.Connection, connection: Connection, seconds: float | None) -> h11.Response:
    """Read up to the end of the answer's head, past the informational ones before it.

    `seconds` bound each wait. Raises `httpx.ReadError`, `httpx.ReadTimeout` and `httpx.RemoteProtocolError`.
    """
    while not isinstance(event := _event(talk), h11.Response):
        if event is h11.NEED_DATA:
            talk.receive_data(await connection.receive(_STEP, seconds))
        elif not isinstance(event, h11.InformationalResponse):
            raise httpx.RemoteProtocolError("no answer in HTTP/1.1")
    return event


def length(method: str, answered: h11.Response) -> int | None:
    """Return the length of an answer's body, None where its end shows only when it comes (RFC 9112 §6.3)."""
    headers = dict(answered.headers)
    if method == "HEAD" or answered.status_code in {204, 304}:
        return 0
    if b"transfer-encoding" in headers or b"content-length" not in headers:
        return None
    return int(headers[b"content-length"])


class Reply(httpx.AsyncByteStream):
    """The body of one answer, and the way back for its connection: close it, at its end or before."""

    def __init__(
        self,
        length: int | None,
        talk: h11.Connection,
        connection: Connection,
        seconds: float | None,
        left: Callable[[Connection, bool], None],
    ) -> None:
        """Take over after the head, with the body's `length` where that is known.

        `seconds` bound each wait for a piece; `left` gets the connection, and whether to keep it.
        """
        self._talk = talk
        self._connection = connection
        self._seconds = seconds
        self._left: Callable[[Connection, bool], None] | None = left
        self._past_h11 = length is not None
        self._missing = length or 0
        """Bytes of a known length not handed over."""
        self._early = b"" if length is None else talk.trailing_data[0]
        """What h11 has of a body that goes past it."""
        self._whole = length == 0

    def __aiter__(self) -> Self:
        """Yield the body in large pieces; raises `httpx.TransportError`."""
        return self

    async def __anext__(self) -> bytes:
        if self._whole:
            raise StopAsyncIteration
        return await (self._past() if self._past_h11 else self._through())

    async def aclose(self) -> None:
        """Give the connection back: to be kept if this answer was read to its end and nothing speaks against it."""
        if self._left is not None:
            left, self._left = self._left, None
            surplus = self._early if self._past_h11 else self._talk.trailing_data[0]
            left(self._connection, self._whole and self._talk.our_state is h11.DONE and not surplus)

    async def _past(self) -> bytes:
        """Receive the next piece into its own bytes: `io.BytesIO` hands over what it was filled with, uncopied."""
        size = min(self._missing, PIECE)
        piece = io.BytesIO(bytes(size))
        early, self._early = self._early[:size], self._early[size:]
        with piece.getbuffer() as room:
            room[: len(early)] = early
            came = len(early) + await self._connection.fill(room[len(early) :], self._seconds)
        self._missing -= came
        if came < size:
            raise httpx.RemoteProtocolError(f"the body ends {self._missing} bytes before its length")
        self._whole = not self._missing
        return piece.getvalue()

    async def _through(self) -> bytes:
        """Receive the next piece through h11: all that it makes of what comes at once, be the chunks ever so small."""
        parts: list[bytes] = []
        while True:
            event = _event(self._talk)
            if isinstance(event, h11.Data):
                parts.append(event.data)
                continue
            self._whole = isinstance(event, h11.EndOfMessage)
            if parts:
                return b"".join(parts)
            if self._whole:
                raise StopAsyncIteration
            self._talk.receive_data(await self._connection.receive(PIECE, self._seconds))


def _event(talk: h11.Connection) -> object:
    try:
        return talk.next_event()
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
