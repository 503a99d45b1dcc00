"""Pruning by bites, once an hour, whatever becomes of one of them."""

from collections.abc import Callable

import anyio
import pytest

from driftd.core.retention import Pruned, Retention
from driftd.errors import FencedError, StoreError
from driftd.runtime.pruning import EVERY, REST, Pruning
from tests.fakes.log import Line, Told
from tests.fakes.memory_changelog import MemoryChangelog
from tests.fakes.memory_store import MemoryStore
from tests.runtime.world import FakeClock

MORE = Pruned(removed=2, more=True)
MIB = 1 << 20


class Scripted(MemoryChangelog):
    """Prunes as it is told to."""

    def __init__(self, *parts: Pruned | Exception) -> None:
        super().__init__(MemoryStore())
        self.parts = list(parts)
        self.asked: list[Retention] = []

    async def prune(self, retention: Retention, now: int, budget: float) -> Pruned:
        self.asked.append(retention)
        part = self.parts.pop(0) if self.parts else Pruned()
        if isinstance(part, Exception):
            raise part
        return part


class Ticking(FakeClock):
    """Ends what sleeps for long, after as many times as it is told to."""

    def __init__(self, hours: int) -> None:
        super().__init__()
        self.hours = hours
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds == EVERY:
            self.hours -= 1
            if not self.hours:
                raise anyio.EndOfStream


class Slow(FakeClock):
    """Is half a second later each time it is asked."""

    def monotonic(self) -> float:
        self.ms += 500
        return super().monotonic()


def pruning(
    changelog: MemoryChangelog, clock: FakeClock, said: list[Line], kept: Callable[[], Retention] = Retention
) -> Pruning:
    return Pruning(changelog, clock, Told(said), kept, lambda: [clock.now()])


async def test_it_goes_on_until_nothing_is_left_with_a_rest_between() -> None:
    """Space is given back once nothing is left to prune; all of it is told."""
    changelog, clock = Scripted(MORE, MORE, Pruned(stripped=1)), Ticking(1)
    changelog.free = 2 * MIB + 5
    done = await pruning(changelog, clock, []).prune(clock.now())
    assert done == Pruned(removed=4, stripped=1, file_bytes=2 * MIB + 5)
    assert clock.slept == [REST, REST]


async def test_a_bite_ends_with_its_time() -> None:
    """Then it says that there is more."""
    changelog, clock = Scripted(), Slow()
    changelog.free = 3 * MIB
    done = await pruning(changelog, clock, []).by_hand()
    assert (done.file_bytes, done.more) == (2 * MIB, True)


async def test_it_comes_back_each_hour_whatever_happens() -> None:
    """By the retention in force then; a store that cannot be written is told of, one that is another's ends it."""
    kept = [Retention(), Retention(bodies=1), Retention(bodies=2)]
    changelog, said = Scripted(StoreError("the disk is full"), Pruned(removed=3)), list[Line]()
    with pytest.raises(anyio.EndOfStream):
        await pruning(changelog, Ticking(3), said, lambda: kept[len(changelog.asked)]).run()
    assert changelog.asked == kept
    assert said == [
        ("error", "log cannot be pruned", {"error": "the disk is full"}),
        ("info", "log pruned", {"events": 3, "bodies": 0, "bytes_given_back": 0}),
    ]
    with pytest.raises(FencedError):
        await pruning(Scripted(FencedError("another's")), Ticking(3), []).run()
