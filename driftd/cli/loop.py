"""The event loop of a command: uvloop where the extra ``driftd[fast]`` is installed, asyncio's own elsewhere."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from types import FrameType
from typing import TypeVar, TypeVarTuple

import anyio

_ROOM = 16 << 20
"""Bytes that are taken once and given back. From then on glibc keeps what is freed up to that size, and twice as much
in all, for what is needed next (mallopt(3): the dynamic mmap threshold), where each page of a tenant would have its
memory asked for from the kernel and zeroed anew: a tenth of a sweep (measured)."""
_ALLOCATIONS = 50_000
"""Objects made, less those gone, before the youngest are searched for cycles; Python's own figure is 700."""
_ARENA_MAX = -8
_SET_DUMPABLE = 4
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run(function: Callable[[*Ts], Awaitable[T]], *arguments: *Ts) -> T:
    """Run an asynchronous function to its end and return its result."""
    leave_no_core()
    settle()
    return anyio.run(_heeding, function, arguments, backend_options={"use_uvloop": find_spec("uvloop") is not None})


async def _heeding(function: Callable[[*Ts], Awaitable[T]], arguments: tuple[*Ts]) -> T:
    """Have SIGTERM cancel the function where SIGINT is ignored, as it is in a script's background.

    Elsewhere asyncio has SIGINT do so, and SIGTERM does what SIGINT does. It is raised anew once all is in order.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        return await function(*arguments)
    with anyio.CancelScope() as scope:
        with _cancelling(scope):
            return await function(*arguments)
    signal.raise_signal(signal.SIGTERM)
    raise KeyboardInterrupt


@contextmanager
def _cancelling(scope: anyio.CancelScope) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def cancel(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(scope.cancel)

    before = signal.signal(signal.SIGTERM, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def settle() -> None:
    """Say that what a command needs is imported: from now on garbage is looked for, though seldom.

    Pages are many objects without a cycle among them: looking for cycles as often as Python does by default costs a
    tenth of a first sweep (measured).
    """
    bytes(_ROOM)
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 100)
    gc.enable()


def raise_limit() -> None:
    """Allow as many open files as the system lets us: thousands of tenants may need a socket at once."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def leave_no_core() -> None:
    """Have nothing of our memory written to disk should we crash, nor read by another process of the same user.

    It holds secrets, tokens and records. prctl(2) numbers PR_SET_DUMPABLE; elsewhere than on Linux the limit must do.
    """
    import ctypes
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def share_one_arena() -> None:
    """Have all threads allocate from one arena, where this is glibc.

    Each thread keeping one of its own lets a daemon's memory creep by a megabyte a minute for hours; with one it stays
    level (measured). mallopt(3) numbers the setting.
    """
    import ctypes

    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
