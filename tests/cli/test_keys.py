"""``driftd keys``: keys are made, and shown to nobody."""

import re
import sys
from pathlib import Path

import pytest

from driftd.app.keys import made
from tests.cli.conftest import Driftd, Site


def test_a_key_is_written_where_the_configuration_says(driftd: Driftd, site: Site) -> None:
    """To key_file, or to a file that is named; its id is told, and the key not."""
    site.config.write_text('[vault]\nkey_file = "key"\n' + site.config.read_text())
    path = site.config.parent / "key"
    ran = driftd("keys", "generate", "-c", site.config)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(rf'^"{path}" holds the key "[0-9a-f]{{16}}": keep a copy', ran.out)
    assert path.read_text().strip() not in ran.out
    assert driftd("keys", "generate", "--to", "other").code == 0
    again = driftd("keys", "generate", "-c", site.config)
    assert (again.code, again.out) == (2, "")
    assert "is there already, and no key is overwritten" in again.err
    before = path.read_text()
    assert driftd("keys", "generate", "-c", site.config, "--add").code == 0
    assert path.read_text().endswith(before)


def test_without_a_place_it_says_what_to_give(driftd: Driftd, site: Site) -> None:
    ran = driftd("keys", "generate", "-c", site.config)
    assert ran.code == 2
    assert "give --to FILE, or --print" in ran.err


def test_a_key_is_printed_for_programs_alone(driftd: Driftd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never to a terminal, and to no file besides."""
    ran = driftd("keys", "generate", "--print")
    assert re.fullmatch(r"[0-9a-f]{64}\n", ran.out)
    assert re.fullmatch(r'the key is "[0-9a-f]{16}"\n', ran.err)
    assert driftd("keys", "generate", "--print", "--to", "file").code == 2
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = driftd("keys", "generate", "--print")
    assert (shown.code, shown.out) == (2, "")
    assert "shown on no terminal" in shown.err


def test_what_makes_keys_needs_no_configuration(driftd: Driftd, tmp_path: Path) -> None:
    """Where the place is given; the folder of it must be there."""
    assert driftd("keys", "generate", "--to", tmp_path / "key").code == 0
    ran = driftd("keys", "generate", "--to", tmp_path / "gone" / "key")
    assert ran.code == 2
    assert "cannot be written" in ran.err
    assert len(made()[1]) == 64
