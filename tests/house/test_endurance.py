"""A real daemon and many tenants for a while: on time, complete, and no greater at the end."""

import os
from pathlib import Path

import pytest

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
