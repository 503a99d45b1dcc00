"""kill -9 at random instants while a tenant keeps changing, and what the change log says afterwards.

python -m tests.house.killing [--kills N] [--seed S] [--rows ROWS]
"""

import argparse
import json
import selectors
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import anyio

from driftd.adapters.sqlite import SqliteStore
from driftd.simulator import Farm, Serving, Tenant, serving
from tests.house.rig import decoded, named, normal, truth
from tests.house.victim import CLASSES

ROOT = Path(__file__).parents[2]
BUSINESS: dict[str, Any] = {"create": 4, "update": 8, "update_lines": 3, "delete": 3}
SMALL, AHEAD = 20_000, 3
"""Rows beyond which a cycle is written ahead: as in production, and nearly always."""

Told = list[tuple[str, str, tuple[Any, ...], Any]]


@dataclass
class Row:
    """What became of one run."""

    rows: int
    kills: int = 0
    polls: int = 0
    advances: int = 0
    events: int = 0
    baseline_kills: int = 0
    """Kills before the first poll was through."""
    lost: int = 0
    invented: int = 0
    """Events that the log lacks against that of an undisturbed run, or has too many."""
    problems: list[str] = field(default_factory=list)


def farm_of(seed: int) -> Farm:
    """Build the tenant of a script: its business is a matter of seed and state alone, its stamps of how far it came."""
    farm = Farm.build(1, {"BPCUSTOMER": 120, "ITMMASTER": 30, "SORDER": 30}, seed=seed)
    farm.wall = lambda: 1_700_000_000.0 + 60 * farm["aldgate"].ledger.journal.state
    return farm


class Victim:
    """The process."""

    def __init__(self, tenant: Tenant, server: Serving, directory: Path, rows: int) -> None:
        place = (server.url, str(directory), tenant.folder, tenant.token_path, tenant.client_id, str(rows))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.house.victim", *place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._in.write(tenant.client_secret.encode() + b"\n")
        assert self._out.readline() == b"ready\n"

    def poll(self, patience: float | None) -> list[str] | None:
        """Have it poll; kill it if that takes longer than `patience`, and return None."""
        self._in.write(b"poll\n")
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            if not selector.select(patience):
                self.kill()
                return None
        return list(json.loads(self._out.readline()))

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()


def killed(seed: int, kills: int, rows: int, directory: Path) -> Row:
    """Run a script of advances, each after a finished poll, and kill the poller at random instants; check its log."""
    chance, row, farm = Random(f"{seed}/{rows}"), Row(rows), farm_of(seed)
    tenant = farm["aldgate"]
    with serving(farm) as server:
        victim = Victim(tenant, server, directory, rows)
        usual = 0.4
        while row.kills < kills or not row.advances:
            done = row.kills == kills or (not row.advances and row.baseline_kills == (kills + 3) // 4)
            begun = monotonic()
            outcome = victim.poll(None if done else chance.uniform(0, 2 * usual))
            if outcome is None:
                row.kills += 1
                row.baseline_kills += not row.advances
                victim = Victim(tenant, server, directory, rows)
                continue
            usual = monotonic() - begun
            row.polls += 1
            row.problems += [each for each in outcome if each != "ok"]
            tenant.advance(**BUSINESS)
            row.advances += 1
        outcome = victim.poll(None)
        row.problems += [each for each in outcome or () if each != "ok"]
        victim.kill()
    told = anyio.run(_checked, tenant, directory, row)
    have, want = Counter(map(repr, told)), Counter(map(repr, undisturbed(seed, row.advances)))
    row.lost, row.invented = (want - have).total(), (have - want).total()
    if have != want:
        row.problems.append("the log is not that of an undisturbed run")
    row.events = len(told)
    return row


def undisturbed(seed: int, advances: int) -> Told:
    """Return the log of the same script without a kill."""
    farm = farm_of(seed)
    tenant = farm["aldgate"]
    with serving(farm) as server, tempfile.TemporaryDirectory() as directory:
        victim = Victim(tenant, server, Path(directory), SMALL)
        for _ in range(advances):
            victim.poll(None)
            tenant.advance(**BUSINESS)
        victim.poll(None)
        victim.kill()
        return anyio.run(_checked, tenant, Path(directory), Row(SMALL))


async def _checked(tenant: Tenant, directory: Path, row: Row) -> Told:
    """Fold the log backwards from the snapshot and forwards again; return (resource, op, key, after) of each event."""
    told: Told = []
    async with SqliteStore.reading(directory) as store:
        log = [(each.resource, decoded(each.envelope)) for each in await store.read_changes(0, 1_000_000)]
        ids = [event["id"] for _, event in log]
        if len(set(ids)) < len(ids):
            row.problems.append("an id came twice")
        for name in CLASSES:
            shown = (await store.read_records("aldgate", name, after=None, limit=100_000)).records
            held: dict[Any, Any] = {named(each.key): decoded(each.body) for each in shown}
            if held != truth(tenant, name):
                row.problems.append(f"the snapshot of {name} is not the truth")
            mine = [(event["op"], tuple(event["key"].values()), event) for each, event in log if each == name]
            for op, key, event in reversed(mine):
                if held.get(key) != event["after"]:
                    row.problems.append(f"{name} {op} {key}: what it left is not what the next one found")
                held[key] = event["before"]
            if {key: body for key, body in held.items() if body is not None} != _first(tenant, name):
                row.problems.append(f"the log of {name} does not begin at the baseline")
            told += [(name, op, key, _sorted(event["after"])) for op, key, event in mine]
    return told


def _first(tenant: Tenant, name: str) -> Any:
    return {key: normal(record) for key, record in tenant.records(name, 0).items()}


def _sorted(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def table(rows: list[Row]) -> str:
    """Render the outcome."""
    heads = ("rows", "kills", "baseline_kills", "polls", "advances", "events")
    lines = ["".join(f"{getattr(row, head):>16}" for head in heads) + f"{len(row.problems):>16}" for row in rows]
    return "\n".join(["".join(f"{head:>16}" for head in (*heads, "problems")), *lines])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.killing")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=0)
    chosen = parser.parse_args()
    rows = []
    for limit in [chosen.rows] if chosen.rows else [SMALL, AHEAD]:
        with tempfile.TemporaryDirectory() as directory:
            rows.append(killed(chosen.seed, chosen.kills, limit, Path(directory)))
    print(table(rows))
    for row in rows:
        print("\n".join(row.problems), end="")
    return 1 if any(row.problems for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
