"""Alerts from outside the daemon, and decisions where none runs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from driftd.adapters.clock import SystemClock
from driftd.app.opening import reading, writing
from driftd.config import Config
from driftd.core.alerts.model import Alert
from driftd.core.alerts.search import find, gravest_first
from driftd.core.decision import Decided, Decision
from driftd.core.drift import Check, SchemaKind
from driftd.errors import EmptyStoreError
from driftd.runtime.alarms import Alarms
from driftd.runtime.decisions import Decisions, Site
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet

DAY: Final = 86_400_000
_OF_DRIFT: Final = frozenset((*map(str, SchemaKind), *map(str, Check)))


async def alerts(config: Config, now: int, every: bool = False) -> Sequence[Alert]:  # noqa: FBT001, FBT002 - for `run`
    """Return the open alerts, the gravest first; with `every` also those that ended within a day of `now` (epoch ms).

    Raises `StoreError` where the store cannot be used.
    """
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            found = await store.casebook.alerts(resolved_since=now - DAY if every else None)
            return gravest_first(each for each in found if each.open or not each.dropped)
    return ()


async def alert(config: Config, id_: str) -> Alert:
    """Return one alert, however old, by its id or the beginning of it.

    Raises `DecisionError` where there is none, or several, and `StoreError` where the store cannot be used.
    """
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            whole = await store.casebook.alert(id_)
            return whole or find(id_, await store.casebook.alerts(resolved_since=0))
    return find(id_, ())


async def decide(config: Config, decision: Decision) -> Decided:
    """Carry a decision out where no daemon runs.

    Raises `DecisionError` where it does not fit, `LockedError` where a daemon owns the data directory after all.
    """
    clock, alarms = SystemClock(), Alarms(Quiet())
    async with writing(config) as store:
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


def is_drift(alert: Alert) -> bool:
    """Tell whether an alert is of something that departs, rather than of data that do not come."""
    return alert.drift.finding in _OF_DRIFT
