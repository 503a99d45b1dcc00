"""Locks by name, of which only those exist that somebody holds or waits for: of 100,000 resources few are busy."""

from weakref import WeakValueDictionary

import anyio


class Locks:
    """A lock for each name."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], anyio.Lock] = WeakValueDictionary()

    def __getitem__(self, name: tuple[str, str]) -> anyio.Lock:
        """Return the lock of a name: the same one for as long as anybody has it in hand."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = anyio.Lock()
        return lock
