"""The lines of a card that tell what is known: what is had of each resource, what failed, what goes on, what comes."""

from collections.abc import Iterable

from msgspec import Struct

from driftd.core.credential import Credential
from driftd.core.health import Trouble
from driftd.core.reasons import State
from driftd.core.state import OLD
from driftd.core.status import ConnectionStatus, ResourceStatus
from driftd.core.words import Phrases
from driftd.core.words.filling import filled, one_line


class Fact(Struct, frozen=True):
    """A line of a card, with the moment that it tells of (epoch ms) where there is one."""

    text: str
    at: int | None = None


class LastGood(Struct, frozen=True):
    """What is had of one resource; times in epoch ms."""

    resource: str
    success: int | None
    change: int | None
    says: str
    """What consumers miss meanwhile."""


def last_good(resource: ResourceStatus, status: ConnectionStatus, now: int, phrases: Phrases) -> LastGood:
    """Return what is had of a resource at `now` (epoch ms)."""
    health = resource.health
    count = {"count": health.held or health.pending}
    if health.last_success is None:
        says = phrases.never_read
    elif health.held:
        says = filled(phrases.held, count, phrases)
    elif _misses(resource, status, now):
        says = phrases.missing
    elif health.pending:
        says = filled(phrases.pending, count, phrases)
    elif health.coverage is not None and health.coverage < 1:
        says = filled(phrases.coverage, {"percent": int(health.coverage * 100)}, phrases)
    else:
        says = phrases.current
    return LastGood(resource.name, health.last_success, health.last_change, says)


def _misses(resource: ResourceStatus, status: ConnectionStatus, now: int) -> bool:
    """Tell whether something may have changed that was not read: it fails, or was read too long ago."""
    health = resource.health
    if status.health.outage or health.trouble or health.last_poll != health.last_success:
        return True
    return abs(now - (health.last_success or 0)) > OLD * resource.interval * 1000


def evidence(trouble: Trouble, phrases: Phrases) -> Iterable[Fact]:
    """Yield what failed, and since when."""
    if trouble.message:
        yield Fact(one_line(trouble.message))
    if trouble.hint:
        yield Fact(one_line(trouble.hint))
    if trouble.status is not None:
        yield Fact(filled(phrases.status, {"status": trouble.status}, phrases))
    yield Fact(filled(phrases.times, {"count": trouble.times}, phrases))
    yield Fact(phrases.first_failure, trouble.since)
    yield Fact(phrases.latest_failure, trouble.at)


def meanwhile(status: ConnectionStatus, phrases: Phrases) -> Iterable[Fact]:
    """Yield what goes on until it is mended."""
    health = status.health
    if status.state is State.PAUSED and health.pause:
        pause = health.pause
        yield Fact(filled(phrases.paused, {"by": pause.by, "reason": pause.reason}, phrases), pause.until)
    if status.state is State.MAINTENANCE and health.maintenance:
        window = health.maintenance
        yield Fact(filled(phrases.maintenance, {"by": window.by, "reason": window.reason}, phrases), window.until)
    due = min((each.next_poll for each in status.resources if each.next_poll is not None), default=None)
    for text, at in (
        (phrases.next_poll, due),
        (phrases.held_until, status.held_until),
        (phrases.breaker, status.breaker_open_until),
    ):
        if at is not None:
            yield Fact(filled(text, {}, phrases), at)
    held = sum(each.health.held for each in status.resources)
    if held:
        yield Fact(filled(phrases.held, {"count": held}, phrases))
    if health.token_failures:
        yield Fact(filled(phrases.token_failures, {"count": health.token_failures}, phrases))
    yield from _budget(status, phrases)


def _budget(status: ConnectionStatus, phrases: Phrases) -> Iterable[Fact]:
    used = {
        "requests": status.usage.requests,
        "of_requests": status.budget.requests,
        "bytes": _megabytes(status.usage.bytes),
        "of_bytes": _megabytes(status.budget.bytes),
    }
    yield Fact(filled(phrases.budget, used, phrases))
    yield Fact(phrases.resumes, status.resumes)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}" if size >= 10_000_000 or size == 0 else f"{size / 1e6:.2g}"


def ahead(status: ConnectionStatus, now: int, phrases: Phrases) -> Iterable[Fact]:
    """Yield when a window of maintenance begins after `now` (epoch ms), and which credentials end when."""
    window = status.health.maintenance
    if window is not None and window.coming(now):
        yield Fact(filled(phrases.window, {"by": window.by, "reason": window.reason}, phrases), window.since)
    for credential, text in (
        (Credential.CLIENT_SECRET, phrases.secret_ends),
        (Credential.TLS_CERTIFICATE, phrases.certificate_ends),
        (Credential.CLIENT_CERTIFICATE, phrases.client_certificate_ends),
    ):
        at = status.expiry.get(credential)
        if at is not None:
            yield Fact(text, at)
