"""A daemon whose disk is filled, and freed again; run as a program by `test_disk.py` in namespaces of its own.

    unshare -rm python -m tests.faults.filled DIRECTORY

The data directory is a file system of 16 MiB in memory. What was seen is printed as a JSON object.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.faults.counting import differences
from tests.house.process import CLASSES, Daemon, Estate, estate, read, running

SIZE: Final = 16 * 2**20
BALLAST: Final = 4 * 2**20
LOW: Final = 2 * 2**20


def main(folder: Path) -> dict[str, object]:
    """Fill, look, free, look."""
    data = folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(data)], check=True)
    with estate(folder, records=200) as site:
        site.write(store={"ballast": BALLAST, "low_water": LOW})
        with running(folder) as daemon:
            polled(daemon)
            first = read(folder, site.tenants[0])
            seen: dict[str, object] = {"ballast": (data / "driftd.ballast").stat().st_size}
            fill(data / "hog")
            site.tenants[0].advance(update=40, create=10, delete=3, resource="BPCUSTOMER")
            seen |= full(daemon, site)
            site.tenants[0].advance(update=20, create=5, delete=3, resource="BPCUSTOMER")
            (data / "hog").unlink()
            seen |= freed(daemon)
            seen["code"] = daemon.end()
            seen["errors"] = [line["msg"] for line in daemon.lines() if line["level"] == "error"]
        lost, invented = differences(read(folder, site.tenants[0], first))
    return seen | {"lost": lost, "invented": invented}


def polled(daemon: Daemon, times: int = 2) -> None:
    """Wait until each resource was read so often, from now on."""

    def polls() -> list[float]:
        return [daemon.value("driftd_polls_total", resource=each) for each in CLASSES]

    before = polls()
    daemon.until(lambda: all(now >= then + times for now, then in zip(polls(), before, strict=True)), "polls")


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    size = 2**20
    with path.open("wb", buffering=0) as hog:
        while size:
            try:
                hog.write(b"x" * size)
            except OSError:
                size //= 4


def full(daemon: Daemon, site: Estate) -> dict[str, object]:
    """Look while there is no room."""
    daemon.until(lambda: daemon.value("driftd_database_capture_paused"), "paused")
    tenant = site.tenants[0]
    asked = sum(tenant.requests.values())
    flips = daemon.until(lambda: site.run("history aldgate").out.count("degraded"), "the state is in the books")
    status = json.loads(site.run("status --format json").out)["connections"][0]
    ready = daemon.get("/-/ready")
    return {
        "ready": (ready.status_code, ready.text),
        "healthy": daemon.get("/-/healthy").status_code,
        "held": daemon.value("driftd_database_ballast_bytes"),
        "status": [status[name] for name in ("state", "reason", "actor", "hint")],
        "flips": flips,
        "asked": sum(tenant.requests.values()) - asked,
    }


def freed(daemon: Daemon) -> dict[str, object]:
    """Look once there is room again."""
    daemon.until(lambda: daemon.get("/-/ready").status_code == 200, "ready again")
    daemon.becomes("aldgate", "ok")
    polled(daemon)
    return {
        "paused again": daemon.value("driftd_database_capture_paused"),
        "ballast again": daemon.value("driftd_database_ballast_bytes"),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
