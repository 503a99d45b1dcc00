"""Keys are read from where they are kept, and nothing of what stands there is told."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.adapters.vault.keyring import Kek, Keyring
from driftd.adapters.vault.making import add_to_file, made, make_file
from driftd.adapters.vault.sources import LARGEST, read_keys
from driftd.config.model import VaultConfig
from driftd.errors import ConfigError

KEY = "5a" * 32
PLANTED = "planted-secret"


def _ids(keys: Keyring) -> list[bytes]:
    return [each.id for each in keys]


def _file(path: Path, content: bytes = KEY.encode(), mode: int = 0o600) -> VaultConfig:
    path.write_bytes(content)
    path.chmod(mode)
    return VaultConfig(key_file=path)


def _printing(code: str) -> VaultConfig:
    return VaultConfig(key_command=(sys.executable, "-I", "-c", code))


def _refused(vault: VaultConfig, seconds: float = 30.0) -> str:
    with pytest.raises(ConfigError) as refused:
        read_keys(vault, seconds)
    ((path, message),) = refused.value.mistakes
    assert path == f"vault.{vault.named}"
    assert PLANTED not in message
    assert KEY not in message
    return message


def test_a_command_is_not_given_the_secrets_of_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may stand in variables of ours; all else it has as we do."""
    key = "ab" * 32
    for name in ("ALDGATE_SECRET", "BRIGG_SECRET", "ITS_OWN"):
        monkeypatch.setenv(name, key)
    code = "import os; print(*[v for n, v in os.environ.items() if n.endswith(('_SECRET', 'ITS_OWN'))], sep=chr(10))"
    vault = VaultConfig(
        key_command=(sys.executable, "-I", "-c", code), hidden=frozenset({"ALDGATE_SECRET", "BRIGG_SECRET"})
    )
    assert len(_ids(read_keys(vault))) == 1
    monkeypatch.delenv("ITS_OWN")
    assert "holds no key" in _refused(vault)


def test_the_four_places_give_the_same_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, variable, credential and command; and no place gives none."""
    monkeypatch.setenv("A_KEY", KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "kek").write_text(KEY)
    (tmp_path / "kek").chmod(0o440)
    places = [
        _file(tmp_path / "file"),
        VaultConfig(key_env="A_KEY"),
        VaultConfig(key_credential="kek"),
        _printing(f"print('{KEY}')"),
    ]
    assert [_ids(read_keys(each)) for each in places] == [[Kek(bytes.fromhex(KEY)).id]] * 4
    assert _ids(read_keys(VaultConfig())) == []


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (KEY.encode(), 0o640, 'may be read by others: run "chmod 600'),
        (b"", 0o600, "holds no key"),
        (PLANTED.encode(), 0o600, "holds something that is no key"),
        (b"\xff\xfe", 0o600, "holds no text"),
        (b"#" * (LARGEST + 1), 0o600, "is longer than"),
    ],
)
def test_a_file_that_is_no_key_of_ours_is_refused(tmp_path: Path, content: bytes, mode: int, why: str) -> None:
    assert why in _refused(_file(tmp_path / "file", content, mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who may replace it could have secrets sealed with a key of theirs."""
    vault = _file(tmp_path / "file")
    os.chown(tmp_path / "file", 12345, 12345)
    assert "belongs to another user" in _refused(vault)


def test_a_place_where_nothing_is_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each of the four; a pipe without a writer holds nobody up."""
    monkeypatch.delenv("A_KEY", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    os.mkfifo(tmp_path / "pipe")
    assert "does not exist: put it back, or run `driftd keys generate`" in _refused(
        VaultConfig(key_file=tmp_path / "gone")
    )
    assert "is no regular file" in _refused(VaultConfig(key_file=tmp_path / "pipe"))
    assert "is no regular file" in _refused(VaultConfig(key_file=tmp_path))
    assert 'the variable "A_KEY" is not set' in _refused(VaultConfig(key_env="A_KEY"))
    assert "LoadCredentialEncrypted=kek" in _refused(VaultConfig(key_credential="kek"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "does not exist: add LoadCredentialEncrypted=kek" in _refused(VaultConfig(key_credential="kek"))
    assert "cannot be run" in _refused(VaultConfig(key_command=(str(tmp_path / "gone"),)))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            f"import sys; print('{PLANTED}', file=sys.stderr); print('{KEY}'); sys.exit(3)",
            "exit code 3: run it by hand",
        ),
        (f"print('{PLANTED}')", "holds something that is no key"),
        ("while True: print('5a' * 4096)", "prints more than"),
        ("import os; os.write(1, b'\\xff')", "holds no text"),
    ],
)
def test_a_command_is_believed_only_where_it_prints_keys_and_ends_well(code: str, why: str) -> None:
    assert why in _refused(_printing(code))


def test_a_command_has_its_time_and_what_it_started_too() -> None:
    """Both are ended: a child that holds on to the output does not hold us."""
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    for code in ("import time; time.sleep(600)", child):
        assert "takes longer than 0.5 s" in _refused(_printing(code), seconds=0.5)


def test_a_file_of_a_new_key_is_ours_alone_and_overwrites_none(tmp_path: Path) -> None:
    """It is readable by its owner; where there is one already, that stays as it is."""
    path = tmp_path / "key"
    key = make_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert _ids(read_keys(VaultConfig(key_file=path))) == [key.id]
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        make_file(path)
    with pytest.raises(ConfigError, match="cannot be written"):
        make_file(tmp_path / "gone" / "key")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_a_key_that_is_added_comes_first_and_the_others_stay(tmp_path: Path) -> None:
    """With what is written beside them; a file that holds no key, or is not there, gets none."""
    path = tmp_path / "key"
    old = make_file(path)
    path.write_text(f"# of the first year\n{path.read_text()}")
    new = add_to_file(path)
    assert _ids(read_keys(VaultConfig(key_file=path))) == [new.id, old.id]
    assert "# of the first year" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "linked").symlink_to(path)
    newest = add_to_file(tmp_path / "linked")
    assert _ids(read_keys(VaultConfig(key_file=path))) == [newest.id, new.id, old.id]
    (tmp_path / "linked").unlink()
    path.write_text(PLANTED)
    for wrong in (path, tmp_path / "gone"):
        with pytest.raises(ConfigError):
            add_to_file(wrong)
    assert path.read_text() == PLANTED
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("write", [make_file, add_to_file])
def test_a_full_disk_leaves_what_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], Kek]
) -> None:
    """Nothing half-written stands anywhere."""
    path = tmp_path / "key"
    if write is add_to_file:
        make_file(path)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write(path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_keys_are_drawn_and_not_made_up() -> None:
    """No two are alike, and the text is that of the key."""
    keys = [made() for _ in range(100)]
    assert len({text for _, text in keys}) == len({key.id for key, _ in keys}) == 100
    assert all(key.reveal().hex() == text for key, text in keys)
