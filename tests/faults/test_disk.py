"""A full disk: capture pauses, everything else answers, and it goes on by itself."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.faults.filled import BALLAST
from tests.faults.observing import Observe

NAMESPACES = ("unshare", "-rm")


@cache
def refused() -> str:
    """Return why no file system can be mounted here; empty where one can."""
    if shutil.which(NAMESPACES[0]) is None:
        return "there is no unshare"
    tried = subprocess.run(
        [*NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip()


@pytest.mark.fault(4)
def test_a_full_disk_pauses_capture_and_nothing_else(tmp_path: Path, observe: Observe) -> None:
    """No cycle begins, all paths answer, support is told who acts; freed, it goes on, and the log is the truth."""
    if refused():
        pytest.skip(f"no small file system: {refused()}")
    ran = subprocess.run(
        [*NAMESPACES, sys.executable, "-m", "tests.faults.filled", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    observe(
        f"ready {seen['ready'][0]}, healthy {seen['healthy']}, {seen['asked']} requests while full; well again freed",
        lost=seen["lost"],
        invented=seen["invented"],
    )
    assert seen["ballast"] == seen["ballast again"] == BALLAST
    assert (seen["held"], seen["paused again"]) == (0, 0)
    assert (seen["ready"][0], seen["healthy"]) == (503, 200)
    assert "the disk of the database is full" in seen["ready"][1]
    assert seen["status"][:3] == ["degraded", "store_error", "sre"]
    assert "free disk space" in seen["status"][3]
    assert seen["asked"] == 0
    assert seen["flips"]
    assert (seen["lost"], seen["invented"], seen["code"]) == (0, 0, 0)
