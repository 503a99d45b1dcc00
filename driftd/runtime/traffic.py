"""Each request of a connection waits for its turn, is counted, and is held against the day's budget."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import reduce
from typing import Final

import anyio
from msgspec.structs import replace

from driftd.core.credential import SKEW, Certificate, Dated, Issued, Sign, noted
from driftd.core.health import ConnectionHealth
from driftd.errors import Reason
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.quota import Quota
from driftd.runtime.way import Way

_RESTS: Final = 6
"""How often a request finds at its place that the tenant asks to wait, before it gives up."""


class ConnectionTraffic:
    """The `Traffic` of one connection.

    Whoever waits holds no place that others could use: the connection's own limit comes first, the one for all last.
    """

    def __init__(
        self,
        own: int,
        way: Way,
        everywhere: anyio.CapacityLimiter,
        purse: Purse,
        gauges: Gauges,
        quota: Quota | None = None,
    ) -> None:
        """Take what is shared; `quota` None: what no other connection shares, and nobody limits."""
        self._own = anyio.Semaphore(own, fast_acquire=True)
        self._way = way
        self._everywhere = everywhere
        self._gauges = gauges
        self.purse = purse
        self._quotas = (quota or Quota(purse.clock), Quota(purse.clock))
        """What is granted to all who sign in alike, and what this connection alone was asked to wait."""
        self.tokens = 0
        self.token_failures = 0
        self._signs: list[Sign] = []
        """Those that came since the last time."""
        self._agree = False
        """Whether the latest answer's clock agreed with ours: then another one that does says nothing new."""
        self._told: tuple[int, float] | None = None
        """What the latest answer's clock showed, epoch ms, and when that was, monotonic seconds."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place to send from; raises the host's own failure where its breaker is open."""
        return self._turn()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        with self._gauges.held() as admitted:
            connection = self.purse.connection
            for quota in self._quotas:
                await quota.turn(connection)
            resting: list[Quota] = []
            for _ in range(_RESTS):
                async with self._own, self._way.places, self._everywhere:
                    resting = [quota for quota in self._quotas if quota.rests]
                    if not resting:
                        admitted()
                        self._way.check(self)
                        yield
                        return
                for quota in resting:  # it was asked for while we waited for a place
                    await quota.rested(connection)
            raise resting[0].refusal(connection)

    def send(self) -> None:
        """Count one request; raises ``budget_exhausted``."""
        self.purse.send()

    def receive(self, size: int) -> None:
        """Count bytes read; raises ``budget_exhausted``."""
        self.purse.receive(size)

    def asked(self, status: int, seconds: float) -> None:
        """Wait as an answer asks: a 429 is about all who sign in alike, a 503 about this connection."""
        shared, own = self._quotas
        if status == 429:
            shared.rest(seconds, Reason.RATE_LIMITED)
        else:
            own.rest(seconds, Reason.GATEWAY_ERROR)

    def answered(self, status: int | None, seconds: float) -> None:
        """Note how a request ended; after a 429 requests of all who sign in alike follow each other more slowly."""
        self._gauges.answered(status, seconds)
        if status == 429:
            self._quotas[0].objected()

    def renewed(self, issued: Issued | None) -> None:
        """Note that a token was asked for."""
        self.tokens += 1
        if issued is None:
            self.token_failures += 1
        else:
            self._signs.append(issued)

    def showed(self, sign: Certificate | Dated) -> None:
        """Note what an answer showed."""
        agreed = self._agree
        if isinstance(sign, Dated):
            self._agree = abs(sign.ahead) <= SKEW
            self._told = sign.at + round(sign.ahead * 1000), self.purse.clock.monotonic()
            if agreed and self._agree:
                return
        self._signs.append(sign)

    def shown(self) -> int | None:
        """Return what the clock of who answered last shows now, epoch ms; None where no answer told the time."""
        if self._told is None:
            return None
        shown, at = self._told
        return shown + round((self.purse.clock.monotonic() - at) * 1000)

    def settle(self, health: ConnectionHealth) -> ConnectionHealth:
        """Return a connection's health with the tokens asked for, and the signs seen, since the last time."""
        if not self.tokens and not self._signs:
            return health
        issued = [each for each in self._signs if isinstance(each, Issued)]
        counted = replace(
            health,
            tokens=health.tokens + self.tokens,
            token_failures=health.token_failures + self.token_failures,
            token_ends=issued[-1].ends_at if issued else health.token_ends,
            signs=reduce(noted, self._signs, health.signs),
        )
        self._signs.clear()
        self.tokens = self.token_failures = 0
        return counted
