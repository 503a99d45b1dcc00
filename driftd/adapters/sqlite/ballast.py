"""A file that only holds room: on a full disk SQLite can not even delete, until it is given back (measured)."""

import os
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.faults import mapped
from driftd.core.space import Room

NAME: Final = "driftd.ballast"


class Ballast:
    """The ballast of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME

    def room(self, *, refused: bool) -> Room:
        """Look at the volume. Raises `StoreError` where it is gone."""
        with mapped(self._path.parent):
            volume = os.statvfs(self._path.parent)
        size, free = volume.f_blocks * volume.f_frsize, volume.f_bavail * volume.f_frsize
        return Room(size, free, self.size, refused=refused)

    @property
    def size(self) -> int:
        """The bytes that it holds."""
        try:
            return self._path.stat().st_blocks * 512
        except OSError:
            return 0

    def make(self, size: int) -> None:
        """Have it hold `size` bytes; raises `StoreError` where there is no room, and then holds none."""
        with mapped(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.ftruncate(descriptor, size)
                os.posix_fallocate(descriptor, 0, size)
            except OSError:
                self._path.unlink()
                raise
            finally:
                os.close(descriptor)

    def release(self) -> bool:
        """Give the room back; return whether there was any. Raises `StoreError` where that cannot be done."""
        held = self.size > 0
        with mapped(self._path):
            self._path.unlink(missing_ok=True)
        return held
