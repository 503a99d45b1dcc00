"""Statuses of connections, for tests of what is shown of them."""

from typing import Any

from driftd.core.budget import Budget, Usage
from driftd.core.health import ConnectionHealth, ResourceHealth, Trouble
from driftd.core.reasons import MEANINGS, State
from driftd.core.status import ConnectionStatus, ResourceStatus
from driftd.errors import Reason

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_790_000_000_000
"""2026-09-21 14:13:20 UTC."""


def trouble(reason: Reason, **more: Any) -> Trouble:
    """Return a trouble that has lasted for three hours."""
    filled: dict[str, Any] = {
        "reason": reason,
        "message": f'connection "aldgate": "SORDER" is in trouble by {reason}',
        "hint": "look at it",
        "status": 503,
        "since": NOW - 3 * HOUR,
        "at": NOW - 2 * MINUTE,
        "times": 9,
    }
    return Trouble(**{**filled, **more})


def status(state: State = State.OK, reason: Reason | None = None, **more: Any) -> ConnectionStatus:
    """Return the status of a connection with two resources, the first of which fails where there is a reason."""
    own = trouble(reason) if reason else None
    failing = ResourceHealth(
        polls=9, last_poll=NOW - 2 * MINUTE, last_success=NOW - 4 * HOUR, last_change=NOW - 9 * HOUR, trouble=own
    )
    good = ResourceHealth(polls=9, last_poll=NOW - MINUTE, last_success=NOW - MINUTE, records=25)
    filled: dict[str, Any] = {
        "name": "aldgate",
        "host": "x3.aldgate.example",
        "folder": "ALDGATE",
        "state": state,
        "since": NOW - 3 * HOUR,
        "health": ConnectionHealth(state, NOW - 3 * HOUR),
        "resources": (
            ResourceStatus("SORDER", failing if own else good, 300.0, 86400.0),
            ResourceStatus("BPCUSTOMER", good, 300.0, 86400.0),
        ),
        "budget": Budget(20_000, 2_000_000_000, "Europe/Paris"),
        "usage": Usage("2026-09-21", 5000, 10_000_000),
        "resumes": NOW + 8 * HOUR,
        "trouble": own,
    }
    return ConnectionStatus(**{**filled, **more})


def of(reason: Reason, **more: Any) -> ConnectionStatus:
    """Return the status of a connection with a trouble that lasts, in the state that its meaning gives."""
    return status(MEANINGS[reason].state, reason, **more)
