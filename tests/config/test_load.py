"""`load`: the file, its conf.d, its secrets."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.config import SecretRef, load
from driftd.config.shape import Overrides, Resource
from driftd.errors import ConfigError
from tests.config.written import CATALOGUE, TENANT

ROOT = Path(__file__).parents[2]


def message(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, CATALOGUE)
    return str(caught.value)


def test_connections_of_conf_d_join_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_text('[defaults]\npage_size = 77\n[daemon]\ndata_dir = "data"\n' + TENANT)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "b.toml").write_text(TENANT.replace('"aldgate"', '"brigg"'))
    (tmp_path / "conf.d" / "a.txt").write_text("not read")
    config = load(tmp_path / "driftd.toml", CATALOGUE)
    assert [each.name for each in config.connections] == ["aldgate", "brigg"]
    assert config.connections[1].settings.page_size == 77
    assert config.data_dir == tmp_path / "data"


def test_mistakes_of_conf_d_name_their_file_and_stand_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_text("[daemon]\nlog_level = 'loud'\n" + TENANT)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "b.toml").write_text("[web]\n" + TENANT)
    (tmp_path / "conf.d" / "c.toml").write_text("[[connections]\n")
    text = message(tmp_path / "driftd.toml")
    assert "daemon.log_level: " in text
    assert "conf.d/b.toml: web: belongs in " in text
    assert "conf.d/b.toml: connections[0].name: " in text
    assert "conf.d/c.toml: is not TOML at line 1" in text


def test_a_file_that_cannot_be_read_is_named_with_the_next_step(tmp_path: Path) -> None:
    assert "does not exist: give another with --config" in message(tmp_path / "none.toml")
    assert "is a directory" in message(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    assert "is not UTF-8 text (byte 5)" in message(tmp_path / "latin.toml")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_bytes(b"\xef\xbb\xbf[daemon]\n")
    assert load(tmp_path / "driftd.toml", CATALOGUE).connections == ()


def test_a_secret_is_read_when_needed_and_loses_its_line_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    secret = SecretRef("auth.client_secret", file=file)
    file.write_text("one \r\n")
    assert secret.read() == "one "
    file.write_text("two")
    assert secret.read() == "two"
    monkeypatch.setenv("A_SECRET", "three\n")
    assert SecretRef("auth.client_secret", env="A_SECRET").read() == "three"


def test_a_secret_that_cannot_be_read_names_its_place_only(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    cases = {
        SecretRef("a.b", env="NOT_SET_HERE"): 'the variable "NOT_SET_HERE" is not set',
        SecretRef("a.b", file=tmp_path / "none"): "does not exist",
        SecretRef("a.b", file=tmp_path / "empty"): "is empty",
        SecretRef("a.b", file=tmp_path / "bytes"): "is not UTF-8 text",
        SecretRef("a.b", file=tmp_path): "cannot be read",
    }
    for secret, says in cases.items():
        with pytest.raises(ConfigError, match=re.escape(says)):
            secret.read()


def example_lines() -> Iterator[str]:
    yield from (ROOT / "config.example.toml").read_text().splitlines()


def test_the_example_loads_with_its_defaults() -> None:
    config = load(ROOT / "config.example.toml", CATALOGUE)
    assert [each.name for each in config.connections] == ["aldgate"]
    standard = load(ROOT / "config.example.toml", CATALOGUE).connections[0].settings
    assert standard == type(standard)()


def test_the_example_loads_with_every_comment_in_force(tmp_path: Path) -> None:
    wanted = [line.removeprefix("# ") for line in example_lines() if re.match(r"# (\[|[a-z_]+ = )", line)]
    apart = {"sweep_cron", "key_env", "key_credential", "key_command"}  # each stands beside its alternative
    text = "\n".join(
        line.removeprefix("# ") if re.match(r"# (\[|[a-z_]+ = )", line) and line.split()[1] not in apart else line
        for line in example_lines()
    )
    (tmp_path / "driftd.toml").write_text(text)
    config = load(tmp_path / "driftd.toml", CATALOGUE)
    assert [each.name for each in config.connections] == ["aldgate", "brigg", "camden", "dalston"]
    assert len(config.webhooks) == 1
    assert len(wanted) > 15


def test_the_example_shows_every_key() -> None:
    shown = {found[1] for line in example_lines() if (found := re.match(r"(?:# )?([a-z_]+) = ", line))}
    assert {*Overrides.__struct_fields__, *Resource.__struct_fields__} <= shown
