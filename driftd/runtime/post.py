"""What is kept of one connection while pollers of it come and go."""

import anyio
from msgspec import Struct

from driftd.config import Config, ConnectionConfig
from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, ResourceHealth
from driftd.ports import Clock, Log, Remembered
from driftd.runtime.alarms import Alarms
from driftd.runtime.chart import Chart
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.view import Known, budget_of
from driftd.runtime.way import Way
from driftd.runtime.ways import Ways


class Post(Struct):
    """Where a poller stands."""

    connection: ConnectionConfig
    host: str
    chart: Chart
    way: Way
    traffic: ConnectionTraffic
    log: Log


class Posts:
    """Makes posts, which share the ways to hosts and the places for requests."""

    def __init__(self, ways: Ways, places: int, gauges: Gauges, clock: Clock, log: Log, alarms: Alarms) -> None:
        self._ways = ways
        self._everywhere = anyio.CapacityLimiter(places)
        self._gauges = gauges
        self._clock = clock
        self._log = log
        self._alarms = alarms

    def allot(self, config: Config) -> None:
        """Take the limits of a configuration."""
        self._everywhere.total_tokens = config.daemon.max_concurrency
        self._ways.allot(config)

    def make(self, connection: ConnectionConfig, known: Known) -> Post:
        """Return the post of a connection of which so much is known."""
        way = self._ways.of(connection)
        purse = Purse(connection.name, budget_of(connection), known.usage, self._clock)
        own = connection.settings.max_concurrency
        traffic = ConnectionTraffic(own, way, self._everywhere, purse, self._gauges, self._ways.quota(connection))
        host = connection.host
        chart = Chart(connection, host, known, traffic, self._clock, self._alarms)
        return Post(connection, host, chart, way, traffic, self._log.bind(connection=connection.name))


NOTHING_KNOWN = Known(ConnectionHealth(), Usage(), {})


def by_connection(remembered: Remembered) -> dict[str, Known]:
    """Return what is remembered, apart for each connection."""
    resources: dict[str, dict[str, ResourceHealth]] = {}
    for (connection, name), health in remembered.resources.items():
        resources.setdefault(connection, {})[name] = health
    names = remembered.connections.keys() | resources.keys() | remembered.usage.keys()
    return {
        name: Known(
            remembered.connections.get(name, ConnectionHealth()),
            remembered.usage.get(name, Usage()),
            resources.get(name, {}),
        )
        for name in names
    }
