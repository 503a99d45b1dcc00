"""A folder with a configuration that reads a simulated farm, and the command line to read it with."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from driftd.cli.root import run
from driftd.cli.simulated import configuration
from driftd.simulator import Farm, serving


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
    farm = Farm.build(tenants=2, records=25)
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
