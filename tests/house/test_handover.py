"""From the snapshot to the change log without a gap: how a consumer begins while everything moves."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.core.model import Kind
from driftd.simulator import Farm, serving
from tests.house.rig import decoded, named, resource, rig, truth

CLASSES = ("BPCUSTOMER", "SORDER")


@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=pytest.mark.heavy) for each in range(1, 5))])
async def test_records_then_changes_rebuild_the_tenant(seed: int, tmp_path: Path) -> None:
    """Records read to the end in small pages, while the tenant changes and polls run between the pages, and then the
    changes after the first page's `as_of_seq`, each laid over what is there: that is the tenant, exactly."""
    chance = Random(seed)
    farm = Farm.build(1, 40, seed=seed, only=CLASSES)
    tenant = farm["aldgate"]
    with serving(farm) as server:
        resources = [resource(name, page_size=10) for name in CLASSES]
        async with (
            rig(tenant, server.url, tmp_path, resources) as house,
            SqliteStore.reading(tmp_path) as reader,
        ):
            await house.poll()
            held: dict[str, dict[tuple[Any, ...], Any]] = {}
            begun: dict[str, int] = {}
            for name in CLASSES:
                held[name], after, more = {}, None, True
                while more:
                    page = await reader.read_records(tenant.name, name, after=after, limit=chance.randint(1, 9))
                    begun.setdefault(name, page.as_of_seq)
                    held[name] |= {named(each.key): decoded(each.body) for each in page.records}
                    after, more = page.next, page.next is not None
                    tenant.advance(create=2, update=3, delete=2, update_lines=1)
                    await house.poll(chance.choice([Kind.SWEEP, Kind.SWEEP, Kind.DELTA, Kind.PROBE]))
            await house.poll()
            for name in CLASSES:
                for change in await reader.read_changes(begun[name], 100_000, resource=name):
                    event = decoded(change.envelope)
                    key = tuple(event["key"].values())
                    if event["after"] is None:
                        held[name].pop(key, None)
                    else:
                        held[name][key] = event["after"]
                assert held[name] == truth(tenant, name)
            assert begun["SORDER"] > 0
