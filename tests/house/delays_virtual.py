"""Delays from a fault to its notice with the default settings, exactly, on virtual time: see `tests.house.delays`.

Polls, alerts, watch, and the proving of secrets are the daemon's own; tenants and store are fakes in memory.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs

import anyio

from driftd.adapters.x3.answer import Answer, Tally
from driftd.adapters.x3.auth import TokenAuthority
from driftd.adapters.x3.settings import ClientCredentials, Proof
from driftd.config import ConnectionConfig, proof_interval
from driftd.core.alerts.identity import family
from driftd.core.alerts.model import Telling
from driftd.core.drift import Check, SchemaKind
from driftd.core.model import Details, KeyBytes, Op, Page, Query, Resource
from driftd.core.reasons import State
from driftd.core.secret import Secret
from driftd.errors import Reason
from driftd.ports import Source, Traffic
from driftd.runtime.daemon import Instruments, Running
from tests.fakes.virtual import virtual_run
from tests.house.delay import Measured
from tests.runtime.rig import Rig, Slow, Tenant, connection
from tests.runtime.world import key, row

PAGE = 100
FEW, MANY = 60, 250
"""Records: fewer than a page, and more."""
CLASS = "ONE"
PROBE, SWEEP = 5.0, 1440.0
"""Minutes, by default."""
LIFE = 3600
"""Seconds that a token lives."""
WARM, LOOK, REST = 700.0, 30.0, 330.0
"""Seconds before the first fault, between two looks at what is told, and after all are told."""


class Guarded(Slow):
    """A source that asks for a token with each request, as the real one does."""

    def __init__(self, tenant: Tenant, traffic: Traffic, authority: TokenAuthority) -> None:
        super().__init__(tenant, traffic)
        self._authority = authority

    async def page(self, resource: Resource, query: Query) -> Page:
        await self._authority.grant(Tally())
        return await super().page(resource, query)

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        await self._authority.grant(Tally())
        return await super().details(resource, key)


@dataclass
class Clients(Rig):
    """A rig whose tenants give tokens for secrets."""

    secrets: dict[str, str] = field(default_factory=dict)
    """Of tenants that rotated theirs."""

    @asynccontextmanager
    async def open(self, connection: ConnectionConfig, traffic: Traffic) -> AsyncIterator[Source]:
        name = connection.name

        async def post(_url: str, body: bytes, _headers: object, _tally: Tally, _whose: str) -> Answer:
            (given,) = parse_qs(body.decode())["client_secret"]
            if given == self.secrets.get(name, "first"):
                return Answer(200, b'{"access_token":"t","expires_in":%d}' % LIFE, "application/json")
            return Answer(401, b'{"error":"invalid_client"}', "application/json")

        proof = Proof(proof_interval(connection), connection.settings.second_look)
        credentials = ClientCredentials("https://token", "driftd", Secret("first"))
        authority = TokenAuthority(credentials, name, post, self.clock, traffic.renewed, proof)
        yield Guarded(self.tenant(name), traffic, authority)


@dataclass(frozen=True)
class Fault:
    """What happens to tenants of one host, and in how many minutes it must be told."""

    name: str
    required: float
    begin: Callable[[Clients, str], None]
    families: frozenset[str] = frozenset()
    """Of its alert; none: the change log tells it, by a delete."""
    records: int = FEW
    struck: int = 1
    """Connections that it strikes."""
    others: int = 0
    """Connections of the same host that it does not."""


def _rows(rig: Clients, name: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    table = rig.tenants[name].source.tables[CLASS]
    table.rows = change(table.rows)


def _rotated(rig: Clients, name: str) -> None:
    rig.secrets[name] = "second"


def _down(reason: Reason, seconds: float) -> Callable[[Clients, str], None]:
    def begin(rig: Clients, name: str) -> None:
        rig.tenants[name].latency = seconds
        rig.tenants[name].failing(reason)

    return begin


def _removed(rig: Clients, name: str) -> None:
    _rows(rig, name, lambda rows: [{part: each[part] for part in each if part != "NAME"} for each in rows])


def _dearer(rig: Clients, name: str) -> None:
    _rows(rig, name, lambda rows: [each | {"AMOUNT": 10 * each["AMOUNT"]} for each in rows])


def _deleted(rig: Clients, name: str) -> None:
    rig.tenants[name].source.drop(CLASS, [key(30)])


def _filtered(rig: Clients, name: str) -> None:
    _rows(rig, name, lambda rows: rows[::2])


_AUTH, _UNREACHABLE = frozenset({State.AUTH_FAILED}), frozenset({State.UNREACHABLE})
_REMOVED = frozenset({SchemaKind.FIELD_REMOVED_ALWAYS, SchemaKind.FIELD_REMOVED_SOMETIMES})
_SCALE, _MASS = frozenset({Check.SCALE_SHIFT}), frozenset({Check.MASS_DELETE})
SCENES = (
    (
        Fault("secret rotated", 20, _rotated, _AUTH),
        Fault("field removed", 20, _removed, _REMOVED),
        Fault("field removed, many records", 20, _removed, _REMOVED, MANY),
        Fault("tenfold prices", PROBE + 5, _dearer, _SCALE),
        Fault("tenfold prices, many records", PROBE + 5, _dearer, _SCALE, MANY),
        Fault("mass delete, held", PROBE + 5, _filtered, _MASS),
        Fault("delete, swept every 5 min", PROBE + 5, _deleted),
    ),
    (Fault("host down: refuses", 15, _down(Reason.CONNECTION_REFUSED, 0.01), _UNREACHABLE),),
    (Fault("host down: no connection", 15, _down(Reason.CONNECT_TIMEOUT, 10.0), _UNREACHABLE),),
    (Fault("host down: no answer", 15, _down(Reason.TIMEOUT, 120.0), _UNREACHABLE),),
    (Fault("host of 8 down: refuses", 15, _down(Reason.CONNECTION_REFUSED, 0.01), _UNREACHABLE, struck=8),),
    (Fault("host of 8 down: no answer", 15, _down(Reason.TIMEOUT, 120.0), _UNREACHABLE, struck=8),),
    (Fault("secrets rotated, 2 of 8 of a host", 20, _rotated, _AUTH, struck=2, others=6),),
    (Fault("field removed, 2 of 8 of a host", 20, _removed, _REMOVED, struck=2, others=6),),
    (Fault("tenfold prices, 2 of 8 of a host", PROBE + 5, _dearer, _SCALE, struck=2, others=6),),
)
"""Faults that happen together; each at a host of its own. What strikes half of all hosts alike would be one alert."""
DAILY = Fault("delete, swept every 24 h", SWEEP + 5, _deleted, records=MANY)


def measured(moments: int, seed: int = 1) -> list[Measured]:
    """Return the delays of every fault at so many random moments each."""
    found = []
    for number, faults in enumerate(SCENES):
        several = [Measured(each.name, each.required) for each in faults]
        for moment in range(moments):
            told = Scene(faults, f"{seed}-{number}-{moment}").run(PROBE * 60)
            for each, minutes in zip(several, told.minutes, strict=True):
                each.minutes.append(minutes)
            several[0].false += told.false
        found += several
    return found


def measured_daily(moments: int, seed: int = 1) -> Measured:
    """Return the delays of a delete from a resource that is swept every 24 hours."""
    told = Scene([DAILY] * moments, f"{seed}-daily").run(SWEEP * 60)
    return Measured(DAILY.name, DAILY.required, told.minutes, told.false)


@dataclass
class Told:
    """What was told, of one scene."""

    minutes: list[float | None] = field(default_factory=list)
    """From each fault until it was told of each connection that it strikes, or of their host."""
    false: list[str] = field(default_factory=list)
    """What no fault accounts for."""


class Scene:
    """Some faults, each at a host of its own, at random moments."""

    def __init__(self, faults: Sequence[Fault], seed: str) -> None:
        self._faults = {f"f{number}-{seed}": each for number, each in enumerate(faults)}
        self._chance = Random(seed)
        self._begun: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._false: list[str] = []
        self._seq = 0

    def run(self, window: float) -> Told:
        """Have the faults happen within so many seconds, and wait for what is told, twice as long as it may take."""
        rig = Clients(
            [
                connection(name, host=host, classes=(CLASS,), page_size=PAGE)
                for host, fault in self._faults.items()
                for name in _names(host, fault.struck + fault.others)
            ]
        )
        for host, fault in self._faults.items():
            for name in _names(host, fault.struck + fault.others):
                rig.tenants[name].source.put(CLASS, [row(number) for number in range(1, fault.records + 1)])
        virtual_run(self._played, rig, window)
        return Told([self._minutes(each) for each in self._faults], self._false)

    async def _played(self, rig: Clients, window: float) -> None:
        running = Running(rig.config, rig.world, await rig.logbook.recall(), rig.log, _INSTRUMENTS)
        async with anyio.create_task_group() as group:
            group.start_soon(running.run)
            for host in self._faults:
                group.start_soon(self._struck, rig, host, WARM + self._chance.uniform(0, window))
            longest = 60 * max(each.required for each in self._faults.values())
            with anyio.move_on_after(WARM + window + 2 * longest):
                while any(self._minutes(host) is None for host in self._faults):
                    await anyio.sleep(LOOK)
                    await self._listen(rig)
            await anyio.sleep(REST)
            await self._listen(rig)
            group.cancel_scope.cancel()

    async def _struck(self, rig: Clients, host: str, after: float) -> None:
        await anyio.sleep(after)
        self._begun[host] = rig.clock.now()
        for name in _names(host, self._faults[host].struck):
            self._faults[host].begin(rig, name)

    async def _listen(self, rig: Clients) -> None:
        for told in await rig.store.casebook.notices(self._seq, 1_000):
            self._seq, drift = told.seq, told.notice.alert.drift
            place = drift.connection or told.notice.alert.scope_id.removesuffix(".example")
            host = place.partition(".")[0]
            fault = self._faults.get(host)
            if fault and told.notice.telling is Telling.FIRING and family(drift.kind, drift.finding) in fault.families:
                for name in [place] if drift.connection else _names(host, fault.struck):
                    self._first.setdefault(name, told.notice.at)
            else:
                self._false.append(f"{place} {told.notice.telling} {drift.finding}")
        for name, at in _deletes(rig):
            if not self._faults[name.partition(".")[0]].families:
                self._first.setdefault(name, at)

    def _minutes(self, host: str) -> float | None:
        found = [self._first.get(name) for name in _names(host, self._faults[host].struck)]
        told = [each for each in found if each is not None]
        return (max(told) - self._begun[host]) / 60_000 if len(told) == len(found) else None


def _names(host: str, connections: int) -> list[str]:
    return [f"{host}.{number}" for number in range(connections)]


def _deletes(rig: Clients) -> Iterator[tuple[str, int]]:
    """Give each delete that was told: where, and when, epoch ms."""
    for each in rig.store.log:
        if each.op is Op.DELETE:
            event: Mapping[str, Any] = json.loads(each.envelope)
            yield each.connection, event["ts_ms"]


async def _never() -> Any:
    raise AssertionError("nothing is reloaded")


_INSTRUMENTS = Instruments(_never, dict, lambda: None, "test")
