"""Places for what takes much memory, given in the order in which they were asked for, without a task that waits."""

from collections.abc import Callable, Hashable


class Rooms:
    """So many places; whoever finds none is told when it has one."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[Hashable, Callable[[], None]] = {}
        self._granted: set[Hashable] = set()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def enter(self, who: Hashable, tell: Callable[[], None]) -> bool:
        """Take a place; without a free one, have `tell` called once there is one for `who`, who then enters."""
        if who in self._granted:
            self._granted.remove(who)
            return True
        if self._free and not self._waiting:
            self._free -= 1
            return True
        self._waiting.setdefault(who, tell)
        return False

    def leave(self) -> None:
        """Give a place back."""
        if not self._waiting:
            self._free += 1
            return
        who = next(iter(self._waiting))
        tell = self._waiting.pop(who)
        self._granted.add(who)
        tell()

    def forget(self, who: Hashable) -> None:
        """Wait no longer, and give back a place that was granted and not entered."""
        self._waiting.pop(who, None)
        if who in self._granted:
            self._granted.remove(who)
            self.leave()
