"""How long nothing is asked after a failure: what the tenant named, or a backoff that suits the reason."""

from collections.abc import Callable

from msgspec import Struct, field

from driftd.core import breaker
from driftd.core.cadence import backoff
from driftd.core.reasons import MEANINGS, Reach, State
from driftd.errors import Reason


class Pacing(Struct, frozen=True):
    """The spans of a running daemon, in seconds."""

    first: float = 30.0
    """Backoff after the first failure, at most; it doubles up to the probe interval."""
    slow: float = 900.0
    """After a refused secret has been looked at again: a tenant that locks out clients is not hammered."""
    slowest: float = 3600.0
    """Refused credentials, refused configuration, and ``Retry-After`` at most."""
    tick: float = 15.0
    """A connection is looked at so often although nothing is due: states change with time, and clocks jump."""
    restart: float = 30.0
    """After a poller ended by a bug."""
    breaker: breaker.Limits = field(default_factory=breaker.Limits)


class Pause(Struct, frozen=True):
    """How long, and who pauses."""

    seconds: float
    reach: Reach


def pause(
    pacing: Pacing,
    failure: tuple[Reason, float | None],
    times: int,
    *,
    probe: float,
    second_look: float,
    chance: Callable[[], float],
) -> Pause:
    """Return what follows the `times`-th failure in a row: its reason, and what ``Retry-After`` said in seconds."""
    reason, asked = failure
    meaning = MEANINGS[reason]
    if asked is not None:
        return Pause(min(max(asked, 0.0), pacing.slowest), Reach.CONNECTION)
    if meaning.state in {State.AUTH_FAILED, State.CONFIG_ERROR} and meaning.reach is Reach.CONNECTION:
        if times <= 1:
            return Pause(second_look, meaning.reach)
        span = pacing.slow if meaning.state is State.AUTH_FAILED else probe
        return Pause(min(pacing.slowest, span * 2.0 ** min(times - 2, 32)), meaning.reach)
    cap = max(probe, pacing.first)
    return Pause(backoff(times, base=min(probe, pacing.first), cap=cap, chance=chance()), meaning.reach)
