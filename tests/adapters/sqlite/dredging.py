"""Looks for words in everything that is in a data directory: plain, and within whatever is compressed there."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import zstandard

_MAGIC = b"\x28\xb5\x2f\xfd"


def found(data_dir: Path, *words: bytes) -> set[str]:
    """Return where any of `words` is: names of files, and tables with their columns; all that is stored is opened."""
    places = {path.name for path in sorted(data_dir.iterdir()) if path.is_file() and _any(words, [path.read_bytes()])}
    for path in sorted(data_dir.glob("*.db*")):
        if not path.name.endswith(("-wal", "-shm")):
            places |= {f"{path.name}: {place}" for place, held in values(path) if _any(words, [held])}
    return places


def values(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every table, frames as what they hold."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        dictionaries = {frame[4:8]: frame for (frame,) in db.execute("SELECT dictionary FROM dictionaries")}
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            cursor = db.execute(f'SELECT * FROM "{table}"')
            names = [each[0] for each in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    held = value if isinstance(value, bytes) else str(value).encode()
                    yield f"{table}.{name}", held
                    if held.startswith(_MAGIC):
                        yield f"{table}.{name} (opened)", _decompressed(held, dictionaries)


def _decompressed(frame: bytes, dictionaries: dict[bytes, bytes]) -> bytes:
    name = zstandard.get_frame_parameters(frame).dict_id
    if not name:
        return zstandard.ZstdDecompressor().decompress(frame)
    dictionary = zstandard.ZstdCompressionDict(dictionaries[name.to_bytes(4, "little")])
    return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(frame)


def _any(words: Iterable[bytes], texts: Iterable[bytes]) -> bool:
    return any(word in text for text in texts for word in words)
