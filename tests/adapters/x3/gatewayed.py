"""A tenant behind the simulator's cloud gateway, without a network; what goes wrong on the way is a script."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.pair import Pair
from driftd.adapters.x3.settings import Pairing, SecretSource, X3Settings
from driftd.core.secret import Secret
from driftd.simulator import Switches
from driftd.simulator.gateway import Pair as Given
from driftd.simulator.gateway import pair_answer
from driftd.simulator.oauth import Credentials
from tests.adapters.x3.booked import MemoryBook
from tests.adapters.x3.scripted import BASE, FOLDER, SetClock, json_page
from tests.fakes.loopback import LOOPBACK

GATEWAY = "https://api.emea-sagex3.example/v1/token"
Way = Callable[[httpx.Request], Awaitable[None]]


async def _open(_request: httpx.Request) -> None:
    """Let a request through."""


@dataclass
class Customer:
    """A customer that is paired, the book of its pair, and a clock for all."""

    clock: SetClock = field(default_factory=SetClock)
    switches: Switches = field(default_factory=Switches)
    there: Way = _open
    """What happens to a request for a pair before it reaches the gateway."""
    back: Way = _open
    """And to its answer: by then the refresh token is used."""
    tokens: int = 0
    """Requests that reached the gateway."""
    read: list[str] = field(default_factory=list)
    """What requests of records were authorised by."""

    def __post_init__(self) -> None:
        self.credentials = Credentials("driftd", "s3cret-of-driftd", "", "", 0.0, "")
        self.given = Given()
        self.book = MemoryBook(self.paired(), self.clock.now(), self.clock.now())
        self.pair = Pair(self.book)

    def paired(self) -> str:
        """Pair anew, and return the refresh token."""
        return self.given.give(self.clock.seconds, self.switches.pairing_life)

    def source(self, name: str = "aldgate", secret: SecretSource | None = None, client: str = "driftd") -> X3Source:
        """Return one of the connections that share the pair."""
        auth = Pairing(GATEWAY, client, secret or Secret("s3cret-of-driftd"), self.pair)
        known = X3Settings(name, BASE, FOLDER, auth, egress=LOOPBACK)
        return X3Source(known, httpx.MockTransport(self), self.clock)

    def restarted(self) -> None:
        """Have a new process, which knows what the book does."""
        self.there = self.back = _open
        self.pair = Pair(self.book)

    def advance(self, seconds: float) -> None:
        """Let time pass for all."""
        self.clock.advance(seconds)
        self.book.now = self.clock.now()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) != GATEWAY:
            self.read.append(request.headers["authorization"])
            good = self.credentials.admits(self.read[-1], self.clock.seconds, self.switches)
            return json_page() if good else httpx.Response(401)
        await self.there(request)
        self.tokens += 1
        asked = {name.lower(): value for name, value in request.headers.items()}, request.content
        answer = pair_answer(self.given, self.credentials, self.switches, self.clock.seconds, asked)
        await self.back(request)
        assert isinstance(answer.body, bytes)
        return httpx.Response(answer.status, content=answer.body, headers={"content-type": "application/json"})
