"""A daemon prunes its log by itself once a tenant has confirmed its clock."""

from pathlib import Path

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.app.daemon import Tempo
from driftd.core.retention import DAY, Extent, Pruned
from driftd.runtime import pruning
from driftd.simulator import Farm
from tests.contracts.staged import created, poll
from tests.house.alerting import living, served, until, written


async def test_what_is_old_goes_once_a_tenant_has_said_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the `Date` of its answers: without it nothing goes yet, though this machine's clock says that it is old."""
    monkeypatch.setattr(pruning, "SOON", 0.05)
    clock = SystemClock()
    async with SqliteStore.open(tmp_path / "data", clock_now=lambda: clock.now() - 91 * DAY) as store:
        await poll(store, created("a"), created("b"))
    farm = Farm.build(1, 3)
    with served(farm, {}) as struck:
        config = written(struck, tmp_path, {"delta": "1h", "probe": "1h"})
        async with living(config, Tempo(), tmp_path) as alive:
            await until(lambda: 'msg="log pruned" events=2' in (tmp_path / "driftd.log").read_text(), "it is pruned")
            (shown,) = alive.running.others()
            assert abs(shown - clock.now()) < 60_000
            assert await alive.store.changelog.extent() == Extent(3, 3, 2, 0)


async def test_nothing_goes_while_no_tenant_says_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host is down, and the daemon has just been started."""
    looks: list[int] = []

    async def looked(self: pruning.Pruning, now: int) -> Pruned:
        looks.append(now)
        return await prune(self, now)

    prune = pruning.Pruning.prune
    monkeypatch.setattr(pruning, "SOON", 0.05)
    monkeypatch.setattr(pruning.Pruning, "prune", looked)
    clock = SystemClock()
    async with SqliteStore.open(tmp_path / "data", clock_now=lambda: clock.now() - 91 * DAY) as store:
        await poll(store, created("a"))
    with served(Farm.build(1, 3), {}) as struck:
        config = written(struck, tmp_path, {})
        for each in struck.values():
            each.server.down()
        async with living(config, Tempo(), tmp_path) as alive:
            await until(lambda: len(looks) > 2, "it was looked three times")
            assert set(looks) == {0}
            assert (await alive.store.changelog.extent()).first == 1
