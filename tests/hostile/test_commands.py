"""Command lines of any arguments, and outputs that take nothing."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.cli.records import candidates
from driftd.cli.root import run
from driftd.core.model import Resource
from tests.config.written import TENANT
from tests.hostile.effort import EXPLORING, MANY, tried
from tests.hostile.texts import LONE, TEXTS, harmless

CONFIG = f"""
[daemon]
data_dir = "data"
{TENANT}
[[connections.resources]]
name = "BPCUSTOMER"
"""
ODD = st.sampled_from(
    ["aldgate", "BPCUSTOMER", "C001", "--", "-1", "9" * 30, "1e9", "[[" * 3_000, '["a"]', "0001-01-01", "24h", "9999d"]
)  # fmt: skip
ARGUMENTS = TEXTS.filter(lambda text: "\0" not in text) | LONE | ODD
COMMANDS = (
    "status", "status aldgate", "explain", "history aldgate --since", "history aldgate --limit", "changes --after",
    "history aldgate --until", "changes --limit", "changes --connection", "records --connection", "drift show",
    "records --connection aldgate --resource BPCUSTOMER", "drift accept --reason x", "drift accept x --reason",
    "drift mute x --reason x --for", "alerts list --resource", "drift versions --connection aldgate --resource",
    "healthcheck --url", "completion", "check", "",
)  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that was never polled."""
    place = tmp_path_factory.mktemp("hostile") / "driftd.toml"
    place.write_text(CONFIG)
    return place


@pytest.mark.parametrize("examples", [30, pytest.param(MANY, marks=pytest.mark.heavy)])
def test_any_arguments_are_answered(config: Path, capfd: pytest.CaptureFixture[str], examples: int) -> None:
    """Whatever is asked, there is an exit code, what is wrong in words, and nothing that a terminal obeys."""

    @settings(max_examples=examples, derandomize=not EXPLORING, database=None)
    @given(st.sampled_from(COMMANDS), st.lists(ARGUMENTS, min_size=1, max_size=2))
    def asked(command: str, arguments: list[str]) -> None:
        capfd.readouterr()
        os.environ["DRIFTD_CONFIG"] = str(config)
        try:
            code = run([*command.split(), *arguments])
        finally:
            del os.environ["DRIFTD_CONFIG"]
        out, err = capfd.readouterr()
        assert code in {0, 1, 2, 3}
        assert out or err or code == 0
        assert harmless(out + err)

    asked()


@tried(60, TEXTS | LONE | st.text('[]",0123456789.eE-~ab{}', max_size=16))
def test_any_text_is_a_key_or_none(text: str) -> None:
    """What a person types for a key is looked up as text and as numbers, or is refused in words."""
    for names in (("BPCNUM",), ("TYP", "NUM")):
        with suppress(click.UsageError):
            assert all(isinstance(each, bytes) for each in candidates(text, Resource("a", "R", "R", names)))


FULL = Path("/dev/full")


def driven(*arguments: str, **streams: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a command line in a process of its own."""
    given_ = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run([sys.executable, "-m", "driftd", *arguments], check=False, **given_)  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_an_output_without_room_is_told(config: Path) -> None:
    """What cannot be written is one clear line and exit code 1, and no traceback."""
    with FULL.open("wb") as full:
        ran = driven("status", "--config", str(config), stdout=full)
        assert ran.returncode == 1
        assert ran.stderr.splitlines()[-1].startswith(b"driftd: the output cannot be written (No space left on device)")
        assert b"Traceback" not in ran.stderr
        assert driven("nonsense", stdout=full, stderr=full).returncode == 2


def test_a_reader_that_goes_is_no_failure(config: Path) -> None:
    """A pipe that is closed ends the command quietly, with 0."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = driven("check", "config", "--config", str(config), stdout=writing)
    os.close(writing)
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr
    assert b"rror" not in ran.stderr


def test_a_terminal_of_few_letters_gets_them_escaped(config: Path) -> None:
    """An encoding without accents gives escapes, and JSON stays JSON."""
    surroundings = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    asked = ("explain", "--config", str(config), "aldgate", "--lang", "fr")
    ran = driven(*asked, env=surroundings)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert ran.stdout.isascii()
    told = driven(*asked, "--format", "json", env=surroundings)
    assert told.stdout.isascii()
    assert json.loads(told.stdout)["language"] == "fr"
