"""A folder with a configuration that reads a simulated farm, and the command line to read it with."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.cli.root import run
from driftd.cli.simulated import configuration
from driftd.simulator import Farm, serving
from tests.contracts.staged import ELSEWHERE, ORDERS, created, deleted, poll, updated

RECORDS = 8
"""Of each class of a site: each costs a request for its details."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Site:
    """A farm being served, and the configuration that reads it."""

    farm: Farm
    config: Path


Driftd: TypeAlias = Callable[..., Ran]


@pytest.fixture
def driftd(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Driftd:
    """Run a command line in this process, in an empty folder and without settings from outside."""
    monkeypatch.delenv("DRIFTD_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        code = run([str(each) for each in arguments])
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve two small tenants, with their configuration in a folder of its own."""
    farm = Farm.build(tenants=2, records=RECORDS)
    with serving(farm) as served:
        folder = tmp_path / "site"
        folder.mkdir()
        for tenant in farm.values():
            (folder / tenant.name).write_text(tenant.client_secret)
        text = configuration(
            farm,
            served.url,
            secret=lambda tenant: f'{{ file = "{tenant.name}" }}',
            tables={"daemon": {"data_dir": "data"}, "defaults": {"second_look": "0.1s"}},
        )
        (folder / "driftd.toml").write_text(text)
        yield Site(farm, folder / "driftd.toml")


Started: TypeAlias = "Callable[..., subprocess.Popen[str]]"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    """Start command lines in processes of their own, which are gone when the test is."""
    running = []

    def call(*arguments: str | Path, temporary: Path | None = None) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "driftd", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield call
    for process in running:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Stocked:
    """A configuration, and its data directory."""

    config: Path
    data_dir: Path

    @property
    def database(self) -> Path:
        return self.data_dir / "driftd.db"


@pytest.fixture
def empty(tmp_path: Path) -> Stocked:
    """Two connections that lead nowhere, and nothing stored."""
    folder = tmp_path / "site"
    folder.mkdir()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        text = f'[web]\nlisten = "127.0.0.1:{free.getsockname()[1]}"\n'
    text += '[daemon]\ndata_dir = "data"\n[network]\nallow_networks = ["127.0.0.0/8"]\n'
    for name in ("acme", "globex"):
        text += f'[[connections]]\nname = "{name}"\nbase_url = "https://127.0.0.1:1"\nfolder = "F"\n'
        text += 'auth = { type = "basic", username = "u", password = { env = "HOME" } }\n'
    (folder / "driftd.toml").write_text(text)
    return Stocked(folder / "driftd.toml", folder / "data")


@pytest.fixture
def changed(empty: Stocked) -> Stocked:
    """Seven events of two connections and three resources, one of them the last."""
    anyio.run(fill, empty.data_dir)
    return empty


async def fill(data_dir: Path) -> None:
    now = SystemClock().now()
    async with SqliteStore.open(data_dir, clock_now=lambda: now) as store:
        await poll(store, created("a"), created("b"))
        await poll(store, created("a"), created("b"), resource=ORDERS)
        await poll(store, updated("a", 1), deleted("b"))
        await poll(store, created("z"), resource=ELSEWHERE)
