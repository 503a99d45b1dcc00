"""How far the log was told, noted beside the database: what is left to know where that cannot be asked any more.

The note is behind the log by less than half of what a rebase passes over, so that no number behind it plus a whole
jump was ever told: see `rebasing`.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import write

JUMP: Final = 2**32
"""Numbers passed over at least: more than two days of events at the greatest rate that was ever measured."""
_NAME: Final = "driftd.told"
_GREATEST: Final = 2**53
"""Readers of JSON keep no greater whole numbers: what says more was not written by us."""


def noted(data_dir: Path) -> int:
    """Return the number that was noted last, 0 where none was. Raises `StoreError` where it cannot be read."""
    text = b""
    with mapped(data_dir), suppress(FileNotFoundError):
        text = (data_dir / _NAME).read_bytes()[:20].strip()
    number = int(text) if text.isdigit() else 0
    return number if number <= _GREATEST else 0


def note(data_dir: Path, seq: int) -> None:
    """Have the disk keep that the log may have been told up to `seq`. Raises `StoreError` where it cannot."""
    if seq > noted(data_dir):
        with mapped(data_dir):
            write(data_dir / _NAME, f"{seq}\n")


def keep_up(data_dir: Path, seq: int) -> None:
    """Note `seq`, the last number of a log, where the note is far behind it. Raises as `note` does."""
    if seq - noted(data_dir) > JUMP // 2:
        note(data_dir, seq)
