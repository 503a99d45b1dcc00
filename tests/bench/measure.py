"""One process measured from outside: wall clock, processor time, peak of its memory."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process took, and what it said."""

    wall: float
    """Seconds from its start until it was gone."""
    cpu: float
    """Seconds of processor time, user and system."""
    peak: int
    """Greatest resident set, bytes."""
    code: int
    out: str
    err: str


def measured(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], deadline: float = 900.0
) -> Measured:
    """Run a command to its end, or kill it at the deadline (seconds); its children must be few and waited for."""
    out, err = folder / "out", folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)
        clock = threading.Timer(deadline, process.kill)
        clock.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            clock.cancel()
            if process.returncode is None:
                process.kill()
                process.wait()
    return Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss * 1024,
        code=process.returncode,
        out=out.read_text(),
        err=err.read_text(),
    )
