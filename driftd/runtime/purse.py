"""What one connection may still spend today."""

from typing import Final

from driftd.core.budget import Budget, Usage
from driftd.errors import Reason, SourceError
from driftd.ports import Clock

_DAYS: Final = 8
"""Days of which it is remembered what was used."""


class Purse:
    """Counts the requests and bytes of one connection against its day."""

    def __init__(self, connection: str, budget: Budget, usage: Usage, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock
        self._usage = usage
        self._days: dict[str, Usage] = {}
        """What was used of the latest days, for a clock that is set and set back."""
        self._turned = usage
        """What was used of the present day when it was last turned to."""
        self._looked = self._ends = 0
        self.budget = budget

    @property
    def usage(self) -> Usage:
        """What is used of the present day."""
        now = self.clock.now()
        if not self._looked <= now < self._ends:
            self._turn(now)
        self._looked = now
        return self._usage

    def _turn(self, now: int) -> None:
        """Turn to the day of `now`: the next one, or an earlier one of a clock that was put back."""
        before, today = self._usage, self.budget.today(self._usage, now)
        known = self._days.get(today.day, today)
        if today.day < before.day and today.day in self._days:
            since = before.requests - self._turned.requests, before.bytes - self._turned.bytes
            known = Usage(today.day, known.requests + since[0], known.bytes + since[1])
        if today.day != before.day:
            self._days = dict([*self._days.items(), (before.day, before)][-_DAYS:])
            self._usage = self._turned = known
        self._ends = self.budget.next_day(now)

    def send(self) -> None:
        """Count one request, or raise `SourceError` where none is left."""
        used = self.usage
        if not self.budget.allows(used):
            raise self.spent()
        self._usage = Usage(used.day, used.requests + 1, used.bytes)

    def receive(self, size: int) -> None:
        """Count bytes read, and raise `SourceError` with those that are too many."""
        used = self.usage
        self._usage = Usage(used.day, used.requests, used.bytes + size)
        if self._usage.bytes > self.budget.bytes:
            raise self.spent()

    def affords(self, requests: int, size: int) -> bool:
        """Tell whether so many requests and bytes are left."""
        left = self.budget.left(self.usage)
        return requests <= left[0] and size <= left[1]

    def bears(self, requests: int, size: int) -> bool:
        """Tell whether a whole day has so many requests and bytes."""
        return requests <= self.budget.requests and size <= self.budget.bytes

    @property
    def resumes(self) -> int:
        """When the next day begins, epoch ms."""
        return self.budget.next_day(self.clock.now())

    def spent(self) -> SourceError:
        """Return the failure of a request that there is no budget for."""
        requests = self.usage.requests >= self.budget.requests
        limit = f"requests_per_day = {self.budget.requests}" if requests else f"bytes_per_day = {self.budget.bytes}"
        return SourceError(
            Reason.BUDGET_EXHAUSTED,
            f'connection "{self.connection}": today\'s {limit} are used up',
            hint=f"it goes on with the next day in {self.budget.timezone}; raise the limit, or poll less often",
        )
