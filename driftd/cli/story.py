"""The demo's story: a first reading, then round after round of business and of its capture."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio

from driftd import app
from driftd.cli.telling import Telling
from driftd.core.model import Kind

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.simulator import Farm, Tenant

_ROUNDS = 3
_ENOUGH = 1_000_000

Told = tuple[str, str, str]
"""What makes a change the same on both sides: resource, op, key."""


class Story:
    """Plays the demo on a farm, and compares what was captured with what the farm did."""

    def __init__(self, farm: "Farm", config: "Config", telling: Telling) -> None:
        self._farm = farm
        self._config = config
        self._telling = telling
        self._seq = 0
        self._made: Counter[Told] = Counter()
        self._captured: Counter[Told] = Counter()

    async def play(self, seconds: float | None) -> bool:
        """Play to the end, or for so many seconds; returns whether every change was captured, and no other."""
        with anyio.move_on_after(seconds) as limit:
            await self._first_reading()
            played = 0
            while seconds is not None or played < _ROUNDS:
                for tenant in self._farm.values():
                    await self._one(tenant)
                played += 1
        if limit.cancelled_caught:
            return True
        right = self._made == self._captured
        self._telling.closing(self._captured.total(), right=right)
        return right

    async def _first_reading(self) -> None:
        report = await app.poll(self._config, app.Selection(kind=Kind.SWEEP))
        for tenant in self._farm:
            cycles = [each for each in report.cycles if each.connection == tenant]
            self._telling.read(tenant, {each.resource: each.records for each in cycles})
        self._check(report)

    async def _one(self, tenant: "Tenant") -> None:
        """Let one tenant's business go on, then poll it and tell what was captured."""
        before = tenant.state
        tenant.advance(create=1, update=1, update_lines=0, delete=1)
        after = tenant.step()
        for resource in tenant.classes:
            for change in tenant.truth(before, after, resource):
                self._made[resource, change.op, json.dumps(change.key)] += 1
        report = await app.poll(self._config, app.Selection(tenant.name, None, Kind.SWEEP))
        self._check(report)
        self._telling.polled(tenant.name, report.cycles)
        async with app.reading(self._config) as store:
            recorded = await store.read_changes(self._seq, _ENOUGH)
        for each in recorded:
            self._seq = each.seq
            event: Mapping[str, Any] = json.loads(each.envelope)
            self._captured[each.resource, each.op, json.dumps([*event["key"].values()])] += 1
            await self._telling.change(each.envelope, event)

    def _check(self, report: app.Report) -> None:
        for each in report.cycles:
            if each.outcome != "ok":
                self._telling.trouble(f"{each.connection} {each.resource}: {each.reason}: {each.message}")
