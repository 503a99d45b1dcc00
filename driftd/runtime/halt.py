"""What keeps all of capture from going on, for want of room: no cycle begins, and those that run are abandoned."""

from collections.abc import Callable

from driftd.core.health import Trouble


class Halt:
    """Whether anything may be captured; whoever polls is told when that changes."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        """Why nothing may be; None: it may."""
        self._members: set[Callable[[], None]] = set()

    def join(self, told: Callable[[], None]) -> None:
        """Have `told` called whenever it begins or ends."""
        self._members.add(told)

    def leave(self, told: Callable[[], None]) -> None:
        """End that."""
        self._members.discard(told)

    def set(self, trouble: Trouble | None) -> None:
        """Begin, or with None end."""
        self.trouble = trouble
        for told in tuple(self._members):
            told()
