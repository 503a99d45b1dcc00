"""Bytes that the large answers of all tenants share while they come in, are inflated and are cut. No I/O.

An answer may become so large without asking (`Caps.small`). One that outgrows this asks once, for all that it may still
become, and has it or waits. So nobody waits who holds any of what is waited for: no two can wait for each other. Those
who wait are served in the order in which they asked, however little a later one wants.
"""

from collections import deque
from types import TracebackType
from typing import Final, Self

import anyio

TOTAL: Final = 1 << 30
"""Bytes of all large answers in hand together."""


class Allowance:
    """So many bytes; who asks for more than there are at all has them alone."""

    def __init__(self, total: int) -> None:
        self._total = total
        self.free = total
        """Bytes that nobody has."""
        self._waiting: deque[_Turn] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def take(self, size: int) -> int:
        """Wait for so many bytes; return what is to be given back, which is never more than there are at all."""
        size = min(size, self._total)
        if not self._waiting and size <= self.free:
            self.free -= size
            return size
        turn = _Turn(size)
        self._waiting.append(turn)
        try:
            await turn.come.wait()
        except BaseException:
            if turn.come.is_set():  # it came with the cancellation
                self.free += size
            else:
                self._waiting.remove(turn)
            self._next()
            raise
        return size

    def give(self, size: int) -> None:
        """Give bytes back."""
        self.free += size
        self._next()

    def _next(self) -> None:
        while self._waiting and self._waiting[0].size <= self.free:
            turn = self._waiting.popleft()
            self.free -= turn.size
            turn.come.set()


class _Turn:
    def __init__(self, size: int) -> None:
        self.size = size
        self.come = anyio.Event()


OF_ALL: Final = Allowance(TOTAL)
"""That of the process, since its memory is one."""


class Share:
    """What one answer has of an allowance. A context manager: leaving it gives that back."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.size = 0
        """Bytes taken."""
        self.waiting = False
        """Whether it waits, or was ended while it did."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        size, self.size = self.size, 0
        if size:
            self._allowance.give(size)

    async def take(self, size: int) -> None:
        """Wait for so many bytes; once, or two could wait for each other."""
        if self.size:
            raise RuntimeError("an answer asks once")
        self.waiting = True
        self.size = await self._allowance.take(size)
        self.waiting = False
