"""Sweeps while records are inserted, deleted and renamed between pages, and what became of the truth.

    python -m tests.house.moving [--sweeps N] [--seed S] [--only COLLATION]

prints one row for each collation. One seed is one line to replay.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio

from driftd.core.model import Kind
from driftd.simulator import Farm, RequestSeen, Switches, Tenant, serving
from tests.house.rig import Rig, resource, rig, truth

NAME = "ITMMASTER"
LEAST, MOST = 10, 90
"""Records between which the tenant is kept."""
COLLATIONS = tuple(str(each) for each in Switches.positions()["collation"])


@dataclass
class Row:
    """What became of the sweeps under one collation."""

    collation: str
    sweeps: int = 0
    """Sweeps during which the tenant moved."""
    inserted: int = 0
    deleted: int = 0
    renamed: int = 0
    told: int = 0
    pending: int = 0
    """Sweeps that left a delete pending."""
    partial: int = 0
    failed: int = 0
    false: int = 0
    """Deletes told of a record that was there all the time."""
    missed: int = 0
    """Differences from the truth once quiet."""


@dataclass
class Mover:
    """Changes a tenant at each request for a page, and remembers what was not there all the time."""

    tenant: Tenant
    chance: Random
    row: Row
    pace: float = 0.5
    fresh: int = 0
    touched: set[tuple[Any, ...]] = field(default_factory=set)
    """Keys that were deleted, renamed or created during the sweep."""

    def __call__(self, seen: RequestSeen) -> None:
        if seen.resource == NAME:
            while self.chance.random() < self.pace:
                self.move()

    def move(self) -> None:
        """Insert, delete or rename one record."""
        there = list(self.tenant.records(NAME))
        what = self.chance.choice(("insert", "delete", "rename", "again"))
        if len(there) > MOST:
            what = "delete"
        if what == "insert" or len(there) < LEAST:
            self._insert(self._new())
        elif what == "again" and self.touched:
            key = self.chance.choice(sorted(self.touched))
            if key not in there:
                self._insert(str(key[0]))
        else:
            key = self.chance.choice(there)
            self.touched.add(key)
            if what == "delete":
                self.tenant.remove(NAME, key)
                self.row.deleted += 1
            else:
                new = self._new()
                self.tenant.rename(NAME, key, new)
                self.touched.add((new,))
                self.row.renamed += 1

    def _insert(self, key: str) -> None:
        self.tenant.put(NAME, {"ITMREF": key, "ITMDES1": f"item {self.fresh}", "BASPRI": self.fresh})
        self.touched.add((key,))
        self.row.inserted += 1

    def _new(self) -> str:
        self.fresh += 1
        return self.chance.choice(("", "0", "A", "a", "É", "z ")) + f"{self.chance.randrange(10**5)}-{self.fresh}"


async def run(collation: str, sweeps: int, seed: int, directory: Path) -> Row:
    """Sweep so often while the tenant moves, letting it rest from time to time to compare with the truth."""
    chance = Random(f"{seed}/{collation}")
    row = Row(collation)
    farm = Farm.build(1, 60, seed=seed, only=(NAME,))
    tenant = farm["aldgate"]
    tenant.switches.move({"collation": collation})
    with serving(farm) as server:
        async with rig(tenant, server.url, directory, [resource(NAME, page_size=chance.choice([5, 7, 12]))]) as house:
            await house.poll()
            house.told[NAME] = await house.snapshot(NAME)
            mover = Mover(tenant, chance, row)
            while row.sweeps < sweeps:
                for _ in range(min(chance.randint(1, 4), sweeps - row.sweeps)):
                    await _moving(house, mover)
                await _quiet(house, row)
    return row


async def _moving(house: Rig, mover: Mover) -> None:
    row, there = mover.row, set(house.tenant.records(NAME))
    mover.touched.clear()
    mover.pace = mover.chance.choice([0.2, 0.5, 0.7])
    house.tenant.on_request = mover
    (report,) = await house.poll(mover.chance.choice([Kind.SWEEP] * 6 + [Kind.DELTA]))
    house.tenant.on_request = None
    row.sweeps += report.kind is Kind.SWEEP
    row.failed += report.outcome == "failed"
    row.partial += report.outcome == "partial"
    row.pending += report.pending > 0
    for change in await house.store.read_changes(house.seq, 10_000):
        key = tuple(json.loads(change.envelope)["key"].values())
        row.false += change.op == "d" and key in there - mover.touched
    row.told += await house.follow()


async def _quiet(house: Rig, row: Row) -> None:
    """Sweep undisturbed, once more where a delete was pending, and compare."""
    (report,) = await house.poll()
    if report.pending:
        (report,) = await house.poll()
    row.failed += report.outcome != "ok"
    row.told += await house.follow()
    want = truth(house.tenant, NAME)
    for have in (house.told[NAME], await house.snapshot(NAME)):
        row.missed += sum(have.get(key) != want.get(key) for key in want.keys() | have.keys())


def table(rows: Iterable[Row]) -> str:
    """Render the outcome."""
    heads = ("sweeps", "inserted", "deleted", "renamed", "told", "pending", "partial", "failed", "false", "missed")
    listed = list(rows)
    title = f"{'collation':<20}" + "".join(f"{head:>10}" for head in heads)
    lines = [f"{row.collation:<20}" + "".join(f"{getattr(row, head):>10}" for head in heads) for row in listed]
    sums = (sum(getattr(row, head) for row in listed) for head in heads)
    return "\n".join([title, *lines, f"{'total':<20}" + "".join(f"{each:>10}" for each in sums)])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.moving")
    parser.add_argument("--sweeps", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    rows = []
    for collation in COLLATIONS:
        if chosen.only in {"", collation}:
            with tempfile.TemporaryDirectory() as directory:
                rows.append(anyio.run(run, collation, chosen.sweeps, chosen.seed, Path(directory)))
            print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows))
    return 1 if any(row.false or row.missed or row.failed for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
