"""What all pollers of one daemon share."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from msgspec import Struct, field

from driftd.config import ConnectionConfig
from driftd.core.backoff import Pacing
from driftd.ports import Clock, Source, Store, Traffic
from driftd.runtime.book import Book
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.halt import Halt
from driftd.runtime.post import Posts
from driftd.runtime.rooms import Rooms

OpenSource = Callable[[ConnectionConfig, Traffic], AbstractAsyncContextManager[Source]]
"""Gives a connection's source while the context lasts; raises `SourceError` where its secret is not to be had."""


class World(Struct):
    """The surroundings of a poller."""

    store: Store
    book: Book
    clock: Clock
    gauges: Gauges
    posts: Posts
    open_source: OpenSource
    sweeps: Rooms
    """Places for the sweeps of resources of more than a page, and for first ones: what one of them keeps in memory is
    bounded, so that of all of them is."""
    chance: Callable[[], float]
    """Draws a number in [0, 1)."""
    seed: Callable[[], int]
    """Draws 64 random bits."""
    detector: Detector
    halt: Halt = field(default_factory=Halt)
    pacing: Pacing = Pacing()
    tick: float = 15.0
    """Seconds between looks at a connection where nothing is due: states change with time, and clocks jump."""
    restart: float = 30.0
    """Seconds after which a poller that ended by a bug begins anew."""
