"""Makes keys, and files of them for our eyes only. No key that a file holds is ever lost by it."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from driftd.adapters.vault.keyring import Kek, read_text
from driftd.adapters.vault.sources import read_keys
from driftd.config.model import VaultConfig
from driftd.core.sealed import KEY
from driftd.errors import ConfigError, Mistake

_OURS: Final = 0o600


def made() -> tuple[Kek, str]:
    """Return a new key, and its text."""
    text = secrets.token_hex(KEY)
    return Kek(bytes.fromhex(text)), text


def make_file(path: Path) -> Kek:
    """Write a file of one new key. Raises `ConfigError` where there is a file already, or none can be written.

    It is written beside and linked, so that it is there as a whole or not at all.
    """
    if not path.name:
        raise _wrong(path, "names no file: give the one to write")
    key, text = made()
    _written(path, f"{text}\n", _link)
    return key


def add_to_file(path: Path) -> Kek:
    """Put a new key before those of a file, which stay; raises `ConfigError` where it holds none or is not ours."""
    path = path.resolve()
    read_keys(VaultConfig(key_file=path))
    key, text = made()
    before = path.read_text("utf-8")
    _written(path, f"{text}\n{before}", _take_the_place)
    return key


def _written(path: Path, text: str, put: Callable[[Path, Path], None]) -> None:
    read_text(text)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OURS)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            put(unfinished, path)
            _settle(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise _wrong(path, "is there already, and no key is overwritten: give another, or --add a key to it") from None
    except OSError as error:
        raise _wrong(path, f"cannot be written ({error.strerror}): give a folder that you may write in") from error


def _link(unfinished: Path, path: Path) -> None:
    os.link(unfinished, path)


def _take_the_place(unfinished: Path, path: Path) -> None:
    status = path.stat()
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(unfinished, status.st_uid, status.st_gid)
    unfinished.replace(path)


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrong(path: Path, what: str) -> ConfigError:
    return ConfigError([Mistake("", f'the file "{path}" {what}')])
