"""Read the next while the last is worked on: one ahead, never more."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectSendStream

T = TypeVar("T")


@asynccontextmanager
async def read_ahead(source: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T]]:
    """Give `source` with one element fetched ahead, so that the network, the disk and the processor work at once.

    What `source` or the body raises comes out as it is; leaving the body early ends the reading.
    """
    send, receive = anyio.create_memory_object_stream[T](0)
    failed: list[Exception] = []

    async def fetch(into: MemoryObjectSendStream[T]) -> None:
        async with into:
            try:
                async for element in source:
                    await into.send(element)
            except Exception as error:
                failed.append(error)

    async def elements() -> AsyncIterator[T]:
        async for element in receive:
            yield element
        if failed:
            raise failed[0]

    try:
        async with receive, anyio.create_task_group() as group:
            group.start_soon(fetch, send)
            yield elements()
            group.cancel_scope.cancel()
    except BaseExceptionGroup as several:
        if len(several.exceptions) == 1:
            raise several.exceptions[0] from None
        raise
