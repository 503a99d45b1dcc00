"""The memory of a sweep is that of its pages, however large the class."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from driftd.simulator import Farm, Tenant, serving
from tests.faults.observing import Observe
from tests.faults.sweeping import NAME
from tests.house.process import ROOT

PAGE = 200
ROOM = 32
"""Megabytes that the process may grow by."""
SHORT = os.environ.get("DRIFTD_HEAVY") == "short"


@dataclass
class Sweeper:
    """The process."""

    process: "subprocess.Popen[str]"

    def sweep(self, room: int = 0) -> tuple[str, int, int]:
        """Sweep once, with so many megabytes to grow by, or any for 0; return outcome, records, peak in bytes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{room}\n")
        self.process.stdin.flush()
        outcome, records, peak = json.loads(self.process.stdout.readline())
        return outcome, records, peak


@contextmanager
def sweeping(tenant: Tenant, url: str, folder: Path) -> Iterator[Sweeper]:
    """Start it."""
    place = (url, str(folder), tenant.folder, tenant.token_path, tenant.client_id, str(PAGE))
    command = [sys.executable, "-m", "tests.faults.sweeping", *place]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(f"{tenant.client_secret}\n")
        yield Sweeper(process)
        process.stdin.close()


def swept(records: int, folder: Path, *rooms: int) -> list[int]:
    """Return the peaks of a baseline and of sweeps that find half of the records changed, in bytes."""
    farm, found = Farm.build(1, {NAME: records}, only=(NAME,)), []
    tenant = farm["aldgate"]
    with serving(farm) as server, sweeping(tenant, server.url, folder) as sweeper:
        for room in (0, *rooms):
            outcome, read, peak = sweeper.sweep(room)
            assert (outcome, read) == ("ok", records)
            found.append(peak)
            tenant.advance(update=records // 2, create=0, delete=0, resource=NAME)
    return found


@pytest.mark.heavy
@pytest.mark.fault(41)
def test_a_sweep_takes_the_memory_of_its_pages(tmp_path: Path, observe: Observe) -> None:
    """Several times the records take the same memory: a baseline, and a sweep of which half changed; and another one
    in a process that may grow by no more than 32 MB."""
    few, many = (8_000, 16_000) if SHORT else (8_000, 40_000)
    small, large = swept(few, tmp_path / "few", 0), swept(many, tmp_path / "many", 0, ROOM)
    shown = " and ".join(f"{one / 1e6:.1f} → {other / 1e6:.1f} MB" for one, other in zip(small, large, strict=False))
    observe(f"{few} → {many} records in pages of {PAGE}: {shown} (baseline, sweep); another with {ROOM} MB to grow by")
    for one, other in zip(small, large, strict=False):
        assert other < 1.3 * one
