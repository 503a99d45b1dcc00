"""What can be seen of all connections from outside the daemon: by the stored logbook, whether a daemon runs or not."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.lock import Holder
from driftd.app.opening import recalling, running
from driftd.config import Config, ConnectionConfig
from driftd.core.budget import Usage
from driftd.core.card import BEFORE, Card, card
from driftd.core.drift import Scope
from driftd.core.health import ConnectionHealth, Flip
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, Reached, ResourceStatus, Status, located
from driftd.core.words import Language
from driftd.ports import Hour, Polled, Remembered
from driftd.runtime.alarms import Alarms
from driftd.runtime.quiet import Quiet
from driftd.runtime.view import Known, Present, connection_status

_DAY: Final = 86_400_000
_OF_THE_DAEMON: Final = frozenset({State.STALLED, State.RETRYING})
"""States that rest on what only the daemon knows: what is due, and what gets on."""


async def view(config: Config, now: int) -> Status:
    """Return the status of every connection at `now` (epoch ms). Raises `StoreError` where the store cannot be used."""
    async with recalling(config) as store:
        return await _status(config, store, now)


async def explain(config: Config, connection: str, now: int, language: Language) -> Card:
    """Return the support card of one connection at `now` (epoch ms). Raises as `view` does."""
    async with recalling(config) as store:
        status = await _status(config, store, now)
        flips = await store.logbook.flips(connection, now - BEFORE * _DAY) if store else 0
    (found,) = (each for each in status.connections if each.name == connection)
    reached = located(status.connections).get(connection, Reached(Scope.TENANT))
    return card(found, reached, flips, now, language)


async def history(
    config: Config, connection: str, *, since: int, until: int, limit: int, failures: bool = False
) -> Sequence[Flip | Polled | Hour]:
    """Return what happened to a connection, as `Logbook.history` does; nothing where nothing was ever stored."""
    async with recalling(config) as store:
        if store is None:
            return ()
        return await store.logbook.history(connection, since=since, until=until, limit=limit, failures=failures)


async def _status(config: Config, store: SqliteStore | None, now: int) -> Status:
    remembered, alarms, rebased = Remembered(), Alarms(Quiet()), None
    if store is not None:
        remembered, rebased = await store.logbook.recall(), await store.rebased()
        await alarms.load(store.casebook, now)
    look = _Look(remembered, alarms, running(config), now)
    named = sorted(config.connections, key=lambda each: each.name)
    return Status(now, tuple(_connection(each, look) for each in named), groups=alarms.groups, rebased=rebased)


class _Look(NamedTuple):
    """What is known of all connections."""

    remembered: Remembered
    alarms: Alarms
    daemon: Holder | None
    now: int


def _connection(connection: ConnectionConfig, look: _Look) -> ConnectionStatus:
    remembered, alarms, daemon, now = look
    name = connection.name
    known = Known(
        alarms.asides.applied(name, remembered.connections.get(name, ConnectionHealth())),
        remembered.usage.get(name, Usage()),
        {
            each.name: remembered.resources[name, each.name]
            for each in connection.resources
            if (name, each.name) in remembered.resources
        },
        alarms.of(name),
        alarmed=alarms.alarmed(name),
    )
    present = Present(started=daemon.since if daemon else None)
    found = connection_status(connection, connection.host, known, present, now)
    if found.state is not known.health.state:
        found = replace(found, since=_begun(found))
    return _as_the_daemon_has_it(found) if daemon else found


def _begun(status: ConnectionStatus) -> int:
    """Return when a state began that nobody has written down: with its trouble, or after the latest poll."""
    if status.trouble:
        return status.trouble.since
    return max((each.health.last_poll or 0 for each in status.resources), default=0) or status.since


def _as_the_daemon_has_it(status: ConnectionStatus) -> ConnectionStatus:
    """Add what only the daemon knows, as far as it is written down or follows from that."""
    health = status.health
    late = health.state in _OF_THE_DAEMON and status.state is State.OK
    known = replace(status, resources=tuple(_next(each, status) for each in status.resources))
    return replace(known, state=health.state, since=health.since) if late else known


def _next(resource: ResourceStatus, status: ConnectionStatus) -> ResourceStatus:
    """Say when a resource is polled next; how long a failing one is held back is not written down."""
    latest = resource.health.last_poll
    if latest is None or resource.health.trouble or status.health.outage or status.state is State.PAUSED:
        return resource
    return replace(resource, next_poll=latest + round(resource.interval * 1000))
