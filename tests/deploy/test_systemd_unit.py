"""The systemd unit is valid, and gives the daemon no more than it needs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "driftd.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze: apt-get install systemd")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; neither of the checks used needs systemd to be running."""
    return subprocess.run([str(ANALYZE), *map(str, arguments)], capture_output=True, text=True, check=False)


def copy(folder: Path, text: str) -> Path:
    """Write the unit with a program that exists here in the place of driftd."""
    unit = folder / "driftd.service"
    unit.write_text(text.replace("/opt/driftd/bin/driftd", sys.executable))
    return unit


@needs_systemd
def test_the_unit_is_valid(tmp_path: Path) -> None:
    """systemd understands every line of it."""
    done = analyze("verify", "--man=no", "--recursive-errors=no", copy(tmp_path, UNIT.read_text()))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_an_invalid_unit_would_be_found(tmp_path: Path) -> None:
    """The check above can fail."""
    done = analyze("verify", "--man=no", copy(tmp_path, UNIT.read_text().replace("WatchdogSec=60", "WatchdogSek=60")))
    assert "WatchdogSek" in done.stderr


@needs_systemd
@pytest.mark.parametrize(("without", "safe"), [("", True), ("SystemCallFilter=", False)])
def test_the_exposure_is_small(tmp_path: Path, without: str, safe: bool) -> None:
    """At most 2.0 of 10; without its filters it would not be."""
    lines = [each for each in UNIT.read_text().splitlines() if not without or not each.startswith(without)]
    done = analyze("security", "--offline=true", "--threshold=20", copy(tmp_path, "\n".join(lines)))
    assert (done.returncode == 0) is safe, done.stdout


def test_the_unit_does_what_operating_it_relies_on() -> None:
    """A reload by SIGHUP, a watchdog, a checked configuration, and a stop that outlasts the grace of 15 s."""
    lines = set(UNIT.read_text().splitlines())
    assert lines >= {
        "Type=notify",
        "ExecStartPre=/opt/driftd/bin/driftd check config",
        "ExecStart=/opt/driftd/bin/driftd run",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "WatchdogSec=60",
        "Restart=on-failure",
        "TimeoutStopSec=20",
        "DynamicUser=yes",
        "StateDirectory=driftd",
    }
