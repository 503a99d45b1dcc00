"""Every argument of every command, with bytes of any kind: an exit code and words, never a traceback."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import anyio
import click
import pytest
from _pytest.mark import ParameterSet

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.files import LOCK
from driftd.adapters.sqlite.lock import held
from driftd.cli.deciding import who
from driftd.cli.root import commands, run
from tests.contracts.staged import created, poll
from tests.hostile.texts import harmless

CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[daemon]
data_dir = "data"
[network]
allow_networks = ["127.0.0.0/8"]
[[connections]]
name = "acme"
base_url = "https://127.0.0.1:1"
folder = "F"
auth = {{ type = "basic", username = "u", password = {{ env = "HOME" }} }}
"""
BYTES = ("\udcff", "a\udcffb", "\ud800", '["\\ud800"]', '["a\udcff"]', "a\0b", "")
"""Those that are no UTF-8 come as halves of surrogates (PEP 383)."""
HOSTILE = (
    *BYTES, " ", "-", "..", "a/b", "x\udcff/y.db",
    "\x1b[31m", "\u202ea", "\u2028", "9" * 5_000, "1e999", "nan", "[" * 100_000, '{"a":' * 50_000, "x" * 100_000, "%ff",
)  # fmt: skip
RIGHT = {
    "connection": "acme", "--connection": "acme", "--resource": "BPCUSTOMER", "--key": "a", "--reason": "why",
    "--for": "4h", "id_": "0123", "shell": "bash", "source": "there.db", "--between": "1", "name": "acme",
    "--scope": "read",
}  # fmt: skip
"""What each argument that must be given may be."""
BESIDE = {
    "simulator": ["--print-config"], "demo": ["--exit-after", "0"],
}  # fmt: skip
"""What has a command end that would serve for ever."""


class Asked(NamedTuple):
    """A command, and the argument of it that is hostile."""

    words: tuple[str, ...]
    command: click.Command
    parameter: click.Parameter

    def line(self, value: str) -> list[str]:
        """Return the command line with `value` in its place, and what else must be there."""
        options, arguments = [], []
        for each in self.command.params:
            if each is not self.parameter and not each.required:
                continue
            given = value if each is self.parameter else RIGHT.get(each.opts[0]) or RIGHT[each.name or ""]
            if isinstance(each, click.Argument):
                arguments.append(given)
            elif each.nargs == 1:
                options.append(f"{each.opts[0]}={given}")
            else:
                options += [each.opts[0], *[given] * each.nargs]
        beside = [] if self.parameter.opts[0] in BESIDE.get(self.words[0], []) else BESIDE.get(self.words[0], [])
        return [*self.words, *options, *beside, "--", *arguments]


def every(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[Asked]:
    """Walk all commands and their arguments."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from every(below, (*words, name))
        return
    for each in command.params:
        if not getattr(each, "is_flag", False):
            yield Asked(words, command, each)


ASKED = list(every(commands))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, and a database that holds a record."""
    folder = tmp_path_factory.mktemp("arguments")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        (folder / "driftd.toml").write_text(CONFIG.format(port=free.getsockname()[1]))
    anyio.run(fill, folder / "data")
    shutil.copyfile(folder / "data" / "driftd.db", folder / "there.db")
    return folder


async def fill(data_dir: Path) -> None:
    async with SqliteStore.open(data_dir, clock_now=SystemClock().now) as store:
        await poll(store, created("a"))


def shared(asked: Sequence[Asked], values: Sequence[str], among: int) -> list[ParameterSet]:
    """Give each argument its part of the values, so that all are given to some, and in the longer form all of them."""
    made = []
    for number, each in enumerate(asked):
        name = f"{' '.join(each.words)} {each.parameter.opts[0]}"
        made.append(pytest.param(each, values[number % among :: among], id=name))
        made.append(pytest.param(each, values, marks=pytest.mark.heavy, id=f"{name}, all"))
    return made


def answered(line: list[str], capfd: pytest.CaptureFixture[str]) -> int:
    """Run a command line, look at what it says, and return its exit code."""
    capfd.readouterr()
    code = run(line)
    out, err = capfd.readouterr()
    assert code in {0, 1, 2, 3}
    assert out or err or code == 0
    assert harmless(out + err)
    return code


@pytest.fixture
def copied(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the site, as the folder to run in."""
    monkeypatch.delenv("DRIFTD_CONFIG", raising=False)
    shutil.copytree(site, tmp_path / "site")
    monkeypatch.chdir(tmp_path / "site")
    return tmp_path / "site"


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(("asked", "values"), shared(ASKED, HOSTILE, 8))
def test_any_argument_is_answered(asked: Asked, values: Sequence[str], capfd: pytest.CaptureFixture[str]) -> None:
    for value in values:
        answered(asked.line(value), capfd)


@pytest.mark.parametrize(
    ("asked", "values"), shared([each for each in ASKED if each.parameter.name != "config_path"], BYTES, 3)
)
def test_any_argument_is_answered_beside_a_daemon(
    asked: Asked, values: Sequence[str], copied: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What owns the data directory is asked, which does not answer."""
    with held(copied / "data" / LOCK):
        for value in values:
            answered(asked.line(value), capfd)


@pytest.mark.parametrize("asked", [("status",), ("db", "backup"), ("db", "backup", "--to", "copy.db")], ids=" ".join)
def test_a_folder_whose_name_is_no_utf_8_is_a_mistake(
    asked: tuple[str, ...], copied: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of the configuration, or of a file: it is told before anything is made."""
    odd = Path(os.fsdecode(os.fsencode(copied) + b"\xff"))
    copied.rename(odd)
    monkeypatch.chdir(odd)
    before = set(odd.rglob("*"))
    assert answered([*asked], capfd) == 2
    assert set(odd.rglob("*")) == before


@pytest.mark.usefixtures("copied")
def test_a_user_whose_name_is_no_utf_8_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be stored of it is replaced."""
    monkeypatch.setenv("LOGNAME", "jo\udcff")
    assert who(None) == "jo?"
    assert run(["db", "erase", "--connection", "acme", "--resource", "BPCUSTOMER", "--key", "a", "--reason", "x"]) == 0
