"""kill -9 at random instants: after restart the change log is the one of a run without it."""

import os
from pathlib import Path

import pytest

from tests.faults.observing import Observe
from tests.house.killing import AHEAD, SMALL, Row, killed, table

SEED = int(os.environ.get("DRIFTD_SEED", "1"))
"""Set to replay; the instants themselves are the machine's."""


def sound(row: Row, observe: Observe) -> None:
    """Assert that nothing was lost, doubled or invented."""
    observe(f"SIGKILL {row.kills} times at random: {row.events} events", lost=row.lost, invented=row.invented)
    assert not row.problems, "\n".join(row.problems)
    assert row.events > 0


@pytest.mark.fault(1)
@pytest.mark.parametrize(
    "rows",
    [pytest.param(SMALL, id="in one transaction"), pytest.param(AHEAD, id="written ahead", marks=pytest.mark.heavy)],
)
def test_a_killed_poller_goes_on_as_if_nothing_had_happened(rows: int, tmp_path: Path, observe: Observe) -> None:
    """A poller killed at random instants of baseline and sweeps and started again tells each change once: its log folds
    to the truth, holds no id twice, and equals the log of an undisturbed run."""
    row = killed(SEED, 3, rows, tmp_path)
    assert row.kills == 3
    sound(row, observe)


@pytest.mark.heavy
@pytest.mark.fault(1)
def test_fifty_kills(tmp_path: Path, observe: Observe) -> None:
    """The same for 60 kills (``DRIFTD_HEAVY=short``: 16)."""
    kills = 8 if os.environ.get("DRIFTD_HEAVY") == "short" else 30
    rows = [killed(SEED + 1, kills, limit, tmp_path / str(limit)) for limit in (SMALL, AHEAD)]
    print("\n" + table(rows))
    for row in rows:
        sound(row, observe)
