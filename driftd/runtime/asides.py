"""How connections are put aside, in memory: what their state follows from, and whether alerts of them may fire."""

from collections.abc import Callable

from msgspec.structs import replace

from driftd.core.alerts.model import Alert
from driftd.core.drift import Check
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

    def quiet(self, now: int) -> Callable[[Alert], bool]:
        """Tell of an alert whether its connection is put aside at `now` (epoch ms), so that it does not begin to fire.

        That the log of changes began anew is no matter of the tenant's, and is told for a day only.
        """

        def quiet(alert: Alert) -> bool:
            return alert.drift.finding != Check.LOG_BEGAN_ANEW and self.of(alert.drift.connection).quiet(now)

        return quiet

    def applied(self, connection: str, health: ConnectionHealth) -> ConnectionHealth:
        """Return a connection's health with what was ordered of it."""
        aside = self.of(connection)
        if (aside.pause, aside.maintenance) == (health.pause, health.maintenance):
            return health
        return replace(health, pause=aside.pause, maintenance=aside.maintenance)


def without(health: ConnectionHealth) -> ConnectionHealth:
    """Return a connection's health as the logbook keeps it: what was ordered is the casebook's."""
    return replace(health, pause=None, maintenance=None) if health.pause or health.maintenance else health
