"""Capture equals ground truth: random advances × every position of every reading switch × every collation.

    python -m tests.house.capture [--advances N] [--seed S] [--only SWITCH=POSITION/COLLATION] [--all]

prints one row for each combination: advances, changes told by kind, lost, invented. One seed is one line to replay.
With --all every class is captured, and business takes its own steps beside the advances.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import anyio

from driftd.adapters.x3.catalogue import standard
from driftd.core.model import Kind
from driftd.simulator import Farm, Switches, serving
from driftd.simulator.class_model import Facet
from tests.house.rig import Rig, normal, resource, rig, truth

UNREADABLE = {("grant", "refused"), ("basic_auth", "refused")}
COLLATIONS = Switches.positions()["collation"]
CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER")
EVERY = standard()
RECORDS = {
    "BPCUSTOMER": 35, "ITMMASTER": 30, "ITMMVT": 24, "SORDER": 14, "SDELIVERY": 9, "PORDER": 9, "PINVOICE": 6,
    "GACCENTRY": 9, "BALANCE": 30,
}  # fmt: skip
STEPS = 30
"""Steps of business beside each advance, at most."""


@dataclass(frozen=True)
class Case:
    """One position of one switch under one collation."""

    switch: str
    position: Any
    collation: str

    def __str__(self) -> str:
        return f"{self.switch}={self.position}/{self.collation}"


@dataclass
class Row:
    """What became of one case."""

    case: Case
    advances: int = 0
    told: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    invented: int = 0
    decoded: int = 0
    classes: set[str] = field(default_factory=set)
    """Classes of which changes were told."""


def cases() -> Iterator[Case]:
    """Every position of every switch that touches reading, under every collation.

    The first positions of all switches are one case. Left out are those under which nothing at all may be read.
    """
    for collation in COLLATIONS:
        yield Case("all", "default", str(collation))
        for switch, positions in Switches.positions().items():
            for position in positions[1:]:
                if switch != "collation" and (switch, position) not in UNREADABLE:
                    yield Case(switch, position, str(collation))


class Times:
    """The farm's clock, which the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def run(
    case: Case, advances: int, seed: int, directory: Path, classes: Sequence[str] = CLASSES, steps: int = 0
) -> Row:
    """Let one tenant go on so often, capture after each advance, and compare with the truth.

    Up to `steps` of its business go before each capture.
    """
    chance = Random(f"{seed}/{case}")
    farm = Farm.build(1, RECORDS, seed=chance.randrange(10**6))
    times = Times()
    farm.clock = times
    tenant = farm["aldgate"]
    tenant.switches.collation = case.collation  # type: ignore[assignment]
    if case.switch != "all":
        setattr(tenant.switches, case.switch, case.position)
    if case.switch == "updatim_zone":
        tenant.switches.updatim_in_query = "present"
    tenant.switches.cap = chance.choice([7, 10, 1000])
    watermark = "UPDDATTIM" if tenant.switches.updatim_in_query == "present" else None
    resources = [resource(name, page_size=chance.choice([5, 10, 40]), watermark=watermark) for name in classes]
    row = Row(case)
    with serving(farm) as server:
        async with rig(tenant, server.url, directory, resources) as house:
            await _begin(house, row)
            for _ in range(advances):
                tenant.step(chance.randint(steps // 2, steps))
                await _follow(house, row, chance, times)
            row.told.update(op for _, op, _, _ in house.after)
            row.classes.update(name for name, _, _, _ in house.after)
            row.invented += _never_true(house)
    return row


async def _begin(house: Rig, row: Row) -> None:
    await house.poll()
    for name in [each.name for each in house.resources]:
        house.told[name] = await house.snapshot(name)
    _compare(house, row)


async def _follow(house: Rig, row: Row, chance: Random, times: Times) -> None:
    house.tenant.advance(
        create=chance.randint(0, 4),
        update=chance.randint(0, 6),
        update_lines=chance.randint(0, 3),
        delete=chance.randint(0, 3),
        late=chance.choice([0, 0, 2]),
        late_by=30.0,
    )
    if chance.random() < 0.3:
        await house.poll(chance.choice([Kind.PROBE, Kind.DELTA]))
        house.tenant.advance(create=chance.randint(0, 2), update=chance.randint(0, 2), delete=chance.randint(0, 1))
    times.seconds += chance.choice([1.0, 40.0])
    reports = await house.poll()
    row.advances += 1
    row.decoded += sum(report.records_decoded for report in reports)
    assert all(r.outcome == "ok" or _expected(row.case, r.reason) for r in reports), [
        (r.resource, r.reason, r.message) for r in reports
    ]
    await house.follow()
    _compare(house, row)


def _expected(case: Case, reason: object) -> bool:
    return case.switch == "details_facet" and reason is not None


def _compare(house: Rig, row: Row) -> None:
    facet = "$query" if str(row.case.position).startswith("refused") and row.case.switch == "details_facet" else None
    for name in [each.name for each in house.resources]:
        want, have = truth(house.tenant, name, facet), house.told[name]
        row.lost += sum(1 for key, record in want.items() if have.get(key) != record)
        row.invented += sum(1 for key in have if key not in want)


def _never_true(house: Rig) -> int:
    """Count events whose `after` was never true in any state."""
    newest, wrong = house.tenant.state, 0
    facet: Facet | None = "$query" if house.tenant.switches.details_facet != "allowed" else None
    for name in {name for name, _, _, _ in house.after}:
        true = {key: [normal(record)] for key, record in house.tenant.records(name, 0, facet=facet).items()}
        for before, state in pairwise(range(newest + 1)):
            for change in house.tenant.truth(before, state, name, facet):
                true.setdefault(change.key, []).append(normal(change.after))
        wrong += sum(
            1 for n, op, key, after in house.after if n == name and op != "d" and after not in true.get(key, [])
        )
    return wrong


def table(rows: Iterable[Row]) -> str:
    """Render the outcome."""
    lines = [f"{'switch=position/collation':<52}{'advances':>9}{'c':>7}{'u':>7}{'d':>7}{'lost':>6}{'invented':>10}"]
    total = Row(Case("total", "", ""))
    for row in rows:
        lines.append(_line(str(row.case), row))
        total.advances += row.advances
        total.told.update(row.told)
        total.lost += row.lost
        total.invented += row.invented
    return "\n".join([*lines, _line("total", total)])


def _line(name: str, row: Row) -> str:
    counts = "".join(f"{row.told[op]:>7}" for op in "cud")
    return f"{name:<52}{row.advances:>9}{counts}{row.lost:>6}{row.invented:>10}"


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.capture")
    parser.add_argument("--advances", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one SWITCH=POSITION/COLLATION")
    parser.add_argument("--all", action="store_true", help="capture every class, with steps of business")
    parser.add_argument("--part", default="0/1", help="the I-th of N parts, as I/N, to run several at once")
    chosen = parser.parse_args()
    more = (EVERY, STEPS) if chosen.all else (CLASSES, 0)
    part, parts = map(int, chosen.part.split("/"))
    rows = []
    for number, case in enumerate(cases()):
        if chosen.only in {"", str(case)} and number % parts == part:
            with tempfile.TemporaryDirectory() as directory:
                rows.append(anyio.run(run, case, chosen.advances, chosen.seed, Path(directory), *more))
            print(_line(str(rows[-1].case), rows[-1]), file=sys.stderr, flush=True)
    print(table(rows))
    return 1 if any(row.lost or row.invented for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
