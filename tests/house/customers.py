"""One polled class whose records come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from driftd.core.model import Guards
from driftd.simulator import Farm, RequestSeen, serving
from tests.house.rig import Rig, resource, rig, truth

NAME = "BPCUSTOMER"
RECORDS = 60
TRUST = Guards(second_look=0.0)
"""Mass deletes as by default: more than max(3, 10 %) are held."""


@asynccontextmanager
async def customers(directory: Path, records: int = RECORDS, **settings: Any) -> AsyncIterator[Rig]:
    """Give one polled class of six pages."""
    farm = Farm.build(1, records, seed=11, only=(NAME,))
    fitting: dict[str, Any] = {"page_size": 10, "guards": TRUST} | settings
    with serving(farm) as server:
        async with rig(farm["aldgate"], server.url, directory, [resource(NAME, **fitting)]) as house:
            await house.poll()
            house.told[NAME] = await house.snapshot(NAME)
            yield house


def keys(house: Rig) -> list[tuple[Any, ...]]:
    """Return the keys in the server's order."""
    return list(house.tenant.records(NAME))


async def exact(house: Rig) -> None:
    """Assert that the log, as followed, folds to the truth."""
    await house.follow()
    assert house.told[NAME] == truth(house.tenant, NAME)


def second_look(seen: RequestSeen) -> bool:
    """Tell whether a request reads a range again: it starts at a known key, or is as small as no page is."""
    return seen.resource == NAME and (seen.query.get("key", "").startswith("ge.") or seen.query["count"] == "1")
