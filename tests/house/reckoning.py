"""Whether what a daemon left in its store is what its tenants did."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from driftd.adapters.sqlite import SqliteStore
from driftd.ports import Store
from driftd.simulator import Farm, Tenant
from tests.house.folding import folded
from tests.house.rig import decoded, named, normal
from tests.house.town import CLASSES

Key = tuple[Any, ...]
_PAGE = 5_000


@dataclass
class Reckoning:
    """What was compared, and what was wrong."""

    records: int = 0
    told: Counter[str] = field(default_factory=Counter)
    """Events by what they tell: c, u, d."""
    moves: int = 0
    """Changes made at the tenants, whether or not a poll came between them."""
    wrong: list[str] = field(default_factory=list)
    lost: int = 0
    """Records whose last state the log does not tell."""
    invented: int = 0
    """Faults of events: what was not true then, or does not fit the one before it."""


async def reckon(farm: Farm, directory: Path) -> Reckoning:
    """Compare the snapshot and the change log of every class with all that was true at its tenant, one after another.

    The log must fold from the first state to the last, every event must fit the one before it, and what it leaves must
    have been true after what the one before it left.
    """
    found = Reckoning()
    async with SqliteStore.reading(directory) as store:
        log: dict[tuple[str, str], list[Any]] = {}
        async for connection, resource, event in _events(store):
            log.setdefault((connection, resource), []).append(event)
        for tenant in farm.values():
            for name in CLASSES:
                shown = await _shown(store, tenant.name, name)
                _compare(found, tenant, name, shown, log.get((tenant.name, name), []))
    return found


async def _events(store: Store) -> AsyncIterator[tuple[str, str, Any]]:
    after, ids = 0, set[str]()
    while changes := await store.read_changes(after, _PAGE):
        for change in changes:
            event = decoded(change.envelope)
            assert event["id"] not in ids, "an id came twice"
            ids.add(event["id"])
            yield change.connection, change.resource, event
        after = changes[-1].seq


async def _shown(store: Store, connection: str, name: str) -> dict[Key, Any]:
    found: dict[Key, Any] = {}
    after = None
    while True:
        page = await store.read_records(connection, name, after=after, limit=_PAGE)
        found |= {named(seen.key): decoded(seen.body) for seen in page.records}
        if page.next is None:
            return found
        after = page.next


def _compare(found: Reckoning, tenant: Tenant, name: str, shown: dict[Key, Any], events: list[Any]) -> None:
    where = f"{tenant.name} {name}"
    true = _truth(tenant, name)
    found.moves += sum(len(versions) - 1 for versions in true.values())
    now = {key: normal(record) for key, record in tenant.records(name, facet="$query").items()}
    found.records += len(now)
    if shown != now:
        found.wrong.append(f"{where}: the snapshot is not the truth: {_difference(shown, now)}")
    first = {key: normal(record) for key, record in tenant.records(name, 0, facet="$query").items()}
    found.told.update(event["op"] for event in events)
    held, wrong = folded(first, true, [(tuple(event["key"].values()), event) for event in events])
    found.wrong += [f"{where} {each}" for each in wrong]
    found.invented += len(wrong)
    found.lost += sum(held.get(key) != now.get(key) for key in held.keys() | now.keys())
    if held != now:
        found.wrong.append(f"{where}: the log does not fold to the truth: {_difference(held, now)}")


def _truth(tenant: Tenant, name: str) -> dict[Key, list[Any]]:
    """Return by key what was true of each record that ever changed, one after another; None where it was not there."""
    found: dict[Key, list[Any]] = {}
    for state in range(1, tenant.state + 1):
        for change in tenant.truth(state - 1, state, name, "$query"):
            found.setdefault(change.key, [normal(change.before)]).append(normal(change.after))
    return found


def _difference(have: dict[Key, Any], want: dict[Key, Any]) -> str:
    wrong = sorted(key for key in have.keys() | want.keys() if have.get(key) != want.get(key))
    return f"{len(wrong)} records, {wrong[0]} the first"
