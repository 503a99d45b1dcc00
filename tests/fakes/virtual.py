"""An asyncio event loop on virtual time: simulated hours pass as fast as their work is done.

Where nothing is ready the loop's time jumps to the next timer; nothing waits for real. Sockets, files and threads have
no part in that time and are refused. Two runs of the same code make the same steps in the same order: also where anyio
walks over a set of tasks or cancel scopes, which without a number of their own would stand in it by their addresses.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar, TypeVarTuple

import anyio
from anyio._backends._asyncio import CancelScope

from tests.fakes.patching import patched

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_MOST_ROUNDS = 100_000
"""Rounds of the loop at one instant before it counts as spinning."""
_NAMED = 20
EPOCH = 1_700_000_000_000


class DeadlockError(RuntimeError):
    """Nothing can ever happen again: no task is ready and no timer is set."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Counts its own time from 0, in seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Timers(self))
        numbers = count()
        self.set_task_factory(lambda loop, coro, **named: _Task(coro, next(numbers), loop=loop, **named))

    def time(self) -> float:
        return self._now

    def jump(self) -> None:
        """Go to the next timer."""
        self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined] # asyncio.base_events

    def run_in_executor(self, *_: object) -> NoReturn:
        raise RuntimeError("a thread has no part in virtual time: leave what needs one out of the simulation")

    def stuck(self) -> str:
        """Name the tasks that wait, and where."""
        waiting = [_told(each) for each in asyncio.all_tasks(self)]
        more = f"\n  and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
        return "\n  ".join(["", *sorted(waiting)[:_NAMED]]) + more


class _Task(asyncio.Task[Any]):
    """A task with a place of its own in sets."""

    def __init__(self, coro: Any, number: int, **named: Any) -> None:
        self._number = number
        super().__init__(coro, **named)

    def __hash__(self) -> int:
        return self._number


@contextmanager
def _numbered_scopes() -> Iterator[None]:
    """Give cancel scopes, whose slots have no room for a number, places of their own in sets."""
    numbers, order, made = dict[int, int](), count(), CancelScope.__init__

    def numbered(self: CancelScope, *given: Any, **named: Any) -> None:
        numbers[id(self)] = next(order)
        made(self, *given, **named)

    with patched(CancelScope, "__init__", numbered), patched(CancelScope, "__hash__", lambda self: numbers[id(self)]):
        yield


class _Timers(selectors.SelectSelector):
    """Takes the place of waiting: gives the loop its next timer at once. Only the loop's own self-pipe is let in."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._rounds = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.get_map():
            raise RuntimeError("a socket has no part in virtual time: use a fake in its place")
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            if woken := super().select(0):
                return woken
            raise DeadlockError(f"no task is ready and no timer is set; these wait for ever:{self._loop.stuck()}")
        if timeout > 0:
            self._rounds = 0
            self._loop.jump()
            return []
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS:
            self._rounds = 0  # the loop needs rounds to cancel its tasks
            raise DeadlockError(f"time stands still at {self._loop.time()} s; these spin or wait:{self._loop.stuck()}")
        return []


class VirtualClock:
    """Implements `driftd.ports.Clock` on the time of a `VirtualLoop`; the test moves the wall clock by `jump`."""

    def __init__(self, epoch: int = EPOCH) -> None:
        self._epoch = epoch

    def jump(self, ms: int) -> None:
        """Set the wall clock forward, or back; the monotonic clock does not notice."""
        self._epoch += ms

    def now(self) -> int:
        return self._epoch + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def virtual_run(function: Callable[[*Ts], Awaitable[T]], *arguments: *Ts) -> T:
    """Run an asynchronous function on virtual time; raises `DeadlockError` where it cannot end."""
    with _numbered_scopes():
        return anyio.run(function, *arguments, backend_options={"loop_factory": VirtualLoop})


def _told(task: asyncio.Task[Any]) -> str:
    """Name a task and the innermost line of ours at which it waits."""
    frames: list[FrameType] = []
    inner: Any = task.get_coro()
    while frame := getattr(inner, "cr_frame", None):
        frames.append(frame)
        inner = getattr(inner, "cr_await", None)
    ours = [each for each in frames if not {"anyio", "asyncio"} & set(Path(each.f_code.co_filename).parts)]
    at = (ours or frames)[-1:]
    return task.get_name() + "".join(f", in {each.f_code.co_qualname} at line {each.f_lineno}" for each in at)
