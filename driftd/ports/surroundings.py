"""What the runtime asks of time, and of the log."""

from typing import Protocol, Self


class Clock(Protocol):
    """Time as data. Nobody else may ask for it."""

    def now(self) -> int:
        """Return the wall clock, epoch ms: for display, stamps and expiry only."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back: for periods and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable."""
        ...


class Log(Protocol):
    """The daemon's log. An event is a fixed short phrase, a fact's name a fixed word; what varies is in the values.

    No call raises. A value of None is left out; ``error`` takes the exception itself.
    """

    def debug(self, event: str, /, **facts: object) -> None:
        """Say what helps to find a fault."""
        ...

    def info(self, event: str, /, **facts: object) -> None:
        """Say what happened as it should."""
        ...

    def warning(self, event: str, /, **facts: object) -> None:
        """Say what somebody may have to look at."""
        ...

    def error(self, event: str, /, **facts: object) -> None:
        """Say what somebody must look at."""
        ...

    def bind(self, **facts: object) -> Self:
        """Return a log that adds `facts` to all it says."""
        ...
