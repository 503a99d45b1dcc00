"""What a cycle works with: one connection's tenant, and the world around it."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from driftd.core.model import Resource
from driftd.ports import Clock, Source, Store
from driftd.runtime.detect import Detector


class Tenant(Struct, frozen=True):
    """One connection's source, and where its records go."""

    source: Source
    store: Store
    clock: Clock
    host: str
    folder: str
    seed: Callable[[], int]
    """Draws 64 random bits, once for each resource that is read for the first time."""
    detector: Detector
    others: Mapping[str, Resource] = {}
    """What else is polled of the connection, by class."""
