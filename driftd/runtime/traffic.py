"""Each request of a connection waits for its turn, is counted, and is held against the day's budget."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from msgspec.structs import replace

from driftd.core.health import ConnectionHealth
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.way import Way


class ConnectionTraffic:
    """The `Traffic` of one connection.

    Whoever waits holds no place that others could use: the connection's own limit comes first, the one for all last.
    """

    def __init__(self, own: int, way: Way, everywhere: anyio.CapacityLimiter, purse: Purse, gauges: Gauges) -> None:
        self._own = anyio.Semaphore(own, fast_acquire=True)
        self._way = way
        self._everywhere = everywhere
        self._gauges = gauges
        self.purse = purse
        self.tokens = 0
        self.token_failures = 0
        self.token_ends: int | None = None

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place to send from; raises the host's own failure where its breaker is open."""
        return self._turn()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        with self._gauges.held() as admitted:
            async with self._own, self._way.places, self._everywhere:
                admitted()
                self._way.check(self)
                yield

    def send(self) -> None:
        """Count one request; raises ``budget_exhausted``."""
        self.purse.send()

    def receive(self, size: int) -> None:
        """Count bytes read; raises ``budget_exhausted``."""
        self.purse.receive(size)

    def answered(self, status: int | None, seconds: float) -> None:
        """Note how a request ended."""
        self._gauges.answered(status, seconds)

    def renewed(self, ends_at: int | None) -> None:
        """Note that a token was asked for."""
        self.tokens += 1
        if ends_at is None:
            self.token_failures += 1
        else:
            self.token_ends = ends_at

    def settle(self, health: ConnectionHealth) -> ConnectionHealth:
        """Return a connection's health with the tokens asked for since the last time."""
        if not self.tokens:
            return health
        counted = replace(
            health,
            tokens=health.tokens + self.tokens,
            token_failures=health.token_failures + self.token_failures,
            token_ends=self.token_ends or health.token_ends,
        )
        self.tokens = self.token_failures = 0
        return counted
