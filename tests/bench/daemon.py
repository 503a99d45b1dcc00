"""The daemon with thousands of small tenants: polls a second, memory, lag, scrapes.

    python -m tests.bench.daemon [--connections 2000] [--probe 300] [--seconds 60] [--json FILE]

Tenants share one cheap server, each at a loopback address of its own; every resource is one page that does not change.
With a short ``--probe`` the daemon polls as fast as it can; with a long one it is at rest, and its memory is what
connections at rest cost.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLASSES = ("BPCUSTOMER", "ITMMASTER", "ITMMVT", "BALANCE")
_KEYS = {"BPCUSTOMER": ["BPCNUM"], "ITMMASTER": ["ITMREF"], "ITMMVT": ["ITMREF"], "BALANCE": ["ACC"]}


def configuration(folder: Path, port: int, connections: int, probe: float) -> Path:
    """Write a configuration of so many connections, spread over 250 hosts."""
    resources = "".join(
        f'[[connections.resources]]\nname = "{name}"\nkey = {json.dumps(_KEYS[name])}\ndetails = false\n'
        for name in CLASSES
    )
    head = (
        f'[daemon]\ndata_dir = "{folder}/data"\nlog_level = "warning"\n[web]\nlisten = "127.0.0.1:0"\n'
        f'[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["127.0.0.0/8"]\n'
        f'[defaults]\nprobe = "{probe}s"\ndelta = "{probe}s"\nrequests_per_day = 1000000000\nbytes_per_day = "900TB"\n'
        f"max_per_host = 64\n"
    )
    text = [head]
    for number in range(connections):
        url = f"http://127.0.{number % 250 + 1}.1:{port}"
        text.append(
            f'[[connections]]\nname = "c{number:05}"\nbase_url = "{url}"\nfolder = "F{number}"\n'
            f'[connections.auth]\ntoken_url = "{url}/token"\nclient_id = "driftd"\n'
            f'client_secret = {{ env = "SECRET" }}\n'
            f"{resources}"
        )
    place = folder / "driftd.toml"
    place.write_text("\n".join(text))
    return place


class Measured:
    """A daemon that runs, and what it says of itself."""

    def __init__(self, place: Path, log: Path, core: int | None, entry: Sequence[str] = ("-m", "driftd")) -> None:
        command = [sys.executable, *entry, "run", "-c", str(place)]
        environment = {**os.environ, "SECRET": "s3cret"}
        with log.open("w") as errors:
            self.process = subprocess.Popen(command, stderr=errors, env=environment)
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        self.url = ""

    def text(self) -> str:
        """Scrape."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as answer:
            return str(answer.read().decode())

    def metrics(self) -> dict[str, float]:
        """Scrape; families are added up over their labels."""
        found: dict[str, float] = {}
        for line in self.text().splitlines():
            if not line.startswith("#"):
                name, value = re.split(r"[{ ]", line, maxsplit=1)[0], float(line.rsplit(" ", 1)[1])
                found[name] = found.get(name, 0.0) + value
        return found

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def seconds(self) -> float:
        """Return the processor time used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        """Return how many files are open."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--records", type=int, default=100)
    parser.add_argument("--probe", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), asked, cores)
    for key, value in found.items():
        print(f"{key:32} {value:>14,.3f}" if isinstance(value, float) else f"{key:32} {value:>14}")
    if asked.json:
        asked.json.write_text(json.dumps(found))


def measure(folder: Path, asked: argparse.Namespace, cores: list[int]) -> dict[str, Any]:
    """Run crowd and daemon, each on a core of its own, and read the figures off."""
    own = str(cores[-1])
    command = [sys.executable, "-m", "tests.bench.crowd", "--records", str(asked.records), "--core", own]
    crowd = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert crowd.stdout is not None
    port = json.loads(crowd.stdout.readline())["port"]
    log = folder / "log"
    daemon = Measured(
        configuration(folder, port, asked.connections, asked.probe), log, cores[0] if len(cores) > 1 else None
    )
    try:
        return _figures(daemon, log, asked)
    finally:
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(60)
        crowd.kill()


def _figures(daemon: Measured, log: Path, asked: argparse.Namespace) -> dict[str, Any]:
    begun = time.monotonic()
    daemon.url = listens_at(daemon, log)
    resources = asked.connections * len(CLASSES)
    started = time.monotonic() - begun
    empty = daemon.resident()
    while (first := daemon.metrics()).get("driftd_polls_total", 0) < resources:
        if daemon.process.poll() is not None or time.monotonic() - begun > 900:
            raise RuntimeError(f"the daemon did not come so far: {log.read_text()[-2000:]}")
        time.sleep(1)
    swept = time.monotonic() - begun
    before, used = time.monotonic(), daemon.seconds()
    time.sleep(asked.seconds)
    elapsed, cpu = time.monotonic() - before, daemon.seconds() - used
    scraped = time.monotonic()
    last = daemon.metrics()
    scrape = time.monotonic() - scraped
    polls = last["driftd_polls_total"] - first["driftd_polls_total"]
    return {
        "connections": asked.connections,
        "resources": resources,
        "start_seconds": started,
        "first_sweeps_seconds": swept,
        "polls_per_second": polls / elapsed,
        "cpu_ms_per_poll": 1000 * cpu / polls if polls else None,
        "cpu_share": cpu / elapsed,
        "resident_at_start_mb": empty / 1e6,
        "resident_mb": daemon.resident() / 1e6,
        "kb_per_connection": (daemon.resident() - empty) / asked.connections / 1000,
        "descriptors": daemon.descriptors(),
        "event_loop_lag_max_seconds": last["driftd_event_loop_lag_seconds"],
        "schedule_lag_max_seconds": last["driftd_schedule_lag_seconds"],
        "scrape_seconds": scrape,
        "failures": last.get("driftd_poll_failures_total", 0.0),
        "database_mb": last["driftd_database_size_bytes"] / 1e6,
    }


def listens_at(daemon: Measured, log: Path) -> str:
    """Find where the daemon listens: a free port of loopback."""
    for _ in range(1200):
        found = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
        for line in found.splitlines():
            if f"pid={daemon.process.pid}," in line:
                return f"http://{line.split()[3]}"
        if daemon.process.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(0.1)
    raise RuntimeError("the daemon does not listen")


if __name__ == "__main__":
    main()
