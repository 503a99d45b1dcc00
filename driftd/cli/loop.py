"""The event loop of a command: uvloop where the extra ``driftd[fast]`` is installed, asyncio's own elsewhere."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TypeVar, TypeVarTuple

import anyio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run(function: Callable[[*Ts], Awaitable[T]], *arguments: *Ts) -> T:
    """Run an asynchronous function to its end and return its result."""
    return anyio.run(function, *arguments, backend_options={"use_uvloop": find_spec("uvloop") is not None})
