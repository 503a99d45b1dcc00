"""A real Prometheus sees what a daemon finds at its tenants."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest
from anyio import to_thread

from driftd.app.daemon import Alive
from driftd.core.drift import DriftKind
from driftd.simulator import Farm
from tests.faces.test_prometheus import JOB, Prometheus, configured
from tests.house.alerting import (
    INCIDENTS,
    RECORDS,
    SETTINGS,
    TEMPO,
    Incident,
    Struck,
    down,
    living,
    served,
    until,
    well,
    written,
)

CONFIG = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n"
PATIENCE = 120.0
"""Seconds that anything may take on a machine that is busy otherwise."""
Series: TypeAlias = list[dict[str, Any]]


async def becomes(server: Prometheus, query: str, holds: Callable[[Series], bool]) -> Series:
    """Ask Prometheus until its answer is as it should be."""
    found: Series = []
    with anyio.move_on_after(PATIENCE):
        while True:
            found = await server.ask(query)
            if holds(found):
                return found
            await anyio.sleep(0.1)
    raise AssertionError(f"{query}: {found}")


async def seen(alive: Alive, server: Prometheus, incident: Incident, struck: Struck) -> None:
    """Have an incident happen and end, and Prometheus see both."""
    name = struck.tenant.name
    where = f'connection="{name}",resource="{incident.resource}",kind="{incident.kind}"'
    await until(lambda: well(alive, [name]), f"{name} is well")
    undo = await to_thread.run_sync(incident.strike, struck)
    await becomes(server, f"driftd_alerts_firing{{{where}}} > 0", lambda found: len(found) == 1)
    infos = await becomes(server, f"driftd_alert_info{{{where}}}", lambda found: len(found) > 0)
    await shown(alive, incident, [each["metric"] for each in infos])
    await to_thread.run_sync(undo)
    await becomes(server, f"driftd_alerts_firing{{{where}}} > 0", lambda found: not found)
    await becomes(server, f"driftd_alert_info{{{where}}}", lambda found: not found)


async def shown(alive: Alive, incident: Incident, infos: Sequence[dict[str, str]]) -> None:
    """Assert that what is told of an alert is what the daemon knows of it, by its id."""
    found = set()
    for info in infos:
        assert re.fullmatch("[0-9a-f]{16}", info["alert"])
        alert = await alive.store.casebook.alert(info["alert"])
        assert alert is not None
        assert (info["kind"], info["severity"]) == (alert.drift.kind, alert.drift.severity)
        found.add((alert.drift.finding, info.get("field", "")))
    assert found & {(finding, incident.field) for finding in incident.findings}, found


async def prometheus_sees(incidents: Sequence[Incident], folder: Path) -> None:
    """Have each incident happen at a tenant of its own, all at once."""
    farm = Farm.build(len(incidents), RECORDS)
    places = dict(zip(farm, incidents, strict=True))
    alone = {name: "127.0.0.2" for name, each in places.items() if each.strike is down}
    with served(farm, alone) as struck:
        config = written(struck, folder, SETTINGS)
        async with living(config, TEMPO, folder) as alive:
            job = JOB.format(number=0, address=alive.url.removeprefix("http://"))
            async with configured(CONFIG + job, folder) as server:
                async with anyio.create_task_group() as group:
                    for name, incident in places.items():
                        group.start_soon(seen, alive, server, incident, struck[name])
                await nothing_else(server, places)


async def nothing_else(server: Prometheus, places: dict[str, Incident]) -> None:
    """Assert that of all that ever fired nothing was but what happened.

    Freshness apart: a machine that is busy otherwise may be late itself, by intervals as short as these.
    """
    ever = await server.ask("max by (connection, kind) (max_over_time(driftd_alerts_firing[1h])) > 0")
    found = {(each["metric"]["connection"], each["metric"]["kind"]) for each in ever}
    happened = {(name, str(each.kind)) for name, each in places.items()}
    assert {each for each in found - happened if each[1] != DriftKind.FRESHNESS} == set()
    assert happened <= found


needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="needs prometheus: apt-get install prometheus"
)


@needs_prometheus
@pytest.mark.heavy
async def test_prometheus_sees_each_kind_of_drift_fire_and_end(tmp_path: Path) -> None:
    """Drift of shape, data, volume, freshness, credential and invariant, and nothing else."""
    await prometheus_sees(INCIDENTS, tmp_path)
