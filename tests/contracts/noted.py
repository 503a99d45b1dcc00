"""What tests write into a logbook."""

from collections.abc import Mapping, Sequence
from typing import Final

from driftd.core.budget import Usage
from driftd.core.health import (
    ConnectionHealth,
    Flip,
    Pause,
    Poll,
    ResourceHealth,
    Result,
    Trouble,
    Window,
    connection_polled,
    resource_polled,
)
from driftd.core.model import Kind, Op
from driftd.core.reasons import State
from driftd.errors import Reason
from driftd.ports import Entries, Polled

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
NOW: Final = 1_700_000_000_000 // HOUR * HOUR
"""Epoch ms; an hour begins."""
TROUBLE: Final = Trouble(Reason.TLS_EXPIRED, "ended", "renew it", 525, NOW - 9, NOW, 3, (NOW - 9, NOW - 4, NOW))


def poll(
    at: int = NOW,
    result: Result = Result.OK,
    *,
    reason: Reason | None = None,
    seconds: float = 0.5,
    changes: Mapping[Op, int] | None = None,
) -> Poll:
    """Return a poll that ended at `at`."""
    return Poll(
        kind=Kind.SWEEP,
        result=result,
        began=at - 500,
        at=at,
        seconds=seconds,
        records=120,
        changes=changes or {},
        pending=1,
        held=2,
        reason=reason,
        message="" if reason is None else f"it is {reason}",
        coverage=0.25,
        requests=3,
        bytes=4_096,
        pages=2,
        pages_unchanged=1,
    )


def failed(at: int = NOW, reason: Reason = Reason.TIMEOUT) -> Poll:
    """Return a poll that failed at `at`."""
    return poll(at, Result.FAILED, reason=reason)


def polled(each: Poll, resource: str = "BPCUSTOMER", connection: str = "acme") -> Polled:
    """Return a poll as history keeps it."""
    return Polled(connection, resource, each)


def flip(at: int = NOW, after: State = State.STALLED, connection: str = "acme") -> Flip:
    """Return a change of state at `at`."""
    return Flip(connection, State.OK, after, at, Reason.SERVER_ERROR, "it answered 500")


def resource_health(polls: Sequence[Poll] = ()) -> ResourceHealth:
    """Return the health of a resource after `polls`."""
    health = ResourceHealth()
    for each in polls or (poll(changes={Op.UPDATE: 7, Op.DELETE: 1}), failed(NOW + 1), failed(NOW + 2)):
        health = resource_polled(health, each)
    return health


def connection_health(requests: int = 0) -> ConnectionHealth:
    """Return the health of a connection in which every member is set."""
    health = ConnectionHealth(
        state=State.PAUSED,
        since=NOW,
        outage=TROUBLE,
        failed=TROUBLE.recent,
        pause=Pause("they move house", "ops@example.com", NOW + DAY),
        maintenance=Window(NOW, NOW + HOUR, "upgrade"),
        requests=requests,
        tokens=4,
        token_failures=1,
        token_ends=NOW + 5,
    )
    return connection_polled(health, poll())


def group(number: int, connections: int = 2, resources: int = 3) -> Entries:
    """Return a group of entries in which every number says which group it is."""
    names = [f"tenant-{each}" for each in range(connections)]
    both = [(name, f"CLASS{each}") for name in names for each in range(resources)]
    at = NOW + number * 60_000
    return Entries(
        connections={name: connection_health(number) for name in names},
        usage={name: Usage("2024-02-29", number, 1_000 * number) for name in names},
        resources={name: ResourceHealth(polls=number, beats=bytes([number % 256]) * 630) for name in both},
        flips=[flip(at, connection=name) for name in names],
        polls=[
            *(polled(poll(at, changes={Op.CREATE: 1}), resource, name) for name, resource in both),
            *(polled(failed(at), resource, name) for name, resource in both[:1]),
        ],
    )
