"""Reads the configuration's files; `parse_documents` does the rest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from driftd.config.model import ClassDefaults, Config
from driftd.config.parse import Document, parse_documents
from driftd.errors import ConfigError, Mistake

LARGEST: Final = 16 << 20
"""Bytes of one file; a thousand connections take half a MiB."""
FILES: Final = 10_000
"""Files in ``conf.d``."""


def load(path: Path, catalogue: Mapping[str, ClassDefaults]) -> Config:
    """Read `path` and the ``conf.d/*.toml`` beside it.

    Raises `ConfigError` with every mistake; names a file as it was given.
    """
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:  # databases and notes lie beside it, and SQLite opens no other path
        raise ConfigError([Mistake(str(path), "lies in a folder whose name is not UTF-8: rename it")]) from None
    documents = [_read(path, str(path))]
    others = sorted((path.parent / "conf.d").glob("*.toml"))
    if len(others) > FILES:
        raise ConfigError([Mistake("conf.d", f"holds {len(others)} files: at most {FILES:,} are read")])
    documents += [_read(each, f"conf.d/{each.name}") for each in others]
    return parse_documents(documents, catalogue)


def _read(path: Path, name: str) -> Document:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)  # no more, whatever the file is
        if len(content) > LARGEST:
            message = f"is longer than {LARGEST >> 20} MiB: spread the connections over files in conf.d"
            raise ConfigError([Mistake(name, message)])
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        message = "does not exist: give another with --config, or write one after config.example.toml"
        raise ConfigError([Mistake(name, message)]) from None
    except IsADirectoryError:
        raise ConfigError([Mistake(name, "is a directory: give the file in it with --config")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Mistake(name, f"is not UTF-8 text (byte {error.start}): save it as UTF-8")]) from None
    except OSError as error:
        message = f"cannot be read ({error.strerror}): let driftd's user read it"
        raise ConfigError([Mistake(name, message)]) from None
    return Document(text, name, path.absolute().parent)
