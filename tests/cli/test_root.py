"""The command line as a whole: quick, and every failure in words with its exit code."""

import json
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from driftd import __version__
from driftd.cli.failures import exit_code, foreseen
from driftd.errors import ConfigError, LockedError, Mistake, Reason, SourceError, StoreError
from tests.cli.conftest import Driftd, Started

COMMANDS = ("poll", "changes", "records", "check", "connections", "demo", "simulator", "version", "completion")
HEAVY = {"httpx", "aiosqlite", "rich", "anyio", "uvicorn", "msgspec"}


@pytest.mark.parametrize("arguments", [["--help"], ["version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom driftd.cli.root import run\n"
        f"code = run({arguments!r})\nprint(code, *sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "0\n"


def test_help_names_every_command_and_every_command_has_help(driftd: Driftd) -> None:
    text = driftd("--help").out
    for name in COMMANDS:
        assert f"\n  {name} " in text
        assert driftd(name, "--help").code == 0
    assert driftd("check", "config", "-h").code == 0


def test_a_wrong_command_or_option_is_a_usage_error_with_a_suggestion(driftd: Driftd) -> None:
    ran = driftd("pol")
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "poll"?' in ran.err
    assert driftd("nonsense").code == 2
    assert driftd("poll", "--ful").code == 2
    assert driftd().code == 2


def test_version_tells_what_support_asks_first(driftd: Driftd) -> None:
    told = json.loads(driftd("version", "--format", "json").out)
    assert set(told) == {"version", "revision", "python", "platform", "sqlite"}
    assert (told["version"], told["python"]) == (__version__, platform.python_version())
    assert driftd("version").out.startswith(f"driftd {__version__}\n")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(driftd: Driftd, shell: str) -> None:
    ran = driftd("completion", shell)
    assert ran.code == 0
    assert "_DRIFTD_COMPLETE" in ran.out


def test_without_a_configuration_the_places_are_named_with_the_next_step(driftd: Driftd) -> None:
    for command in (["poll"], ["changes"], ["check", "config"]):
        ran = driftd(*command)
        assert ran.code == 2
        assert '"driftd.toml"' in ran.err
        assert "--config" in ran.err


def test_a_configuration_is_found_by_option_by_variable_and_in_the_folder(
    driftd: Driftd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "driftd.toml").write_text("here = 1")
    (tmp_path / "variable.toml").write_text("variable = 1")
    (tmp_path / "option.toml").write_text("option = 1")
    assert driftd("poll").err.startswith("here: ")
    monkeypatch.setenv("DRIFTD_CONFIG", "variable.toml")
    assert driftd("poll").err.startswith("variable: ")
    assert driftd("poll", "-c", "option.toml").err.startswith("option: ")


def test_a_failure_is_told_apart_from_a_bug() -> None:
    lock, broken = LockedError("x"), ValueError("x")
    assert foreseen(ExceptionGroup("g", [ExceptionGroup("h", [lock])])) is lock
    assert foreseen(ExceptionGroup("g", [lock, broken])) is None
    assert foreseen(broken) is None


def test_each_failure_has_its_exit_code() -> None:
    assert exit_code(ConfigError([Mistake("a", "b")])) == 2
    assert exit_code(LockedError("x")) == 3
    assert exit_code(SourceError(Reason.TIMEOUT, "x")) == 1
    assert exit_code(StoreError("x")) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_or_terminated_command_ends_at_once_without_a_traceback(
    start: Started, number: signal.Signals, code: int
) -> None:
    process = start("simulator", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    assert "end it with Ctrl-C" in process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (code, "", "")


def test_a_reader_that_goes_away_is_no_failure() -> None:
    line = f"{sys.executable} -m driftd completion zsh | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_stream_is_no_failure() -> None:
    """A command started without a place for its messages, or for its output, does what it does all the same."""
    for closed in ("2>&-", ">&-"):
        done = subprocess.run(["bash", "-c", f"{sys.executable} -m driftd completion zsh {closed}"], check=False)
        assert done.returncode == 0
