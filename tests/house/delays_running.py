"""Delays from a fault to its notice at a running daemon, over real HTTP: see `tests.house.delays`.

The default settings are divided by a scale, and what was measured is multiplied by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.app import daemon
from driftd.cli.simulated import Setting
from driftd.config import Config, ConnectionConfig, Settings
from driftd.core.alerts.identity import family
from driftd.core.alerts.model import Alert, Telling
from driftd.core.alerts.terms import TERMS
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.drift import Check, SchemaKind
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.runtime.watch import TICK
from driftd.simulator import Farm, Patch
from tests.house.alerting import Struck, down, filtered, living, patched, rotated, served, until, well, written
from tests.house.delay import Measured

DEFAULT = Settings()
PROBE = DEFAULT.probe / 60
"""Minutes."""
SWEEP = 60.0
"""Minutes between sweeps of resources of more than a page: a day, as by default, would take too long."""
LIFE = 3600.0
"""Seconds that a token lives."""
RECORDS = {"BPCUSTOMER": 560, "ITMMASTER": 60, "SORDER": 60}
"""One class has more than a page of them."""
IDLE = 3
"""Tenants without a fault, each time that all happen: what strikes a tenth of all, or half of those that have a class,
may be a common trouble."""


@dataclass(frozen=True)
class Fault:
    """What happens to a tenant, and in how many minutes it must be told."""

    name: str
    required: float
    strike: Callable[[Struck], object]
    families: frozenset[str] = frozenset()
    """Of its alert; none: the change log tells it, by a delete."""
    alone: bool = False
    """Whether its host is its own."""
    polled: str = "ITMMASTER"
    """The class that is polled of the tenant: no others, so that a busy machine can go so fast. Of tenants without a
    fault all are."""


def _order_deleted(struck: Struck) -> None:
    tenant = struck.tenant
    tenant.remove("SORDER", next(iter(tenant.records("SORDER"))))


def _customer_deleted(struck: Struck) -> None:
    """Delete a customer that no order names."""
    tenant = struck.tenant
    named = {each["BPCORD"] for each in tenant.records("SORDER").values()}
    tenant.remove("BPCUSTOMER", next(key for key in tenant.records("BPCUSTOMER") if key[0] not in named))


_REMOVED = frozenset({SchemaKind.FIELD_REMOVED_ALWAYS, SchemaKind.FIELD_REMOVED_SOMETIMES})
FAULTS = (
    Fault("secret rotated", 20, rotated, frozenset({State.AUTH_FAILED})),
    Fault("host down", 15, down, frozenset({State.UNREACHABLE}), alone=True),
    Fault("used field removed", 20, partial(patched, Patch("SORDER", "remove", "ORDDAT")), _REMOVED, polled="SORDER"),
    Fault(
        "field removed, many records",
        20,
        partial(patched, Patch("BPCUSTOMER", "remove", "BPCNAM")),
        _REMOVED,
        polled="BPCUSTOMER",
    ),
    Fault(
        "tenfold prices",
        PROBE + 5,
        partial(patched, Patch("ITMMASTER", "multiply", "BASPRI", to=10)),
        frozenset({Check.SCALE_SHIFT}),
    ),
    Fault("mass delete, held", PROBE + 5, partial(filtered, "ITMMASTER"), frozenset({Check.MASS_DELETE})),
    Fault("delete, swept every 5 min", PROBE + 5, _order_deleted, polled="SORDER"),
    Fault("delete, swept every 60 min", SWEEP + 5, _customer_deleted, polled="BPCUSTOMER"),
)


@dataclass
class Watched:
    """What has happened, and what was told of it; epoch ms, by tenant."""

    faults: Mapping[str, Fault]
    begun: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    false: list[str] = field(default_factory=list)
    notices: int = 0
    changes: int = 0

    def accounts(self, alert: Alert) -> bool:
        """Tell whether a fault accounts for an alert."""
        drift = alert.drift
        fault = self.faults.get(drift.connection)
        return fault is not None and family(drift.kind, drift.finding) in fault.families

    async def listen(self, alive: daemon.Alive, now: Callable[[], int]) -> None:
        """Take in what is told, for ever."""
        while True:
            for notice in await alive.store.casebook.notices(self.notices, 1_000):
                self.notices, alert = notice.seq, notice.notice.alert
                if notice.notice.telling is Telling.FIRING and self.accounts(alert):
                    self.told.setdefault(alert.drift.connection, now())
                else:
                    said = f"{alert.scope_id} {alert.drift.resource} {alert.drift.finding} {notice.notice.telling}"
                    self.false.append(said)
            for change in await alive.store.read_changes(self.changes, 1_000):
                self.changes = change.seq
                fault = self.faults.get(change.connection)
                if change.op is Op.DELETE and fault is not None and not fault.families:
                    self.told.setdefault(change.connection, now())
            await anyio.sleep(0.05)

    @property
    def over(self) -> bool:
        """Whether everything that happened was told."""
        return self.told.keys() == self.faults.keys()


def tempo(scale: float) -> daemon.Tempo:
    """Return what no configuration sets, so many times as fast."""
    terms, pacing, limits = TERMS, Pacing(), Limits()
    return daemon.Tempo(
        replace(
            terms,
            span=terms.span / scale,
            hold=terms.hold / scale,
            reopen=terms.reopen / scale,
            stable=terms.stable / scale,
        ),
        Pacing(pacing.first / scale, pacing.slow / scale, pacing.slowest / scale),
        Limits(limits.opens_after, limits.first / scale, limits.longest / scale),
        TICK / scale,
    )


async def measured(times: int, scale: float, seed: int, folder: Path) -> list[Measured]:
    """Have each fault happen so many times at random moments within an hour; return the delays."""
    farm = Farm.build(times * (len(FAULTS) + IDLE), RECORDS, seed=seed)
    names = [*farm]
    watched = Watched({name: FAULTS[number % len(FAULTS)] for number, name in enumerate(names[: times * len(FAULTS)])})
    for tenant in farm.values():
        tenant.switches.token_life = LIFE / scale
    hosts = {name: f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number, name in enumerate(names)}
    alone = {name: hosts[name] for name, fault in watched.faults.items() if fault.alone}
    with served(farm, alone, "0.0.0.0") as struck:
        urls = {name: f"http://{hosts[name]}:{urlsplit(each.server.url).port}" for name, each in struck.items()}
        config = _polling(written(struck, folder, _settings(scale), urls), watched.faults)
        async with living(config, tempo(scale), folder) as alive, anyio.create_task_group() as group:
            await until(lambda: well(alive), "all are well", 600.0)
            await _happened(alive, watched, struck, (Random(seed), scale))
            group.cancel_scope.cancel()
    found = []
    for fault in FAULTS:
        own = [name for name, each in watched.faults.items() if each is fault]
        minutes = [
            (watched.told[name] - watched.begun[name]) / 60_000 * scale if name in watched.told else None
            for name in own
        ]
        found.append(Measured(fault.name, fault.required, [*minutes]))
    found[0].false += watched.false
    return found


def _settings(scale: float) -> dict[str, Setting]:
    """Return what is set; details are few, as sixty times as many a second are more than a machine bears."""
    durations = {
        "probe": DEFAULT.probe,
        "delta": DEFAULT.delta,
        "sweep": SWEEP * 60,
        "second_look": DEFAULT.second_look,
    }
    often = {name: f"{seconds / scale:.3f}s" for name, seconds in durations.items()}
    return {**often, "details_per_hour": round(DEFAULT.details_per_hour * scale)}


def _polling(config: Config, faults: Mapping[str, Fault]) -> Config:
    """Return a configuration without the classes that are not polled."""

    def kept(one: ConnectionConfig) -> ConnectionConfig:
        fault = faults.get(one.name)
        return replace(
            one, classes=tuple(each for each in one.classes if fault is None or each.resource.name == fault.polled)
        )

    return replace(config, connections=tuple(map(kept, config.connections)))


async def _happened(
    alive: daemon.Alive, watched: Watched, struck: Mapping[str, Struck], course: tuple[Random, float]
) -> None:
    """Have everything happen, and wait until it is told, and one poll longer for what should not be."""
    clock, (chance, scale) = SystemClock(), course

    async def happen(name: str, after: float) -> None:
        await anyio.sleep(after)
        watched.begun[name] = clock.now()
        await to_thread.run_sync(watched.faults[name].strike, struck[name])

    async with anyio.create_task_group() as group:
        group.start_soon(watched.listen, alive, clock.now)
        for name in watched.faults:
            group.start_soon(happen, name, chance.uniform(0, SWEEP * 60 / scale))
        with anyio.move_on_after(3 * SWEEP * 60 / scale):
            await until(lambda: watched.over, "all is told", 3600.0)
        await anyio.sleep(DEFAULT.probe / scale)
        group.cancel_scope.cancel()
