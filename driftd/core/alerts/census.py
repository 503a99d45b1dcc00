"""Who lives where: the members of each scope that a common trouble may strike."""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from driftd.core.alerts.identity import Place
from driftd.core.alerts.model import Alert
from driftd.core.drift import Scope

ALL: Final = Place(Scope.ALL, "all")


class Home(Struct, frozen=True):
    """Where one connection lives."""

    host: str
    folder: str
    resources: tuple[str, ...]
    """The enabled ones."""
    interval: float
    """Seconds between due times of its most frequent cycle."""


class Census:
    """All connections, counted."""

    def __init__(self, homes: Mapping[str, Home] = MappingProxyType({})) -> None:
        self.homes: dict[str, Home] = {}
        self._population: Counter[Place] = Counter()
        self._around: dict[tuple[str, str | None], tuple[Place, ...]] = {}
        for name, home in homes.items():
            self.add(name, home)

    def add(self, name: str, home: Home) -> None:
        """Count one connection more."""
        self.homes[name] = home
        self._population[Place(Scope.TENANT, name)] = len(home.resources)
        resources = [Place(Scope.RESOURCE, each) for each in home.resources]
        self._population.update([Place(Scope.HOST, home.host), _folder(home), ALL, *resources])

    def population(self, place: Place) -> int:
        """Return how many members a scope has: resources of a connection, else connections."""
        return self._population[place]

    def around(self, alert: Alert) -> tuple[Place, ...]:
        """Return the scopes that an alert of a connection lies in; of a connection that nobody knows: none."""
        asked = alert.drift.connection, alert.drift.resource
        if asked not in self._around:
            self._around[asked] = tuple(self._reckoned(*asked))
        return self._around[asked]

    def _reckoned(self, connection: str, resource: str | None) -> Iterator[Place]:
        home = self.homes.get(connection)
        if home is None:
            return
        if resource is not None:
            yield Place(Scope.TENANT, connection)
            yield Place(Scope.RESOURCE, resource)
        yield from (_folder(home), Place(Scope.HOST, home.host), ALL)


def _folder(home: Home) -> Place:
    return Place(Scope.FOLDER, f"{home.host}/{home.folder}")
