"""Who lives where: the members of each scope that a common trouble may strike."""

from collections import Counter
from collections.abc import Mapping
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

    def __init__(self, homes: Mapping[str, Home]) -> None:
        self.homes = homes
        self._population: Counter[Place] = Counter()
        for name, home in homes.items():
            self._population[Place(Scope.TENANT, name)] = len(home.resources)
            self._population.update(_places(home))

    def population(self, place: Place) -> int:
        """Return how many members a scope has: resources of a connection, else connections."""
        return self._population[place]

    def around(self, alert: Alert) -> tuple[Place, ...]:
        """Return the scopes that an alert of a connection lies in; of a connection that nobody knows: none."""
        home = self.homes.get(alert.drift.connection)
        if home is None:
            return ()
        host, folder = Place(Scope.HOST, home.host), folder_of(home)
        resource = alert.drift.resource
        if resource is None:
            return (folder, host, ALL)
        tenant = Place(Scope.TENANT, alert.drift.connection)
        return (tenant, folder, host, Place(Scope.RESOURCE, resource), ALL)


def folder_of(home: Home) -> Place:
    """Return the folder of a connection as a scope."""
    return Place(Scope.FOLDER, f"{home.host}/{home.folder}")


def _places(home: Home) -> list[Place]:
    resources = [Place(Scope.RESOURCE, each) for each in home.resources]
    return [Place(Scope.HOST, home.host), folder_of(home), ALL, *resources]
