"""``driftd …`` with one thing about it changed, for a test alone.

    python -m tests.faults.composed [untold | clock=FILE] run -c driftd.toml

`untold`: killed once an alert is written, and the changes it came with, and before it is said. `clock`: the wall clock
is ahead by the milliseconds that stand in the file, and what is due to nobody is looked at at once.
"""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from driftd.__main__ import main
from driftd.adapters import clock
from driftd.app import daemon
from driftd.runtime import watch
from driftd.runtime.alarms import Alarms, Judged


def untold() -> None:
    """Be killed between the commit of a notice and its telling."""
    took = Alarms.took

    def dying(self: Alarms, judged: Judged) -> None:
        if judged.notices:
            os.kill(os.getpid(), signal.SIGKILL)
        took(self, judged)

    Alarms.took = dying  # type: ignore[method-assign]


def jumping(place: Path) -> None:
    """Have a wall clock that the test sets."""

    def now(self: clock.SystemClock) -> int:
        return time.time_ns() // 1_000_000 + int(place.read_text())

    clock.SystemClock.now = now  # type: ignore[method-assign]
    setattr(watch, "MINUTE", 0.5)  # noqa: B010 - a test composition, not a setting
    tempo = daemon.Tempo(tick=0.25)
    daemon.Process = partial(daemon.Process, tempo=tempo)  # type: ignore[assignment,misc]


if __name__ == "__main__":
    what, _, argument = sys.argv.pop(1).partition("=")
    untold() if what == "untold" else jumping(Path(argument))
    sys.exit(main())  # type: ignore[func-returns-value]
