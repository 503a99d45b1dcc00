"""Several addresses of one host: which is tried when, and that the first to answer is the only one kept (RFC 8305)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, TypeVar

import anyio

STAGGER: Final = 0.25
"""Seconds after which the next address is tried beside the one before (§5)."""
_Opened = TypeVar("_Opened")


class Place(NamedTuple):
    """One resolved address of a host."""

    family: int
    address: str
    port: int


def in_turn(places: Sequence[Place]) -> Sequence[Place]:
    """Put places into the order of §4: families alternate, each in the resolver's order."""
    leading = [place for place in places if place.family == places[0].family]
    others = [place for place in places if place.family != places[0].family]
    pairs = zip(leading, others, strict=False)
    shorter = min(len(leading), len(others))
    return [*(place for pair in pairs for place in pair), *leading[shorter:], *others[shorter:]]


async def first(
    places: Sequence[Place],
    open_: Callable[[Place], Awaitable[_Opened]],
    close: Callable[[_Opened], Awaitable[None]],
) -> _Opened:
    """Open the first place that answers: the next is tried once one has failed, or is late.

    Raises what `open_` raises for a single place; an `OSError` from a group of such errors for several.
    """
    if len(places) == 1:
        return await open_(places[0])
    async with _unless_cancelled(close) as (opened, failures):
        async with anyio.create_task_group() as group:

            async def attempt(place: Place, over: anyio.Event) -> None:
                try:
                    opened.append(await open_(place))
                    group.cancel_scope.cancel()
                except Exception as error:
                    failures.append(error)
                finally:
                    over.set()

            for place in places:
                over = anyio.Event()
                group.start_soon(attempt, place, over)
                with anyio.move_on_after(STAGGER):
                    await over.wait()
        if not opened:
            raise OSError("no address answers") from ExceptionGroup("each of them", failures)
        for late in opened[1:]:
            await close(late)
        return opened[0]


@asynccontextmanager
async def _unless_cancelled(
    close: Callable[[_Opened], Awaitable[None]],
) -> AsyncIterator[tuple[list[_Opened], list[Exception]]]:
    """Give lists of what is opened and of what failed; close what is opened where the block ends by an error."""
    opened: list[_Opened] = []
    try:
        yield opened, []
    except BaseException:
        with anyio.CancelScope(shield=True):
            for each in opened:
                await close(each)
        raise
