"""Lag is how late the loop woke, for a minute and no longer."""

import anyio
from hypothesis import given
from hypothesis import strategies as st

from driftd.runtime.lag import PERIOD, Lag, watch_lag
from tests.fakes.virtual import VirtualClock, virtual_run


class LateClock(VirtualClock):
    """Oversleeps by `late` seconds, as where the loop is busy with something else."""

    late = 0.0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + self.late)


def test_a_loop_that_is_late_shows_it_for_a_minute() -> None:
    """No lag, then one of three quarters of a second, seen at once, kept for 60 s, gone after 65."""

    async def main() -> None:
        clock, lag = LateClock(), Lag()

        def seen() -> float:
            return lag.greatest(clock.monotonic())

        async with anyio.create_task_group() as group:
            group.start_soon(watch_lag, clock, lag)
            await anyio.sleep(100.1)
            assert seen() == 0
            clock.late = 0.75
            await anyio.sleep(2 * PERIOD + 0.75)
            clock.late = 0.0
            assert seen() == 0.75
            await anyio.sleep(1.5)
            for _ in range(58):
                await anyio.sleep(1)
                assert seen() == 0.75
            await anyio.sleep(6)
            assert seen() == 0
            group.cancel_scope.cancel()

    virtual_run(main)


def test_a_loop_that_hangs_is_seen_from_outside() -> None:
    """A wake-up that is overdue counts before it comes, so that another thread can see it."""
    lag = Lag()
    lag.expect(10.25)
    assert lag.greatest(10.2) == 0
    assert lag.greatest(40.25) == 30


def test_nothing_is_late_before_the_first_look() -> None:
    """A daemon that has not begun to look has no lag."""
    assert Lag().greatest(5.0) == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 10)), min_size=1, max_size=60), st.floats(0, 100))
def test_it_is_the_greatest_of_the_last_minute(waits: list[tuple[float, float]], after: float) -> None:
    """At least the greatest of the last 60 s, at most that of the last 65."""
    lag, now, woken = Lag(), 0.0, list[tuple[float, float]]()
    for wait, late in waits:
        due = now + wait
        lag.expect(due)
        now = due + late
        lag.woke(now)
        woken.append((now, now - due))
    lag.expect(now + 1_000)
    seen = lag.greatest(now + after)
    least, most = (max((late for at, late in woken if now + after - at < s), default=0.0) for s in (60, 65.001))
    assert least <= seen <= most
