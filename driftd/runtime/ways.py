"""The ways to all hosts: connections that go the same one share its places and its breaker."""

from collections.abc import Callable
from urllib.parse import urlsplit

import anyio

from driftd.config import Basic, ClientCredentials, Config, ConnectedApp, ConnectionConfig, Pairing
from driftd.core.breaker import Limits
from driftd.ports import Clock
from driftd.runtime.quota import Quota
from driftd.runtime.way import Way


class Ways:
    """Hosts by name, and the ways to them: by origin, token endpoint and proxy."""

    def __init__(self, clock: Clock, chance: Callable[[], float], limits: Limits) -> None:
        self._clock = clock
        self._chance = chance
        self._limits = limits
        self._places: dict[str, anyio.CapacityLimiter] = {}
        self._ways: dict[tuple[str, ...], Way] = {}
        self._quotas: dict[tuple[str, str, str], Quota] = {}

    def allot(self, config: Config) -> None:
        """Give each host as many places as the most careful of its connections allows."""
        most: dict[str, int] = {}
        for each in config.connections:
            host = each.host
            most[host] = min(most.get(host, each.settings.max_per_host), each.settings.max_per_host)
        for host, places in most.items():
            self._places.setdefault(host, anyio.CapacityLimiter(places)).total_tokens = places
        for name in [name for name, way in self._ways.items() if way.empty and name[0] not in most]:
            del self._ways[name]
        for host in self._places.keys() - most.keys():
            del self._places[host]
        for gone in self._quotas.keys() - set(map(_credential, config.connections)):
            del self._quotas[gone]

    def quota(self, connection: ConnectionConfig) -> Quota:
        """Return what a connection's host grants its credential."""
        return self._quotas.setdefault(_credential(connection), Quota(self._clock))

    def of(self, connection: ConnectionConfig) -> Way:
        """Return the way that a connection goes."""
        host = connection.host
        auth = connection.auth
        token = urlsplit(auth.token_url).netloc if isinstance(auth, ClientCredentials | Pairing) else ""
        name = (host, urlsplit(connection.base_url).netloc, token, connection.proxy or "")
        if name not in self._ways:
            places = self._places.setdefault(host, anyio.CapacityLimiter(connection.settings.max_per_host))
            self._ways[name] = Way(places, self._clock, self._chance, self._limits)
        return self._ways[name]


def _credential(connection: ConnectionConfig) -> tuple[str, str, str]:
    auth = connection.auth
    if isinstance(auth, Basic):
        return connection.host, "", auth.username
    if isinstance(auth, ConnectedApp):
        return connection.host, auth.audience, auth.client_id
    return connection.host, auth.token_url, auth.client_id
