"""Guards of what is asked: how often, how long, how many at once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import anyio
import anyio.lowlevel

from driftd.adapters.x3 import dial, exchange
from driftd.adapters.x3.answer import Answer
from driftd.adapters.x3.auth import TokenAuthority
from driftd.core import breaker, cadence
from driftd.core.breaker import Breaker, Limits
from driftd.core.health import Trouble
from driftd.runtime.purse import Purse
from driftd.runtime.traffic import ConnectionTraffic
from tests.fakes.patching import patched

Taken = AbstractContextManager[object]


class _Unlocked:
    """A lock that holds nobody back."""

    async def __aenter__(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def __aexit__(self, *error: object) -> None:
        """Nothing was taken."""

    def locked(self) -> bool:
        return False


def single_flight() -> Taken:
    """Whoever needs a token asks for one, whether or not another is on its way."""
    made = TokenAuthority.__init__

    def unlocked(self: TokenAuthority, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        self._lock = _Unlocked()  # type: ignore[assignment]

    return patched(TokenAuthority, "__init__", unlocked)


class _Endless:
    """The module `anyio`, whose deadlines never come."""

    @staticmethod
    @contextmanager
    def fail_after(seconds: float | None) -> Iterator[None]:
        del seconds
        yield

    def __getattr__(self, name: str) -> Any:
        return getattr(anyio, name)


def deadline() -> Taken:
    """A request may last as long as each of its pieces comes in time."""
    return patched(exchange, "anyio", _Endless())


def budget() -> Taken:
    """Requests are counted, and sent however many there were."""

    def counted(self: Purse) -> None:
        used = self.usage
        self._usage = type(used)(used.day, used.requests + 1, used.bytes)

    return patched(Purse, "send", counted)


@contextmanager
def retry_after() -> Iterator[None]:
    """What a tenant asks for with ``Retry-After`` is not kept."""
    deaf = patched(ConnectionTraffic, "asked", lambda _self, _status, _seconds: None)
    with deaf, patched(Answer, "wait", lambda _self, _now: None):
        yield


def opening() -> Taken:
    """A breaker never opens."""

    def closed(before: Breaker, trouble: Trouble, limits: Limits, *, now: float, chance: float) -> Breaker:
        del limits, now, chance
        return Breaker(before.failures + 1, None, trouble)

    return patched(breaker, "failed", closed)


def turns() -> Taken:
    """A request is sent at once, however many are under way."""

    @asynccontextmanager
    async def at_once(self: ConnectionTraffic) -> AsyncIterator[None]:
        with self._gauges.held() as admitted:
            admitted()
            self._way.check(self)
            yield

    return patched(ConnectionTraffic, "_turn", at_once)


def addresses() -> Taken:
    """A connection is made wherever the host's name leads."""
    return patched(dial, "refusal", lambda address, scheme, egress: None)


def future() -> Taken:
    """A stamp of the future counts, however far ahead of the clock it is."""

    def last(stamps: Any, interval: int, own: int, now: int) -> int:
        latest = max((each for each in stamps if each is not None), default=now - interval)
        return int(latest + interval - (latest - own) % interval)

    return patched(cadence, "_slot", last)
