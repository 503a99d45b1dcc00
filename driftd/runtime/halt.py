"""What keeps all of capture from going on, for want of room: no cycle begins, and those that run are abandoned."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anyio import CancelScope

from driftd.core.health import Trouble


class Halt:
    """Whether anything may be captured; whoever polls is told when that changes."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        """Why nothing may be; None: it may."""
        self.spare: int | None = None
        """Bytes that may be written before it could begin, as last looked at; None: nobody looks."""
        self._members: dict[Callable[[], None], None] = {}

    def join(self, told: Callable[[], None]) -> None:
        """Have `told` called whenever it begins or ends."""
        self._members[told] = None

    def leave(self, told: Callable[[], None]) -> None:
        """End that."""
        self._members.pop(told, None)

    @contextmanager
    def pausing(self) -> Iterator[CancelScope]:
        """Cancel what is within as soon as nothing may be captured."""

        def told() -> None:
            if self.trouble is not None:
                scope.cancel()

        with CancelScope() as scope:
            self.join(told)
            try:
                told()
                yield scope
            finally:
                self.leave(told)

    def set(self, trouble: Trouble | None) -> None:
        """Begin, or with None end."""
        self.trouble = trouble
        for told in tuple(self._members):
            told()
