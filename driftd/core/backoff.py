"""How long to wait after a failure: longer with each one in a row, each time by chance, as the tenant asks."""

from typing import Final

from msgspec import Struct

from driftd.core.reasons import MEANINGS, Reach, State
from driftd.errors import Reason

FIRST: Final = 30.0
"""Seconds that the first wait may last."""


class Pacing(Struct, frozen=True):
    """The spans of waiting, in seconds."""

    first: float = FIRST
    """After the first failure, at most; it doubles up to the probe interval."""
    slow: float = 900.0
    """After credentials were refused at a second look: a tenant that locks out clients is not hammered."""
    slowest: float = 3600.0
    """For refused credentials or a refused folder, and for what a tenant asks, at most."""


class Retries(Struct, frozen=True):
    """What a connection may ask ahead of its calendar: a tenth of what it asks by it."""

    saved: float = 10.0
    """Requests, at most as many as at first."""


SHARE: Final = 0.1
"""Requests that each one of a poll that went well gives."""


def earned(retries: Retries, requests: int) -> Retries:
    """Return what may be asked after a poll that went well."""
    return Retries(min(Retries().saved, retries.saved + SHARE * requests))


def spent(retries: Retries, requests: int) -> Retries | None:
    """Return what is left after a retry of as many requests as failed; None where that is not to be had."""
    cost = max(1, requests)
    return Retries(retries.saved - cost) if retries.saved >= cost else None


class Wait(Struct, frozen=True):
    """How long, and who waits."""

    seconds: float
    reach: Reach


def wait(
    pacing: Pacing, failure: tuple[Reason, float | None], times: int, *, probe: float, second_look: float, chance: float
) -> Wait:
    """Return what follows the n-th failure in a row (`times` = n): its reason, and the seconds that the tenant asked.

    0 stands for one that is not its own, but was heard of: then it waits for as long as that holds.

    `probe` is the resource's probe interval, `second_look` when what is alarming is looked at again, both in seconds;
    `chance` lies in [0, 1). Never longer than the probe interval, but where credentials or the folder were refused, and
    where the tenant asks for it.
    """
    reason, asked = failure
    meaning = MEANINGS[reason]
    first = min(probe, pacing.first)
    own = backoff(max(1, times), base=first, cap=probe, chance=chance)
    if meaning.reach is Reach.CONNECTION and meaning.state in {State.AUTH_FAILED, State.CONFIG_ERROR}:
        span = pacing.slow if meaning.state is State.AUTH_FAILED else probe
        own = second_look if times <= 1 else min(pacing.slowest, span * 2.0 ** min(times - 2, 64))
    if asked is None:
        return Wait(own, meaning.reach)
    reach = Reach.CONNECTION if meaning.reach is Reach.RESOURCE else meaning.reach
    bounded, own = min(max(asked, 0.0), pacing.slowest), own if times else 0.0
    return Wait(max(own, bounded + chance * first), reach)  # not all that were asked alike come in the same second


def backoff(failures: int, *, base: float, cap: float, chance: float) -> float:
    """Return a full-jitter exponential wait in seconds: at most ``base · 2ⁿ⁻¹`` and `cap`.

    The jitter is that of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), above a floor, a tenth of
    `base`, that keeps a small chance from being a second request at once.
    """
    most = min(cap, base * 2.0 ** min(failures - 1, 64))
    least = min(cap, base) / 10
    return least + chance * (most - least)
