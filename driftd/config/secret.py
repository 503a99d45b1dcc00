"""Where a secret stands; its value is read when it is needed and kept nowhere in clear."""

import os
from pathlib import Path

from msgspec import Struct

from driftd.errors import ConfigError, Mistake


class SecretRef(Struct, frozen=True):
    """A secret's place: an environment variable, a file, or the vault. Its text never holds the secret."""

    path: str
    """TOML path of the setting, for messages."""
    env: str | None = None
    file: Path | None = None
    field: str = ""
    """The setting that driftd keeps itself, sealed. Exactly one of the three is set."""

    def read(self) -> str:
        """Return the secret as it stands there now, without its trailing newline.

        Raises `ConfigError` naming the variable or file, never its content.
        """
        if self.field:
            raise ConfigError([Mistake(self.path, "is kept by driftd: it stands in no variable and no file")])
        value = self._from_env() if self.env is not None else self._from_file()
        value = value.removesuffix("\n").removesuffix("\r")
        if not value:
            raise self._mistake("is empty: put the secret there")
        return value

    def _from_env(self) -> str:
        value = os.environ.get(self.env or "")
        if value is None:
            raise self._mistake("is not set: export it in driftd's environment")
        return value

    def _from_file(self) -> str:
        try:
            return (self.file or Path()).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise self._mistake("does not exist: create it, readable by driftd alone") from None
        except UnicodeDecodeError:
            raise self._mistake("is not UTF-8 text") from None
        except OSError as error:
            raise self._mistake(f"cannot be read ({error.strerror}): let driftd's user read it") from None

    def _mistake(self, message: str) -> ConfigError:
        place = f'the variable "{self.env}"' if self.env is not None else f'the file "{self.file}"'
        return ConfigError([Mistake(self.path, f"{place} {message}")])
