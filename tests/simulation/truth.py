"""What was true at the tenants, and when: every state of every record, as a reader must hold it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from driftd.simulator import Farm
from driftd.simulator import Tenant as X3Tenant
from driftd.simulator.journal import Change
from driftd.simulator.json_values import shown
from tests.house.rig import normal

Key = tuple[Any, ...]
Place = tuple[str, str]
"""Connection and class."""


@dataclass
class Version:
    """What was true of a record from `since` on; None: it was not there. `others` has the twins under the same key."""

    since: float
    record: Any
    until: float = inf
    others: list[Any] = field(default_factory=list)
    _parted: tuple[Any, Any] | None = None

    def parted(self, names: frozenset[str]) -> tuple[Any, Any]:
        """Return header and lines of a document that is there."""
        if self._parted is None:
            self._parted = _parted(self.record, names)
        return self._parted

    def during(self, begin: float, end: float) -> bool:
        """Tell whether it was true at some time between."""
        return self.since <= end and self.until >= begin

    def tells(self, record: Any) -> bool:
        """Tell whether a reader may hold this."""
        return bool(record == self.record) or record in self.others


def _parted(record: Any, names: frozenset[str]) -> tuple[Any, Any]:
    """Return header and lines of a document, without its stamp, which only pages show."""
    head = {name: value for name, value in record.items() if name in names}
    rest = {name: value for name, value in record.items() if name not in names and name != "UPDDATTIM"}
    return head, rest


class Truth:
    """Listens to the ledgers of a farm."""

    def __init__(self, farm: Farm, now: Any) -> None:
        self._now = now
        self.versions: dict[Place, dict[Key, list[Version]]] = {}
        self.literal: set[tuple[Place, Key]] = set()
        """Records that bear no stamp of their last change."""
        self.headers: dict[Place, frozenset[str]] = {}
        """The members of documents that pages show; the others come from a second answer, at another time."""
        for tenant in farm.values():
            for name in tenant.classes:
                records = tenant.records(name, 0)
                here = {key: [Version(0.0, normal(record))] for key, record in records.items()}
                self.versions[tenant.name, name] = here
                if tenant.classes[name].document:
                    self.headers[tenant.name, name] = tenant.classes[name].query_names
            self._listen(tenant)

    def of(self, place: Place, key: Key) -> Sequence[Version]:
        """Return all that was ever true of a record."""
        return self.versions[place].get(key, [Version(-1.0, None)])

    def tells(self, place: Place, key: Key, version: Version, record: Any) -> bool:
        """Tell whether a reader may hold this of a version.

        Of a document also its header with lines of another version, or without: it changed between the two answers.
        """
        names = self.headers.get(place)
        if version.tells(record) or names is None or record is None or version.record is None:
            return version.tells(record)
        head, rest = _parted(record, names)
        if head != version.parted(names)[0]:
            return False
        return not rest or any(each.parted(names)[1] == rest for each in self.of(place, key) if each.record is not None)

    def now(self, place: Place) -> dict[Key, Any]:
        """Return what is true."""
        return {key: all_[-1].record for key, all_ in self.versions[place].items() if all_[-1].record is not None}

    def _listen(self, tenant: X3Tenant) -> None:
        ledger, apply = tenant.ledger, tenant.ledger.apply

        def applied(changes: Sequence[Change]) -> int:
            state = apply(changes)
            for name, key in dict.fromkeys((each.resource, each.place[0]) for each in changes):
                self._note(tenant, name, key)
            return state

        ledger.apply = applied  # type: ignore[method-assign] # a listener, which the ledger has no place for

    def _note(self, tenant: X3Tenant, name: str, key: Key) -> None:
        if None in key:
            return
        ledger, place, now = tenant.ledger, (tenant.name, name), self._now()
        style = ledger.style(tenant.switches)
        rows = ledger.tables[name].twins(key)
        facet = tenant.classes[name].facet_of_truth()
        told = [normal(shown(ledger.renderers[name].business(row, facet, style))) for row in rows]
        if any(row.literal is not None for row in rows):
            self.literal.add((place, key))
        fresh = Version(now, told[-1] if told else None, others=told[:-1])
        known = self.versions[place].setdefault(key, [Version(-1.0, None)])
        if (known[-1].record, known[-1].others) != (fresh.record, fresh.others):
            known[-1].until = now
            known.append(fresh)
