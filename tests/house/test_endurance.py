"""A real daemon and many tenants for a while: on time, complete, and no greater at the end."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.observing import Observe
from tests.house import hour
from tests.house.endurance import run, table
from tests.house.town import Town

SECONDS = 15.0 if os.environ.get("DRIFTD_HEAVY") == "short" else 120.0


@pytest.mark.heavy
def test_a_daemon_endures_a_town(tmp_path: Path) -> None:
    """Twenty tenants for two minutes (``DRIFTD_HEAVY=short``: 15 s): small ones are polled in time, the change log is
    the truth, and memory, descriptors and threads stay (`python -m tests.house.endurance` prints the table)."""
    town = Town(20, huge=2_000, delay=1.0, probe=3.0, sweep=6.0)
    outcome = run(town, SECONDS, 1.0, tmp_path)
    print("\n" + table(outcome))
    assert outcome.broken == [], table(outcome)


@pytest.mark.heavy
@pytest.mark.fault(1)
def test_a_daemon_is_as_it_was_after_an_hour_of_faults(tmp_path: Path, observe: Observe) -> None:
    """Twenty tenants for four minutes (``DRIFTD_HEAVY=short``: half a minute) under all that can befall them, and the
    daemon killed twice: afterwards all are connected, the log is the truth, and nothing grew
    (`python -m tests.house.endurance --faults` is the hour)."""
    town = replace(Town(20, huge=500, probe=2.0, sweep=4.0, delay=0.5), timeout=3.0)
    outcome = hour.run(town, 2 * SECONDS, 1.0, tmp_path, kills=2)
    print("\n" + hour.table(outcome))
    found = outcome.reckoning
    told = f"killed {outcome.kills} times among {outcome.strikes.total()} faults; {found.told.total()} events"
    observe(told, lost=found.lost, invented=found.invented)
    assert outcome.broken == [], hour.table(outcome)
