"""A tenant played from a script beneath httpx's transport, and a clock that is set by hand."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Auth, Caps, ClientCredentials, SecretSource, X3Settings
from driftd.core.model import Resource
from driftd.core.secret import Secret
from tests.fakes.loopback import LOOPBACK

BASE = "https://x3.aldgate.example"
TOKEN_URL = f"{BASE}/auth/token"
FOLDER = "ALDGATE"
CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))
ORDERS = Resource("aldgate", "SORDER", "SORDER", ("SOHNUM",), details=True)
JOURNAL = Resource("aldgate", "GACCENTRY", "GACCENTRY", ("TYP", "NUM"), details=True)
DATED = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")

Answer = httpx.Response | Coroutine[None, None, httpx.Response]
Answering = Callable[[httpx.Request], Answer]


class SetClock:
    """Time that passes when a test says so."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.ms = now
        self.seconds = 1_000.0

    def now(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.ms += int(seconds * 1000)


def json_page(*records: dict[str, Any], next_url: str | None = None) -> httpx.Response:
    links = {} if next_url is None else {"$next": {"$url": next_url, "$type": "application/json", "$method": "GET"}}
    return httpx.Response(200, json={"$itemsPerPage": 20, "$resources": list(records), "$links": links})


def diagnosed(status: int, message: str, severity: str = "error") -> httpx.Response:
    return httpx.Response(status, json={"$diagnoses": [{"$severity": severity, "$message": message}]})


def login_page() -> httpx.Response:
    return httpx.Response(200, html='<html><title>Sage X3 - Login</title><input type="password"></html>')


@dataclass
class ScriptedTenant:
    """Answers api1 with `answer` and the token endpoint with `token`; remembers what it was asked."""

    answer: Answering = field(default=lambda _request: json_page())
    token: Answering | None = None
    life: float | None = 3600
    read: list[httpx.Request] = field(default_factory=list)
    tokens: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) != TOKEN_URL:
            self.read.append(request)
            return await _now(self.answer(request))
        self.tokens.append(request)
        if self.token is not None:
            return await _now(self.token(request))
        return self.issue()

    def issue(self) -> httpx.Response:
        issued: dict[str, Any] = {"access_token": f"token-{len(self.tokens)}", "token_type": "Bearer"}
        return httpx.Response(200, json=issued if self.life is None else {**issued, "expires_in": self.life})


async def _now(answer: Answer) -> httpx.Response:
    return answer if isinstance(answer, httpx.Response) else await answer


def settings(auth: Auth | None = None, *, secret: SecretSource | None = None, **changes: Any) -> X3Settings:
    chosen = auth or ClientCredentials(TOKEN_URL, "driftd", secret or Secret("s3cret-of-aldgate"))
    return X3Settings(
        **{"name": "aldgate", "base_url": BASE, "folder": FOLDER, "auth": chosen, "egress": LOOPBACK} | changes
    )


def source(tenant: ScriptedTenant, clock: SetClock | None = None, given: X3Settings | None = None) -> X3Source:
    return X3Source(given or settings(), httpx.MockTransport(tenant), clock or SetClock())


SMALL = Caps(wire=64 << 10, body=256 << 10, ratio=50, ratio_floor=32 << 10)
