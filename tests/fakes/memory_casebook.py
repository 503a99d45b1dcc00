"""The `Casebook` port on plain dicts, beside the store whose cycles write it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from driftd.core.alerts.model import Alert, AlertState, Deed, Notice
from driftd.core.drift import Check
from driftd.core.health import NOT_ASIDE, Aside
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.model import KeyBytes
from driftd.core.schema.model import Baseline, SchemaVersion, Source
from driftd.errors import FencedError
from driftd.ports import VERSIONS, Detected, Done, Facts, Filing, Pages, Told

_Names = tuple[str, str]


class Beside(Protocol):
    """What a casebook asks of the store beside it."""

    fenced: bool

    def release(self, connection: str, resource: str) -> None: ...
    def withheld(self, connection: str, resource: str) -> int: ...
    def live(self, connection: str, resource: str) -> set[KeyBytes]: ...


class MemoryCasebook:
    """What detection remembers, gone with the process."""

    def __init__(self, store: Beside) -> None:
        self._store = store
        self._memories: dict[_Names, Memory] = {}
        self._baselines: dict[_Names, Baseline] = {}
        self._versions: dict[tuple[str, str, Source, int], SchemaVersion] = {}
        self._alerts: dict[str, Alert] = {}
        self._notices: dict[str, Notice] = {}
        self._deeds: list[Deed] = []
        self._asides: dict[str, Aside] = {}
        self._links: set[tuple[str, str, Link]] = set()
        self._sums: dict[tuple[str, str, SumKey], tuple[str, ...]] = {}
        self._breaches: dict[tuple[str, str, KeyBytes, Check, str], Breach] = {}

    def detect(self, connection: str, resource: str, detected: Detected) -> None:
        """Remember what a committed cycle detected."""
        names = connection, resource
        if detected.memory is not None:
            self._memories[names] = detected.memory
        if detected.baseline is not None:
            self._baselines[names] = detected.baseline
        for version in detected.versions:
            self._versions[*names, version.source, version.number] = version
            for number in [each[3] for each in self._versions if each[:3] == (*names, version.source)]:
                if number <= version.number - VERSIONS:
                    del self._versions[*names, version.source, number]
        self._learn(connection, resource, detected.facts)
        self._tell(detected.alerts, detected.notices)
        self._deeds += detected.deeds

    async def memory(self, connection: str, resource: str) -> Memory:
        return self._memories.get((connection, resource), Memory())

    async def baseline(self, connection: str, resource: str) -> Baseline:
        return self._baselines.get((connection, resource), Baseline())

    async def versions(self, connection: str, resource: str) -> Sequence[SchemaVersion]:
        own = [each for (*names, _, _), each in self._versions.items() if names == [connection, resource]]
        return sorted(own, key=lambda each: (each.source is Source.DECLARED, each.number))

    async def evaluated(self) -> Mapping[tuple[str, str], int]:
        return {names: each.evaluated for names, each in self._memories.items() if each.evaluated is not None}

    async def alerts(self, *, connection: str | None = None, resolved_since: int | None = None) -> Sequence[Alert]:
        return [
            alert
            for _, alert in sorted(self._alerts.items())
            if connection in {None, alert.drift.connection}
            and (
                alert.state is not AlertState.RESOLVED or (resolved_since is not None and alert.since >= resolved_since)
            )
        ]

    async def alert(self, id_: str) -> Alert | None:
        return self._alerts.get(id_)

    async def notices(self, after: int, limit: int, *, connection: str | None = None) -> Sequence[Told]:
        return [
            Told(seq, notice)
            for seq, notice in enumerate(self._notices.values(), 1)
            if seq > after and connection in {None, notice.alert.drift.connection}
        ][: max(limit, 0)]

    async def deeds(self, connection: str, limit: int) -> Sequence[Deed]:
        own = [deed for deed in reversed(self._deeds) if deed.connection == connection]
        return sorted(own, key=lambda deed: deed.at, reverse=True)[: max(limit, 0)]

    async def audit(self, pages: Pages) -> Sequence[Done]:
        done = [Done(number, deed) for number, deed in enumerate(self._deeds, 1)]
        found = [
            each
            for each in sorted(done, key=lambda each: (each.deed.at, each.number), reverse=True)
            if pages.connection in {None, each.deed.connection}
            and each.deed.at >= pages.since
            and (pages.before is None or (each.deed.at, each.number) < pages.before)
        ]
        return found[: max(pages.limit, 0)]

    async def asides(self) -> Mapping[str, Aside]:
        return {name: each for name, each in self._asides.items() if each != NOT_ASIDE}

    async def file(self, filing: Filing) -> None:
        if self._store.fenced:
            raise FencedError("a later process owns the store: this one must end")
        self._tell(filing.alerts, filing.notices)
        self._deeds += filing.deeds
        self._baselines |= filing.baselines
        self._memories |= filing.memories
        self._asides |= filing.asides
        for names, what in filing.accepted.items():
            for place, breach in self._breaches.items():
                if place[:2] == names and (breach.check, breach.field) in what:
                    self._breaches[place] = replace(breach, accepted=True)
        for names in filing.release:
            self._store.release(*names)

    async def withheld(self, connection: str, resource: str) -> int:
        return self._store.withheld(connection, resource)

    async def present(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        return frozenset(self._store.live(connection, resource).intersection(keys))

    async def referring(self, connection: str, target: str, keys: Iterable[KeyBytes]) -> Mapping[str, Sequence[Link]]:
        wanted = set(keys)
        found = [
            (link.value, resource, link.field, link.key, link)
            for place, resource, link in self._links
            if place == connection and link.target == target and link.value in wanted
        ]
        by_resource: dict[str, list[Link]] = {}
        for _, resource, _, _, link in sorted(found)[:10_000]:
            by_resource.setdefault(resource, []).append(link)
        return by_resource

    async def sums(self, connection: str, resource: str, wanted: Iterable[SumKey]) -> Sums:
        return {
            key: self._sums[connection, resource, key] for key in wanted if (connection, resource, key) in self._sums
        }

    async def breaches(
        self, connection: str, resource: str, *, keys: Iterable[KeyBytes] | None = None, limit: int = 1_000
    ) -> Sequence[Breach]:
        wanted = None if keys is None else set(keys)
        return [each for each in self._of(connection, resource) if wanted is None or each.key in wanted][
            : max(limit, 0)
        ]

    async def breached(self, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
        own = self._of(connection, resource)
        every = Counter((each.check, each.field) for each in own)
        count = Counter((each.check, each.field) for each in own if each.times > 1 and not each.accepted)
        return {what: (count[what], every[what] - count[what]) for what in every}

    def _of(self, connection: str, resource: str) -> list[Breach]:
        """Return the breaches of a resource in the order in which they were last written."""
        return [each for place, each in self._breaches.items() if place[:2] == (connection, resource)]

    def _tell(self, alerts: Iterable[Alert], notices: Iterable[Notice]) -> None:
        self._alerts |= {alert.id: alert for alert in alerts}
        for notice in notices:
            self._notices.setdefault(notice.id, notice)

    def _learn(self, connection: str, resource: str, facts: Facts) -> None:
        self._links -= {(connection, resource, link) for link in facts.dropped}
        self._links |= {(connection, resource, link) for link in facts.links}
        for sum_, amounts in facts.sums.items():
            self._sums.pop((connection, resource, sum_), None)
            if amounts:
                self._sums[connection, resource, sum_] = amounts
        for check, field, key in facts.mended:
            self._breaches.pop((connection, resource, key, check, field), None)
        for name, breaches in facts.breaches.items():
            for each in sorted(breaches, key=lambda each: (each.key, each.check, each.field)):
                place = (connection, name, each.key, each.check, each.field)
                earlier = self._breaches.pop(place, each)
                self._breaches[place] = replace(each, accepted=each.accepted or earlier.accepted)
