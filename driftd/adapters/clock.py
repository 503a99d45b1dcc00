"""The one place that asks what time it is."""

import time

import anyio


class SystemClock:
    """Time of this machine."""

    def now(self) -> int:
        """Return the wall clock, epoch ms."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable."""
        await anyio.sleep(seconds)
