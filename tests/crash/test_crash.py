"""Whatever it is killed at, and whenever the power is lost, the next run makes of it what an undisturbed one does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.crash.__main__ import OUTCOMES
from tests.faults.observing import Observe

_ROOT: Final = Path(__file__).parents[2]
SEED: Final = os.environ.get("DRIFTD_SEED", "1")
_SHORT: Final = os.environ.get("DRIFTD_HEAVY") == "short"
POINTS: Final = pytest.mark.parametrize(
    "points", [pytest.param(1, id="some"), pytest.param(20 if _SHORT else 0, id="every one", marks=pytest.mark.heavy)]
)


class Crashed(NamedTuple):
    """What the last line of the table says, and all of it."""

    points: int
    survived: int
    lost: int
    invented: int
    otherwise: int
    text: str

    @property
    def differing(self) -> int:
        """Points after which something else was shown."""
        return self.points - self.survived


def crashed(*arguments: str) -> Crashed:
    """Print the matrix, in a process that has no thread."""
    command = [sys.executable, "-m", "tests.crash", "--seed", SEED, *arguments]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    totals = [line for line in done.stdout.splitlines() if line.startswith("total ")]
    assert totals, done.stderr[-2_000:]
    points, survived, lost, invented, otherwise = map(int, totals[0].split()[-len(OUTCOMES) :])
    return Crashed(points, survived, lost, invented, otherwise, done.stdout + done.stderr[-2_000:])


def survives(found: Crashed, what: str, observe: Observe) -> None:
    """Say what was done, and assert that nothing differs after it."""
    observe(f"{what}: {found.differing} differ", lost=found.lost, invented=found.invented)
    assert found.points >= 14, found.text
    assert (found.survived, found.differing) == (found.points, 0), found.text


@pytest.mark.fault(1)
@POINTS
def test_what_is_killed_before_any_step_goes_on_as_if_it_never_had_been(points: int, observe: Observe) -> None:
    """Everything that is written, killed before a statement, a write of the file or a move of it, shows in the end the
    log, snapshot, casebook and logbook of a run that was never killed, and leaves nothing over."""
    found = crashed("--points", str(points))
    survives(found, f"killed before {found.points} steps of all that is written", observe)


@pytest.mark.heavy
@pytest.mark.fault(3)
@pytest.mark.parametrize("points", [20 if _SHORT else 0])
def test_what_loses_the_power_keeps_what_it_promised(points: int, observe: Observe) -> None:
    """Of what was not synced nothing, all, a torn end or any sectors may be there: what was committed to last is, and
    the next run makes of it what an undisturbed one does, with the same ids at the same places."""
    found = crashed("--points", str(points), "--power")
    survives(found, f"unsynced writes lost in {found.points} ways", observe)
