"""A server that is scripted byte by byte, on a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answering = Callable[["Wire"], Awaitable[None]]


@dataclass
class Wire:
    """One connection as the server sees it."""

    number: int
    """Of the connection, from 1."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    asked: list[bytes]

    async def request(self) -> bytes:
        """Read a request's head; raises `asyncio.IncompleteReadError` at the end."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        return head

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    port: int = 0
    connections: int = 0
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening(
    answer: Answering, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """Serve each connection with `answer`, then close it."""
    state = Server()
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        state.connections += 1
        try:
            await answer(Wire(state.connections, reader, writer, state.asked))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


def answered(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
