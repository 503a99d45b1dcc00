"""How connections are put aside, in memory: what their state follows from, and whether alerts of them may fire."""

from collections.abc import Callable

from msgspec.structs import replace

from driftd.core.health import NOT_ASIDE, Aside, ConnectionHealth
from driftd.ports import Casebook


class Asides:
    """What persons ordered, by connection."""

    def __init__(self) -> None:
        self._all: dict[str, Aside] = {}

    async def load(self, casebook: Casebook) -> None:
        """Take over what is remembered; raises `StoreError`."""
        self._all = dict(await casebook.asides())

    def of(self, connection: str) -> Aside:
        """Return how a connection is put aside, was, or will be."""
        return self._all.get(connection, NOT_ASIDE)

    def put(self, connection: str, aside: Aside) -> None:
        """Have it be so."""
        self._all[connection] = aside

    def quiet(self, now: int) -> Callable[[str], bool]:
        """Tell of a connection whether no alert of it begins to fire at `now` (epoch ms)."""
        return lambda connection: self.of(connection).quiet(now)

    def applied(self, connection: str, health: ConnectionHealth) -> ConnectionHealth:
        """Return a connection's health with what was ordered of it."""
        aside = self.of(connection)
        if (aside.pause, aside.maintenance) == (health.pause, health.maintenance):
            return health
        return replace(health, pause=aside.pause, maintenance=aside.maintenance)


def without(health: ConnectionHealth) -> ConnectionHealth:
    """Return a connection's health as the logbook keeps it: what was ordered is the casebook's."""
    return replace(health, pause=None, maintenance=None) if health.pause or health.maintenance else health
