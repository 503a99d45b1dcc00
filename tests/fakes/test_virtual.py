"""Virtual time behaves as real time does, and passes at once."""

import asyncio
import random
import socket

import anyio
import anyio.to_thread
import pytest

from tests.fakes.virtual import EPOCH, DeadlockError, VirtualClock, virtual_run


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    """Each wakes exactly when it asked for, whoever slept first."""
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append((seconds, anyio.current_time()))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for seconds in (86_400.5, 0.1, 3_600.0, 1e7):
                group.start_soon(sleeper, seconds)

    virtual_run(main)
    assert woken == [(each, each) for each in (0.1, 3_600.0, 86_400.5, 1e7)]


def test_deadlines_end_what_takes_longer_and_nothing_else() -> None:
    """fail_after and move_on_after count virtual seconds."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            with anyio.fail_after(10):
                await anyio.sleep(11)
        with anyio.move_on_after(5) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        with anyio.fail_after(10):
            await anyio.sleep(9)
        with anyio.move_on_after(1), anyio.CancelScope(shield=True):
            await anyio.sleep(3)
        return anyio.current_time()

    assert virtual_run(main) == 10 + 5 + 9 + 3


def test_limiters_and_events_work() -> None:
    """Two at once of five that take a minute are done in three; an event wakes at its time."""

    async def main() -> tuple[float, float]:
        limiter, event = anyio.CapacityLimiter(2), anyio.Event()

        async def work() -> None:
            async with limiter:
                await anyio.sleep(60)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(work)
        done = anyio.current_time()
        async with anyio.create_task_group() as group:
            asyncio.get_running_loop().call_later(7, event.set)
            group.start_soon(event.wait)
        return done, anyio.current_time()

    assert virtual_run(main) == (180, 187)


def test_the_wall_clock_jumps_and_the_monotonic_does_not() -> None:
    """Both pass together otherwise."""

    async def main() -> None:
        clock = VirtualClock()
        assert (clock.now(), clock.monotonic()) == (EPOCH, 0)
        await clock.sleep(1.5)
        assert (clock.now(), clock.monotonic()) == (EPOCH + 1_500, 1.5)
        clock.jump(-3_600_000)
        await clock.sleep(1)
        assert (clock.now(), clock.monotonic()) == (EPOCH + 2_500 - 3_600_000, 2.5)

    virtual_run(main)


def test_a_deadlock_names_who_waits() -> None:
    """It is an error at once, and says where each task stands."""

    async def poller() -> None:
        await anyio.Event().wait()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            await anyio.sleep(5)
            group.start_soon(poller, name="poller of acme")

    with pytest.raises(DeadlockError, match=r"poller of acme, in .*\.poller at line \d+"):
        virtual_run(main)


def test_a_task_that_spins_is_found() -> None:
    """Where time cannot pass, that is said instead of running for ever."""

    async def main() -> None:
        await anyio.sleep(3)
        while True:
            await anyio.lowlevel.checkpoint()

    with pytest.raises(DeadlockError, match=r"time stands still at 3\.0 s"):
        virtual_run(main)


def test_sockets_are_refused() -> None:
    """What waits for the network cannot be simulated so."""

    async def main() -> None:
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            with pytest.raises(RuntimeError, match="a socket has no part"):
                await asyncio.get_running_loop().sock_recv(here, 1)

    virtual_run(main)


def test_threads_are_refused() -> None:
    """Nor what waits for a thread of the loop's executor."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match="a thread has no part"):
            await asyncio.get_running_loop().getaddrinfo("localhost", 1)

    virtual_run(main)


def told(seed: int) -> list[tuple[float, int]]:
    """Run tasks that sleep by chance and share a limiter; returns who acted when."""
    acts: list[tuple[float, int]] = []

    async def main() -> None:
        chance, limiter = random.Random(seed), anyio.CapacityLimiter(3)

        async def actor(number: int) -> None:
            for _ in range(20):
                await anyio.sleep(chance.choice([0, 0.5, 1, 7]))
                async with limiter:
                    acts.append((anyio.current_time(), number))
                    await anyio.sleep(chance.random())

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(actor, number)

    virtual_run(main)
    return acts


def test_the_same_seed_gives_the_same_run() -> None:
    """So that a failing simulation can be played again."""
    assert told(1) == told(1)
    assert told(1) != told(2)
    assert len(told(1)) == 200
