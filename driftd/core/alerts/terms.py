"""The figures of an alert's life; each is a default that a configuration can change."""

from typing import Final

from msgspec import Struct

_HOUR: Final = 3600.0


class Terms(Struct, frozen=True):
    """When alerts begin, end, and speak; durations in seconds."""

    fails: int = 3
    """Failing evaluations in a row after which an alert fires, or within `span`."""
    span: float = 8 * _HOUR
    exact_fails: int = 2
    """The same for drift of shape and of invariants, which have no chance in them."""
    hold: float = 2 * _HOUR
    """How long it must be good until it is resolved: this and `hold_cycles`, whichever is longer."""
    hold_cycles: int = 2
    """Intervals of what is evaluated, and good evaluations, the least of each."""
    reopen: float = 24 * _HOUR
    """A return within this time goes on with the same alert."""
    flaps: int = 3
    """Reopenings within `reopen` that make an alert flap."""
    stable: float = 24 * _HOUR
    """How long an alert that flaps must keep its state until it speaks again."""
    members: int = 3
    """Members of a scope that are struck alike, at least, for an alert of the scope."""
    share: float = 0.5
    """Their share of the scope, at least."""
    cycles: float = 2.0
    """Intervals within which they are struck."""
    members_stay: int = 2
    """How many must be left for the scope's alert to go on; with `share_stay`."""
    share_stay: float = 0.25
    wave: float = 0.1
    """Share of all connections from which on a trouble may become one of all; of a host, folder or connection two
    members are enough. Until then their notices wait."""
    wait: float = 0.9
    """Intervals that they wait at most. All of the scope are polled once meanwhile, or nearly; with the poll that found
    it, and the tick that tells it, a drift is told within two intervals."""


TERMS: Final = Terms()
