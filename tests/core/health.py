"""Polls and the health that they leave, for tests of what follows from them."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from driftd.core.health import (
    CONNECTIONS,
    ConnectionHealth,
    Poll,
    ResourceHealth,
    Result,
    connection_polled,
    resource_polled,
)
from driftd.core.model import Kind
from driftd.core.reasons import MEANINGS
from driftd.core.state import Scene, Verdict, judge
from driftd.errors import Reason

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_790_000_000_000
"""When the daemon of the tests began, epoch ms."""
INTERVAL = 300.0
OF_RESOURCE = sorted(set(Reason) - CONNECTIONS)
OF_CONNECTION = sorted(CONNECTIONS)


def poll(at: int, reason: Reason | None = None, **more: Any) -> Poll:
    """Return a poll that ended at `at` a second after it began: it failed where there is a reason."""
    filled: dict[str, Any] = {
        "kind": Kind.PROBE,
        "result": Result.FAILED if reason else Result.OK,
        "began": at - 1000,
        "at": at,
        "seconds": 1.0,
        "records": 25,
        "changes": {},
        "pending": 0,
        "held": 0,
        "reason": reason,
        "message": f"it is {reason}" if reason else "",
    }
    return Poll(**{**filled, **more})


def scene(polls: Iterable[tuple[str, Poll]], names: Iterable[str] = ("SORDER", "BPCUSTOMER"), **more: Any) -> Scene:
    """Return what is known after polls of resources of one connection, a daemon running since `START`."""
    health, resources = ConnectionHealth(), {name: ResourceHealth() for name in names}
    for name, each in polls:
        health = connection_polled(health, each)
        resources[name] = resource_polled(resources[name], each)
    known = Scene(health, resources, dict.fromkeys(resources, INTERVAL), START)
    return replace(known, **more)


def failing(reason: Reason, times: int, *names: str) -> list[tuple[str, Poll]]:
    """Return so many failed polls of each of `names`, one after the other."""
    order = [name for _ in range(times) for name in names]
    return [(name, poll(START + (number + 1) * MINUTE, reason)) for number, name in enumerate(order)]


def granted(reason: Reason) -> int:
    """Return how many failures of a reason make it last."""
    return MEANINGS[reason].grace


def judged(known: Scene, after: int = 20 * MINUTE) -> Verdict:
    """Judge a scene so long after `START`."""
    return judge(known, START + after)
