"""What an answer shows beside itself: until when its server's certificate is good, and what time it is there."""

import ssl
from typing import Final, Protocol, cast
from weakref import WeakSet

import httpx

from driftd.adapters.x3.answer import epoch_ms
from driftd.core.credential import Certificate, Dated
from driftd.ports import Clock, Traffic

LONGEST: Final = 200
"""Characters of an issuer's name that are kept."""
LATEST: Final = 253_402_128_000_000
"""Epoch ms up to which a certificate is believed, 9999-12-30: one without an end ends with that year (RFC 5280
§4.1.2.5), which in a zone east of Greenwich is no date any more."""


class _Stream(Protocol):
    """What httpcore calls a network stream."""

    def get_extra_info(self, info: str) -> object: ...


class Signs:
    """Tells traffic what answers show: a certificate once for each TLS session, the time with each answer."""

    def __init__(self, traffic: Traffic, clock: Clock) -> None:
        self._traffic = traffic
        self._clock = clock
        self._known: WeakSet[ssl.SSLObject] = WeakSet()

    def now(self) -> int:
        """Return when a request is sent, epoch ms."""
        return self._clock.now()

    def look(self, host: str, response: httpx.Response, sent_at: int) -> None:
        """Look at an answer whose head has just come."""
        session = session_of(response)
        if session is not None and session not in self._known:
            self._known.add(session)
            certificate = certificate_of(session, host)
            if certificate is not None:
                self._traffic.showed(certificate)
        if "Age" in response.headers:  # from a cache, where the date is that of long ago
            return
        now = self._clock.now()
        ahead = ahead_of(response.headers.get("Date", ""), sent_at, now)
        if ahead is not None:
            self._traffic.showed(Dated(now, ahead))


def session_of(response: httpx.Response) -> ssl.SSLObject | None:
    """Return the TLS session that an answer came over; None without TLS."""
    stream = response.extensions.get("network_stream")
    found = cast("_Stream", stream).get_extra_info("ssl_object") if stream is not None else None
    return found if isinstance(found, ssl.SSLObject) else None


def certificate_of(session: ssl.SSLObject, host: str) -> Certificate | None:
    """Return the certificate that a server showed; None where it was not verified, so that nothing is known of it."""
    known = session.getpeercert() or {}
    end = known.get("notAfter")
    if not isinstance(end, str):
        return None
    ends_at = min(ssl.cert_time_to_seconds(end) * 1000, LATEST)
    return Certificate(host, ends_at, name_of(known.get("issuer"))[:LONGEST])


def ahead_of(date: str, sent_at: int, now: int) -> float | None:
    """Return the seconds by which a clock is ahead of ours for certain; None where it did not say.

    ``Date`` is in whole seconds (RFC 9110 §6.6.1), and was written at some moment while the request was under way.
    """
    moment = epoch_ms(date)
    if moment is None:
        return None
    first, last = min(sent_at, now), max(sent_at, now)
    if moment > last:
        return (moment - last) / 1000
    return min(0, moment + 1000 - first) / 1000


def name_of(parts: object) -> str:
    """Write a distinguished name: organisation and common name."""
    flat = [pair for part in parts for pair in part] if isinstance(parts, tuple) else []
    known = dict(pairs(tuple(flat)))
    return ", ".join(known[name] for name in ("organizationName", "commonName") if name in known)


def pairs(found: object) -> list[tuple[str, str]]:
    """Return the pairs among what `ssl` tells of a certificate."""
    return [(str(pair[0]), str(pair[1])) for pair in found if len(pair) == 2] if isinstance(found, tuple) else []
