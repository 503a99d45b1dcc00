"""How long to wait after a failure: longer with each one in a row, each time by chance, as the tenant asks."""

from typing import Final

from driftd.core.model import Resource
from driftd.errors import Reason

FIRST: Final = 30.0
"""Seconds that the first wait may last."""
HOUR: Final = 3600.0
QUARTER: Final = 900.0


def pause(
    resource: Resource, reason: Reason, failures: int, *, chance: float, retry_after: float | None = None
) -> float:
    """Return the seconds to wait after the n-th failure in a row (`failures` = n), `chance` being in [0, 1).

    Never longer than the probe's interval, but where a secret was refused (trying again could lock the account), or
    where the tenant asked for it: what it asks is honoured up to an hour.
    """
    if reason is Reason.OAUTH_INVALID_CLIENT:
        own = auth_backoff(failures)
    else:
        own = backoff(failures, base=min(resource.probe, FIRST), cap=resource.probe, chance=chance)
    if retry_after is None:
        return own
    asked = min(max(0.0, retry_after), HOUR)
    return max(own, asked + chance * min(resource.probe, FIRST))  # not all that were asked alike in the same second


def backoff(failures: int, *, base: float, cap: float, chance: float) -> float:
    """Return a full-jitter exponential wait in seconds: at most ``base · 2ⁿ⁻¹`` and `cap`.

    The jitter is that of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), above a floor, a tenth of
    `base`, that keeps a small chance from being a second request at once.
    """
    most = min(cap, base * 2.0 ** min(failures - 1, 64))
    least = min(cap, base) / 10
    return least + chance * (most - least)


def auth_backoff(failures: int) -> float:
    """Return the seconds to wait after a refused secret: a quarter of an hour, doubling to an hour."""
    return min(HOUR, QUARTER * 2.0 ** min(failures - 1, 64))
