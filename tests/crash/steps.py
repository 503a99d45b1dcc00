"""Ends this process before the nth thing that it does to a directory: a statement, a write of SQLite's, a file moved.

For children of a test alone: what is hooked here stays hooked until the process ends.
"""

import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.crash.disk import Disk, Touch

KILLED: Final = -signal.SIGKILL
_FILES: Final = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.link", "shutil.copyfile"}
)
"""Audited operations whose first argument is the path (docs.python.org, "Audit events table")."""
_BY_DESCRIPTOR: Final = ("pwrite", "ftruncate", "fsync")
"""Operations of open files that are not audited, or not by name."""


class Steps:
    """Counts what is done to a directory by its kind, each before it is done."""

    def __init__(self, room: Path, kill_at: int | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._room = str(room)
        self._kill_at = kill_at

    def watch(self) -> None:
        """Begin to count."""
        Disk(self._touched).stand_between()
        sys.addaudithook(self._audited)
        connect = sqlite3.connect

        def watched(database: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
            opened: sqlite3.Connection = connect(database, *arguments, **named)
            if "mode=ro" not in str(database):
                opened.set_trace_callback(lambda _: self._before("statement"))
            return opened

        sqlite3.connect = watched  # type: ignore[assignment] # a test composition
        for name in _BY_DESCRIPTOR:
            setattr(os, name, self._by_descriptor(getattr(os, name)))

    def _by_descriptor(self, does: Callable[..., Any]) -> Callable[..., Any]:
        def watched(descriptor: int, *arguments: Any) -> Any:
            if self._is_ours(Path(f"/proc/self/fd/{descriptor}").readlink()):
                self._before("file")
            return does(descriptor, *arguments)

        return watched

    def _before(self, kind: str) -> None:
        if self.counts.total() == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.counts[kind] += 1

    def _touched(self, touch: Touch) -> None:
        if self._is_ours(touch.path):
            self._before(touch.verb)

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in _FILES) and self._is_ours(arguments[0]):
            self._before("file")

    def _is_ours(self, path: object) -> bool:
        return isinstance(path, str | bytes | Path) and os.fsdecode(path).startswith(self._room)
