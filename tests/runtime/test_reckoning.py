"""The log is pruned by a clock that is set while the daemon runs, and while it does not."""

from dataclasses import dataclass, field

import anyio
import pytest

from driftd.core.retention import DAY, Cursor, Retention
from driftd.runtime.pruning import EVERY, SOON, Pruning
from tests.contracts.staged import created, poll
from tests.fakes.log import Line, Told
from tests.fakes.memory_store import MemoryStore
from tests.runtime.world import FakeClock

HOUR = 3_600_000
YEAR = 365 * DAY


class Set(FakeClock):
    """A clock that is wrong by what it is set to; a long sleep ends what sleeps."""

    off = 0

    def now(self) -> int:
        return self.ms + self.off

    async def sleep(self, seconds: float) -> None:
        if seconds >= SOON:
            self.slept.append(seconds)
            raise anyio.EndOfStream


@dataclass
class Life:
    """A log, and the daemons that prune it one after the other."""

    clock: Set = field(default_factory=Set)
    said: list[Line] = field(default_factory=list)
    answer: bool = True
    """Whether servers answer, whose clocks are right."""
    kept_for: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        self.store = MemoryStore(now=self.clock.now)
        self.begin()

    def begin(self) -> None:
        """Begin a new process."""
        self.pruning = Pruning(self.store.changelog, self.clock, Told(self.said), lambda: self.kept_for, self.others)

    def others(self) -> list[int]:
        return [self.clock.ms] * 3 if self.answer else []

    async def look(self, after: int = HOUR) -> None:
        """Prune once, so long after the last time, ms."""
        self.clock.ms += after
        with pytest.raises(anyio.EndOfStream):
            await self.pruning.run()

    async def commit(self, name: str) -> None:
        await poll(self.store, created(name))

    async def kept(self) -> list[int]:
        return [each.seq for each in await self.store.read_changes(0, 100)]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("answer", [False, True])
async def test_a_clock_that_is_ahead_for_an_hour_takes_nothing(restarted: bool, answer: bool) -> None:
    """Neither events nor the cursor that has not read them; though the daemon is started anew meanwhile, and commits
    what it stamps ahead, and whether or not a server answers."""
    life = Life(answer=answer)
    await life.look()
    await life.commit("a")
    await life.store.changelog.move(Cursor("reader", 0, life.clock.now()))
    life.clock.off = 2 * YEAR
    await life.commit("b")
    if restarted:
        life.begin()
    for _ in range(2):
        await life.look(HOUR // 3)
        await life.commit(f"c{life.clock.ms}")
    life.clock.off = 0
    await life.look(HOUR // 3)
    assert await life.kept() == [1, 2, 3, 4]
    assert len(await life.store.changelog.cursors()) == 1
    assert (await life.store.changelog.extent()).whole == 1


@pytest.mark.parametrize("off", [-YEAR, -50 * YEAR, HOUR // 2, YEAR, 10 * YEAR])
@pytest.mark.parametrize("restarted", [False, True])
async def test_what_a_wrong_clock_stamped_goes_in_its_time(off: int, restarted: bool) -> None:
    """Neither before it is old enough, nor years later, and with it all that came after it. (Where it is behind and the
    daemon is started anew before the clock is right, what it stamped is as old as it says.)"""
    life = Life()
    await life.commit("long ago")
    life.begin()
    await life.look(89 * DAY)
    life.clock.off = off
    await life.commit("a")
    await life.look()
    life.clock.off = 0
    if restarted and off > 0:
        life.begin()
    await life.look()
    await life.commit("b")
    await life.look(2 * DAY)
    assert await life.kept() == [2, 3]
    await life.look(87 * DAY)
    assert await life.kept() == [2, 3]
    await life.look(2 * DAY)
    assert await life.kept() == []


async def test_a_cursor_that_was_used_in_the_future_holds_back_for_its_time_only() -> None:
    """From when that is seen."""
    life = Life()
    await life.commit("a")
    await life.store.changelog.move(Cursor("reader", 0, life.clock.now() + YEAR))
    await life.look()
    await life.look(91 * DAY)
    assert await life.kept() == []


async def test_a_log_that_began_with_its_daemon_gets_old_though_no_server_says_the_time() -> None:
    """Time goes on from when the daemon began."""
    life = Life(answer=False)
    await life.look()
    await life.commit("a")
    await life.look(89 * DAY)
    assert await life.kept() == [1]
    await life.look(2 * DAY)
    assert await life.kept() == []


async def test_without_a_clock_to_believe_only_room_is_made() -> None:
    """It is looked again soon, and after an hour time goes on from the newest commit of before."""
    life = Life(answer=False)
    await life.commit("a")
    await life.commit("b")
    life.clock.ms += 200 * DAY  # while nothing runs
    life.begin()
    await life.look(HOUR - 1)
    assert (await life.kept(), life.clock.slept) == ([1, 2], [SOON])
    await life.look(1)
    assert (await life.kept(), life.clock.slept) == ([1, 2], [SOON, EVERY])
    life.kept_for = Retention(log_bytes=(await life.store.changelog.extent()).bytes - 1)
    life.begin()
    await life.look(0)
    assert (await life.kept(), life.clock.slept) == ([2], [SOON, EVERY, SOON])
    await life.look(90 * DAY + 1)
    assert await life.kept() == []


async def test_that_the_clock_is_ahead_is_said_once() -> None:
    """And once that it is right again."""
    life = Life()
    await life.look()
    life.clock.off = 2 * HOUR
    await life.look()
    await life.look()
    life.clock.off = 0
    await life.look()
    assert [(level, event) for level, event, _ in life.said] == [
        ("warning", "clock is ahead"),
        ("info", "clock is believed again"),
    ]
    assert life.said[0][2]["seconds"] == 7200


async def test_who_prunes_by_hand_is_obeyed() -> None:
    """At the word of this machine's clock."""
    life = Life()
    await life.commit("a")
    life.clock.off = YEAR
    assert (await life.pruning.by_hand()).removed == 1
