"""The key from which the keys of private members are derived: a file beside the database, never in it.

Whoever has the database or a backup of it alone can try no value against a hash.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from driftd.errors import ConfigError, Mistake

NAME: Final = "private.key"
_SIZE: Final = 32


class KeyFile:
    """``private.key`` of a data directory: 64 hex digits, for our eyes only."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / NAME

    def read(self) -> bytes | None:
        """Return the key; None where there is none. Raises `ConfigError` for a file that is none, or open to others."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                text = file.read(1_000)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}", "let driftd alone read it") from error
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise self._wrong("may be read by others", f'run "chmod 600 {self.path}"')
        if status.st_uid not in (os.geteuid(), 0):
            raise self._wrong("belongs to another user", "give it to the user that runs driftd")
        with suppress(ValueError):
            key = bytes.fromhex(text.decode("ascii", "replace").strip())
            if len(key) == _SIZE:
                return key
        raise self._wrong("holds no key", f"put back the file of {2 * _SIZE} hex digits from where it is kept")

    def make(self) -> bytes:
        """Make a key and return it; one that was made meanwhile by another counts.

        It is written beside and linked, so that it is there as a whole or not at all.
        """
        unfinished = self.path.with_name(f"{NAME}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_hex(_SIZE).encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(unfinished, self.path)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise self._wrong(f"cannot be made: {error.strerror}", "let driftd write in data_dir") from error
        key = self.read()
        if key is None:
            raise self._wrong("is gone as soon as it is made", "let driftd alone write in data_dir")
        return key

    def _wrong(self, what: str, then: str) -> ConfigError:
        return ConfigError([Mistake("", f'the key of private members "{self.path}" {what}: {then}')])
