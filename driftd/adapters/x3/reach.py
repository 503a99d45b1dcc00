"""The way to a host, one step at a time: its name, its port, its certificate. Nothing is asked of it."""

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import httpx
from msgspec import Struct

from driftd.adapters.x3.connection import Origin
from driftd.adapters.x3.dial import admitted, connect, limit
from driftd.adapters.x3.faults import fault
from driftd.adapters.x3.signs import name_of, pairs
from driftd.core.network import Egress
from driftd.core.trial import Fact, StepOutcome
from driftd.errors import Reason, SourceError

SOON: Final = 30
"""Days before its end at which a certificate is warned of."""
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
"""How OpenSSL calls an answer that is not TLS at all."""


class Finding(Struct, frozen=True):
    """What a step found where it did not fail."""

    message: str
    facts: Mapping[str, Fact]
    outcome: StepOutcome = StepOutcome.OK
    hint: str = ""
    reason: Reason | None = None
    """Why it is warned of, where a reason says it."""


class Way(Struct, frozen=True):
    """Where a step leads."""

    origin: Origin
    seconds: float
    """Limit of each step."""
    egress: Egress
    proxied: bool = False
    """Whether this is the proxy before the tenant."""

    @property
    def where(self) -> str:
        """Host and port."""
        return self.origin.where

    def fault(self, error: httpx.TransportError) -> SourceError:
        """Return what a failure on the way means."""
        return fault(error, f'"{self.where}"', proxied=self.proxied)


async def resolve(way: Way) -> Finding:
    """Look the host's name up, and judge where it leads; raises `SourceError`."""
    try:
        with limit(way.seconds, httpx.ConnectTimeout):
            found = await admitted(way.origin, way.egress)
    except (OSError, UnicodeError) as error:
        unknown = httpx.ConnectError("no address")
        unknown.__cause__ = error if isinstance(error, OSError) else socket.gaierror()
        raise way.fault(unknown) from error
    except httpx.TransportError as error:
        raise way.fault(error) from error
    addresses = [place.address for place in found]
    return Finding(_counted(len(addresses), "address", "addresses"), {"addresses": ", ".join(addresses)})


async def knock(way: Way) -> Finding:
    """Open a connection and close it; raises `SourceError`."""
    try:
        connection = await connect(way.origin, way.egress, None, way.seconds)
    except httpx.TransportError as error:
        raise way.fault(error) from error
    connection.abort()
    return Finding("the port is open", {"port": way.origin.port})


async def shake_hands(way: Way, context: ssl.SSLContext, now: int) -> Finding:
    """Open a verified TLS session and close it; raises `SourceError` for one that cannot be trusted."""
    try:
        connection = await connect(way.origin, way.egress, context, way.seconds)
    except httpx.TransportError as error:
        raise _without_tls(error, way.fault(error)) from error
    session = connection.tls()
    found = _facts(session) if session is not None else {}
    connection.abort()
    return _judged(found, now)


def _without_tls(error: httpx.TransportError, found: SourceError) -> SourceError:
    """Say it where the other side does not speak TLS at all."""
    cause = error.__cause__
    if not isinstance(cause, ssl.SSLError) or cause.reason not in _NO_TLS:
        return found
    message = f"{found}: the port answers, but without TLS"
    return SourceError(found.reason, message, hint="check scheme and port: is this the port of plain http?")


def _facts(session: ssl.SSLObject) -> dict[str, Fact]:
    certificate = session.getpeercert() or {}
    names = [str(value) for kind, value in pairs(certificate.get("subjectAltName")) if kind in {"DNS", "IP Address"}]
    facts: dict[str, Fact] = {
        "version": session.version() or "",
        "cipher": (session.cipher() or ("",))[0],
        "subject": name_of(certificate.get("subject")),
        "names": ", ".join(names),
        "issuer": name_of(certificate.get("issuer")),
    }
    if isinstance(end := certificate.get("notAfter"), str):
        facts["not_after"] = datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC).isoformat()
    return facts


def _judged(facts: Mapping[str, Fact], now: int) -> Finding:
    end = facts.get("not_after")
    if not isinstance(end, str):
        return Finding(f"{facts.get('version', 'TLS')}, trusted", facts)
    days = int((datetime.fromisoformat(end).timestamp() * 1000 - now) // 86_400_000)
    message = f"{facts['version']}, trusted until {end[:10]} ({_counted(days, 'day', 'days')})"
    if days >= SOON:
        return Finding(message, facts)
    return Finding(
        message, facts, StepOutcome.WARNED, "ask the customer's X3 administrator to renew the certificate in time"
    )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
