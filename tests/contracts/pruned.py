"""A log that is pruned to the end, and what it tells then."""

import json
from typing import Any, Final

from driftd.core.retention import Pruned, Retention
from driftd.ports import Detected, Filing, Store
from tests.contracts.stores import Subject

KEPT: Final = Retention()
HOLD: Final = Detected(withhold=True)
RELEASE: Final = Filing(release=[("acme", "BPCUSTOMER")])


async def prune(subject: Subject, retention: Retention = KEPT, budget: float = 60.0) -> Pruned:
    """Prune to the end."""
    done = Pruned()
    while (done := done + await subject.changelog.prune(retention, subject.clock.now, budget)).more:
        pass
    return done


async def events(store: Store, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(one.envelope) for one in await store.read_changes(after, 100)]


async def seqs(store: Store) -> list[int]:
    return [one.seq for one in await store.read_changes(0, 100)]
