"""Alerts from outside the daemon, and decisions where none runs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.app.opening import amending, reading
from driftd.config import Config
from driftd.core.alerts.model import Alert, Deed
from driftd.core.alerts.search import find, gravest_first
from driftd.core.casefile import Case
from driftd.core.decision import Action, Decided, Decision, holds_deletes, shape
from driftd.core.schema.model import SchemaVersion
from driftd.errors import EmptyStoreError
from driftd.ports import Casebook
from driftd.runtime.alarms import Alarms
from driftd.runtime.decisions import Decisions, sought
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet
from driftd.runtime.settling import Site, counted

DAY: Final = 86_400_000
DEEDS: Final = 200
"""Deeds of a connection, the newest, that are looked through for those about an alert."""


async def alerts(config: Config, now: int, every: bool = False) -> Sequence[Alert]:  # noqa: FBT001, FBT002 - for `run`
    """Return the open alerts, the gravest first; with `every` also those that ended within a day of `now` (epoch ms).

    Raises `StoreError` where the store cannot be used.
    """
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await listed(store.casebook, now - DAY if every else None)
    return ()


async def listed(casebook: Casebook, since: int | None) -> Sequence[Alert]:
    """Return the open alerts, the gravest first; with `since` (epoch ms) also those that fired and ended after it."""
    found = await casebook.alerts(resolved_since=since)
    return gravest_first(each for each in found if each.open or not each.dropped)


async def case(config: Config, id_: str) -> Case:
    """Return one alert, however old, by its id or the beginning of it, with what bears on it.

    Raises `DecisionError` where there is none, or several, and `StoreError` where the store cannot be used.
    """
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await opened(store, sites(config), id_)
    find(id_, ())
    raise AssertionError  # pragma: no cover - nothing is found in nothing


async def opened(store: SqliteStore, places: Mapping[tuple[str, str], Site], id_: str) -> Case:
    """Return a case out of an open store; `places` are where resources are polled."""
    alert = await sought(store.casebook, id_)
    connection, resource = alert.drift.connection, alert.drift.resource or ""
    site, held, hashed = places.get((connection, resource)), 0, ""
    if site is not None and alert.open and holds_deletes(alert):
        held, hashed = await counted(store, site.resource, alert)
    return Case(
        alert,
        await store.casebook.versions(connection, resource) if shape(alert) else (),
        [each for each in await store.casebook.deeds(connection, DEEDS) if _about(each, alert)],
        held,
        hashed,
    )


async def versions(config: Config, connection: str, resource: str) -> Sequence[SchemaVersion]:
    """Return the versions of a resource's schema; raises `StoreError` where the store cannot be used."""
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await store.casebook.versions(connection, resource)
    return ()


def _about(deed: Deed, alert: Alert) -> bool:
    settled = deed.action in {Action.RELEASE, Action.KEEP} and deed.resource == alert.drift.resource
    return deed.subject == alert.id or (settled and holds_deletes(alert))


async def decide(config: Config, decision: Decision) -> Decided:
    """Carry a decision out where no daemon runs.

    Raises `DecisionError` where it does not fit, `LockedError` where a daemon owns the data directory after all.
    """
    clock, alarms = SystemClock(), Alarms(Quiet())
    async with amending(config) as store:
        await alarms.load(store.casebook, clock.now())
        detector = Detector(store.casebook, store, alarms)
        return await Decisions(detector, store, clock, lambda: sites(config)).decide(decision)


def sites(config: Config) -> Mapping[tuple[str, str], Site]:
    """Return where each resource is polled, by connection and resource."""
    return {
        (each.name, resource.name): Site(resource, each.host, each.folder)
        for each in config.connections
        for resource in each.resources
    }
