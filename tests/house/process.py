"""``driftd run`` as a process of its own, over real HTTP, against a simulated farm served from here."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.adapters.sqlite import SqliteStore
from driftd.ports import Source
from driftd.simulator import Farm, Serving, Tenant, serving
from tests.house.rig import Rig, truth

ROOT = Path(__file__).parents[2]
CLASSES = ("BPCUSTOMER", "ITMMASTER")
QUICK = {
    "probe": "200ms",
    "delta": "200ms",
    "sweep": "200ms",
    "second_look": "200ms",
    "requests_per_day": 10**9,
    "bytes_per_day": "900TB",
    "mass_delete_ratio": 0.9,
}
_PAUSE = 0.05
_TRIES = 300


def until(holds: Callable[[], Any], what: str = "", story: Callable[[], str] = str, tries: int = _TRIES) -> Any:
    """Ask until the answer is true, and return it; at most 300 times, fifteen seconds and more."""
    for _ in range(tries):
        found = holds()
        if found:
            return found
        time.sleep(_PAUSE)
    raise AssertionError(f"it never came to that: {what}\n{story()}")


def toml(value: Any) -> str:
    """Return a plain value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def table(**settings: Any) -> str:
    """Return settings as the lines of a TOML table."""
    return "".join(f"{name} = {toml(value)}\n" for name, value in settings.items())


def head(
    web: Mapping[str, Any] | None = None,
    daemon: Mapping[str, Any] | None = None,
    store: Mapping[str, Any] | None = None,
    **defaults: Any,
) -> str:
    """Return the part of a configuration that is about no connection."""
    return (
        f"[daemon]\n{table(**{'data_dir': 'data'} | dict(daemon or {}))}"
        f"[store]\n{table(**{'ballast': '64KiB'} | dict(store or {}))}"
        f"[web]\n{table(**{'listen': '127.0.0.1:0'} | dict(web or {}))}"
        '[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["127.0.0.0/8"]\n'
        f"[defaults]\n{table(**QUICK | defaults)}"
    )


def connection(tenant: Tenant, url: str, classes: Sequence[str] = CLASSES, **settings: Any) -> str:
    """Return the TOML of a connection whose secret stands in a file named after it; `settings` may set `auth`."""
    auth = settings.pop("auth", None) or (
        f'token_url = "{url}{tenant.token_path}"\nclient_id = "{tenant.client_id}"\n'
        f'client_secret = {{ file = "{tenant.name}.secret" }}\n'
    )
    known = {"name": tenant.name, "base_url": url, "folder": tenant.folder, "endpoint": tenant.endpoint} | settings
    resources = "".join(f'[[connections.resources]]\nname = "{each}"\ndetails = false\n' for each in classes)
    return f"[[connections]]\n{table(**known)}[connections.auth]\n{auth}{resources}"


def free_port() -> int:
    """Return a port of loopback that is free now, where commands are to find a daemon."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def command(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a command line of driftd to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "driftd", *arguments],
        cwd=folder,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def fields(line: str) -> dict[str, str]:
    """Read a line of logfmt."""
    return dict(re.findall(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|[^" ]*)(?: |$)', line))


class Daemon:
    """A daemon that was started in a folder with a ``driftd.toml``."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        program: Sequence[str] = ("driftd",),
    ) -> None:
        self.folder = folder
        self.log = folder / "driftd.log"
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", *program, "run", "-c", "driftd.toml"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
                stdout=log,
                stderr=log,
            )
        self.client = httpx.Client(trust_env=False, verify=False, timeout=30, headers={"x-driftd": "1"})
        self.tries = _TRIES
        """How often something is waited for: more where many wait at once."""

    def text(self) -> str:
        """Return what it logged."""
        return self.log.read_text()[self._begin :]

    def lines(self, message: str = "") -> list[dict[str, str]]:
        """Return the lines that it logged with a message, or all."""
        lines = [fields(line) for line in self.text().splitlines()]
        return [line for line in lines if not message or line.get("msg", "").strip('"') == message]

    def until(self, holds: Callable[[], Any], what: str = "") -> Any:
        """Wait for something while it runs."""

        def looked() -> Any:
            assert self.process.poll() is None, f"it ended: {self.process.returncode}\n{self.text()}"
            return holds()

        return until(looked, what, self.text, self.tries)

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self.until(lambda: re.search(r"http://127\.0\.0\.1:\d+(?=[ \"])", self.text())).group())

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a path."""
        return self.client.get(self.url + path, headers=headers)

    def ready(self) -> "Daemon":
        """Wait until it is ready."""
        self.until(lambda: self.get("/-/ready").status_code == 200)
        return self

    def series(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Scrape: each series by name and labels."""
        found = {}
        for family in parsed(self.get("/metrics").text):
            for sample in family.samples:
                found[sample.name, frozenset(sample.labels.items())] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float:
        """Scrape, and return the sum of the series that have these labels."""
        return sum(
            v for (each, has), v in self.series().items() if each == name and labels.items() <= dict(has).items()
        )

    def state(self, name: str) -> str:
        """Return the state of a connection; empty where it is not known."""
        found = [
            dict(labels)["state"]
            for (each, labels), value in self.series().items()
            if each == "driftd_connection_state" and ("connection", name) in labels and value == 1
        ]
        return found[0] if found else ""

    def becomes(self, name: str, state: str) -> None:
        """Wait until a connection is in a state."""
        self.until(lambda: self.state(name) == state, f"{name} {state}")

    def reload(self) -> None:
        """Have it read its configuration anew."""
        self.process.send_signal(signal.SIGHUP)

    def reloads(self) -> None:
        """Have it read its configuration anew, and wait until that is logged, well or ill."""

        def count() -> int:
            return len(self.lines("configuration loaded")) + len(self.lines("configuration refused"))

        before = count()
        self.reload()
        self.until(lambda: count() > before, "reloaded")

    def end(self, timeout: float = 60) -> int:
        """Tell it to end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


@contextmanager
def running(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    program: Sequence[str] = ("driftd",),
) -> Iterator[Daemon]:
    """Start a daemon, or a test's own `program` of it; it is gone when the block ends."""
    daemon = Daemon(folder, environ, prefix, program)
    try:
        yield daemon
    finally:
        daemon.client.close()
        daemon.process.kill()
        daemon.process.wait()


@dataclass
class Estate:
    """Tenants that are served, and the folder of a daemon that polls them."""

    farm: Farm
    served: Serving
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def tenants(self) -> list[Tenant]:
        return list(self.farm.values())

    def write(self, names: Sequence[str] | None = None, /, **settings: Any) -> None:
        """Write the configuration of these tenants, or all, and their secrets."""
        kept = [each for each in self.tenants if names is None or each.name in names]
        for tenant in kept:
            (self.folder / f"{tenant.name}.secret").write_text(tenant.client_secret)
        self.place.write_text(head(**settings) + "".join(connection(each, self.served.url) for each in kept))

    @property
    def place(self) -> Path:
        """The configuration file."""
        return self.folder / "driftd.toml"

    def run(self, *arguments: str) -> Ran:
        """Run a command line in the folder."""
        return command(self.folder, *shlex.split(" ".join(arguments)))


@contextmanager
def estate(folder: Path, tenants: int = 1, records: int = 25) -> Iterator[Estate]:
    """Serve small tenants, and write the configuration of all."""
    farm = Farm.build(tenants=tenants, records=records)
    with serving(farm) as served:
        found = Estate(farm, served, folder)
        found.write()
        yield found


def read(folder: Path, tenant: Tenant, since: Rig | None = None) -> Rig:
    """Read as a consumer does: the snapshot, which is where `told` begins, or what came after `since` was read.

    A daemon may commit between two pages of a snapshot, or between two snapshots: what the log tells of the time in
    which they were read is taken over as it is told.
    """

    async def story() -> Rig:
        async with SqliteStore.reading(folder / "data") as store:
            rig = Rig(cast("Source", None), store, tenant, [])
            rig.shown = {name: await rig.snapshot(name) for name in CLASSES}
            rig.told = {name: dict(held) for name, held in (since.told if since else rig.shown).items()}
            rig.seq = since.seq if since else min(rig.seqs)
            rig.shared = 0 if since else max(rig.seqs)
            await rig.follow()
            return rig

    return anyio.run(story)


def equal(rig: Rig) -> None:
    """Assert that snapshot and log are the tenant."""
    for name in CLASSES:
        want = truth(rig.tenant, name, "$query")
        assert rig.shown[name] == want, name
        assert rig.told[name] == want, name


def amiss(rig: Rig) -> tuple[int, int]:
    """Count the records whose last state the log lacks, and those that it tells and the tenant does not have so."""
    lost = invented = 0
    for name in CLASSES:
        want, told = truth(rig.tenant, name, "$query"), rig.told[name]
        lost += sum(told.get(key) != record for key, record in want.items())
        invented += sum(key not in want for key in told)
    return lost, invented


def crowd(folder: Path, connections: int, port: int = 9) -> None:
    """Write a file of connections to hosts of loopback on which nobody listens."""
    folder.mkdir(exist_ok=True)
    text = []
    for number in range(connections):
        url = f"http://127.0.{number % 250 + 1}.1:{port}"
        auth = f'token_url = "{url}/token"\nclient_id = "driftd"\nclient_secret = {{ env = "CROWD_SECRET" }}\n'
        classes = "".join(f'[[connections.resources]]\nname = "{name}"\ndetails = false\n' for name in CLASSES)
        text.append(
            f'[[connections]]\nname = "c{number:05}"\nbase_url = "{url}"\nfolder = "F{number}"\n'
            f"[connections.auth]\n{auth}{classes}"
        )
    (folder / "crowd.toml").write_text("\n".join(text))
