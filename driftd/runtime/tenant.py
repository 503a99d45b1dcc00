"""What a cycle works with: one connection's tenant, and the world around it."""

from collections.abc import Callable

from msgspec import Struct

from driftd.ports import Clock, Source, Store


class Tenant(Struct, frozen=True):
    """One connection's source, and where its records go."""

    source: Source
    store: Store
    clock: Clock
    host: str
    folder: str
    seed: Callable[[], int]
    """Draws 64 random bits, once for each resource that is read for the first time."""
