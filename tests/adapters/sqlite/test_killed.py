"""Whatever statement a write is killed at, the next run makes of it what an undisturbed one does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.adapters.sqlite.killed import SCENARIOS
from tests.contracts.stores import room

_ROOT: Final = Path(__file__).parents[3]


_SLOW: Final = ("large cycle written ahead", "baseline written ahead", "group of the logbook")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.heavy] if name in _SLOW else []) for name in SCENARIOS]
)
def test_a_write_killed_at_any_statement_leaves_no_difference(name: str) -> None:
    """After a kill and a restart log, snapshot, casebook and logbook equal those of a run that was never killed."""
    with room() as directory:
        command = [sys.executable, "-m", "tests.adapters.sqlite.killed", name, str(directory)]
        finished = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert told["points"] > 25
    assert told["differing"] == []
