"""An exchange that is listened to: what was asked, what came, how long it took. For a live check, not for polls."""

from collections.abc import Callable

from msgspec import Struct

from driftd.adapters.x3.answer import Answer, Tally
from driftd.adapters.x3.exchange import Exchange, Headers
from driftd.errors import SourceError
from driftd.ports import Clock


class Heard(Struct, frozen=True):
    """One request and what came of it."""

    address: str
    form: bool
    """Whether it was a form for the token endpoint."""
    seconds: float
    answer: Answer | None = None
    error: SourceError | None = None
    """Set where there was no answer."""
    skew: float | None = None
    """Seconds by which the tenant's clock is ahead of ours; None where it did not say."""
    wait: float | None = None
    """Seconds that the tenant asks us to wait."""


class Overheard:
    """Passes everything to an exchange, tells of it, and adds up what it cost."""

    def __init__(self, exchange: Exchange, clock: Clock, tell: Callable[[Heard], None]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tell = tell
        self.cost = Tally()

    async def get(self, address: str, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Read an address."""
        return await self._hear(address, None, headers, tally, whose)

    async def post(self, address: str, form: bytes, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Send a form to the token endpoint."""
        return await self._hear(address, form, headers, tally, whose)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._exchange.aclose()

    async def _hear(self, address: str, form: bytes | None, headers: Headers, tally: Tally, whose: str) -> Answer:
        begun, requests, wire_bytes = self._clock.monotonic(), tally.requests, tally.wire_bytes
        try:
            if form is None:
                answer = await self._exchange.get(address, headers, tally, whose)
            else:
                answer = await self._exchange.post(address, form, headers, tally, whose)
        except SourceError as error:
            self._tell(Heard(address, form is not None, self._clock.monotonic() - begun, error=error))
            raise
        finally:
            self.cost.requests += tally.requests - requests
            self.cost.wire_bytes += tally.wire_bytes - wire_bytes
        seconds, now = self._clock.monotonic() - begun, self._clock.now()
        self._tell(Heard(address, form is not None, seconds, answer, skew=answer.skew(now), wait=answer.wait(now)))
        return answer
