"""Incidents at many tenants while the daemon is killed and started again, on virtual time.

    python -m tests.runtime.incidents [--incidents 100] [--restarts 40] [--seed 1]

Each tenant has one incident, of seven kinds in turn, which lasts an hour. The daemon is cut off at random moments, in
the middle of whatever it does, and begins anew from what is stored. Whatever the moments: each incident is told once as
it begins and once as it ends, nothing else is told, and nothing flaps. The exit code is 1 where that does not hold.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import anyio

from driftd.core.alerts.model import Telling
from driftd.core.breaker import Limits
from driftd.core.drift import Check, SchemaKind
from driftd.errors import Reason
from driftd.runtime.alarms import Alarms
from driftd.runtime.book import Book
from driftd.runtime.daemon import Instruments, Running
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import Posts
from driftd.runtime.ways import Ways
from tests.fakes.log import Told
from tests.fakes.virtual import virtual_run
from tests.runtime.rig import Rig, Tenant, connection
from tests.runtime.world import row

RECORDS = 60
LASTS = 3_600.0
"""Seconds of an incident."""
HOLD = 3 * 3_600.0
"""Seconds that the story goes on after the last one: alerts have a hold of two hours."""
CLASS = "ONE"


class Kind(NamedTuple):
    """A kind of incident: how it begins, and what it must be found as."""

    name: str
    begin: Callable[[Tenant], None]
    finding: str


def _rows(tenant: Tenant) -> list[dict[str, Any]]:
    return tenant.source.tables[CLASS].rows


def _renamed(tenant: Tenant) -> None:
    tenant.source.tables[CLASS].rows = [
        {("LABEL" if name == "NAME" else name): value for name, value in each.items()} for each in _rows(tenant)
    ]


def _in_cents(tenant: Tenant) -> None:
    tenant.source.tables[CLASS].rows = [each | {"AMOUNT": each["AMOUNT"] * 100} for each in _rows(tenant)]


def _wrapped(tenant: Tenant) -> None:
    tenant.source.tables[CLASS].rows = [each | {"NAME": {"code": each["NAME"]}} for each in _rows(tenant)]


def _filtered(tenant: Tenant) -> None:
    tenant.source.tables[CLASS].rows = _rows(tenant)[:20]


def _emptied(tenant: Tenant) -> None:
    tenant.source.tables[CLASS].rows = []


KINDS = (
    Kind("a field renamed", _renamed, SchemaKind.FIELD_RENAMED),
    Kind("prices in cents", _in_cents, Check.SCALE_SHIFT),
    Kind("secret refused", lambda tenant: tenant.failing(Reason.OAUTH_INVALID_CLIENT), Reason.OAUTH_INVALID_CLIENT),
    Kind("a role filtered", _filtered, Check.MASS_DELETE),
    Kind("host down", lambda tenant: tenant.failing(Reason.CONNECTION_REFUSED), Reason.CONNECTION_REFUSED),
    Kind("a scalar became an object", _wrapped, SchemaKind.TYPE_CHANGED),
    Kind("no answer but empty ones", _emptied, Check.EMPTY_ANSWER),
)


@dataclass
class Story:
    """What is asked for, and what came of it."""

    incidents: int
    restarts: int
    seed: int = 1
    told: Counter[tuple[str, str, Telling]] = field(default_factory=Counter)
    """Notices, by connection, finding and what they say."""
    open: list[str] = field(default_factory=list)
    """Alerts that are open at the end."""

    def wrong(self) -> list[str]:
        """Return what was lost, invented, repeated or flapping."""
        expected = Counter(
            (name, kind.finding, telling)
            for name, kind in self.plan()
            for telling in (Telling.FIRING, Telling.RESOLVED)
        )
        lost = [f"lost: {' '.join(each)}" for each in (expected - self.told).elements()]
        more = [f"more than once, or invented: {' '.join(each)}" for each in (self.told - expected).elements()]
        return [*lost, *more, *(f"still open: {each}" for each in self.open)]

    def plan(self) -> list[tuple[str, Kind]]:
        """Return the kind of incident of each tenant."""
        return [(f"c{number:03}", KINDS[number % len(KINDS)]) for number in range(self.incidents)]

    def run(self) -> None:
        """Play it."""
        # one resource of one page each; a host each, so that no trouble is a common one
        names = [name for name, _ in self.plan()] + [f"quiet{number}" for number in range(3)]
        rig = Rig([connection(name, classes=(CLASS,), page_size=200, second_look=30.0) for name in names])
        for tenant in rig.tenants.values():
            tenant.source.put(CLASS, [row(number) for number in range(1, RECORDS + 1)])
        virtual_run(self._played, rig)

    async def _played(self, rig: Rig) -> None:
        chance = Random(self.seed)
        starts = {name: chance.uniform(1_200, 600 + 240 * self.incidents) for name, _ in self.plan()}
        end = max(starts.values()) + LASTS + HOLD
        cuts = [*sorted(chance.uniform(300, end - 900) for _ in range(self.restarts)), end]
        async with anyio.create_task_group() as group:
            for name, kind in self.plan():
                group.start_soon(self._incident, rig.tenants[name], kind, starts[name])
            for cut in cuts:
                await self._life(rig, cut - anyio.current_time())
        for told in await rig.store.casebook.notices(0, 1_000_000):
            alert = told.notice.alert
            self.told[alert.drift.connection or alert.scope_id, alert.drift.finding, told.notice.telling] += 1
        self.open = [f"{each.scope_id} {each.drift.finding}" for each in await rig.store.casebook.alerts()]

    async def _incident(self, tenant: Tenant, kind: Kind, at: float) -> None:
        await anyio.sleep(at)
        before = [dict(each) for each in _rows(tenant)]
        kind.begin(tenant)
        await anyio.sleep(LASTS)
        tenant.well()
        tenant.source.tables[CLASS].rows = before

    async def _life(self, rig: Rig, seconds: float) -> None:
        """Run a daemon from what is stored, and cut it off: nothing is ended in order."""
        chance = Random(7)
        log = Told(rig.told)
        alarms = Alarms(log)
        await alarms.load(rig.store.casebook, rig.clock.now())
        gauges = Gauges(rig.clock.monotonic)
        world = rig.world
        world.book = Book(rig.logbook, rig.clock, log)
        world.gauges = gauges
        world.posts = Posts(Ways(rig.clock, chance.random, Limits()), 64, gauges, rig.clock, log, alarms)
        world.detector = Detector(rig.store.casebook, rig.store, alarms)
        running = Running(rig.config, world, await rig.logbook.recall(), log, _INSTRUMENTS)
        with anyio.move_on_after(seconds):
            await running.run()


async def _never() -> Any:
    raise AssertionError("nothing is reloaded")


_INSTRUMENTS = Instruments(_never, dict, lambda: None, "test")


def main() -> int:
    """Play a story and tell of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=100)
    parser.add_argument("--restarts", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    story = Story(given.incidents, given.restarts, given.seed)
    story.run()
    wrong = story.wrong()
    told = sum(story.told.values())
    print(f"{given.incidents} incidents, {given.restarts} restarts: {told} notices, {len(wrong)} wrong")
    print(f"{time.monotonic() - began:.0f} s")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
