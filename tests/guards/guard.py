"""A guard of the product, and how it is taken away."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from tests.fakes.patching import patched
from tests.simulation.play import simulate
from tests.simulation.verdict import Verdict, clock

Trial = Callable[[int], str | None]
"""Plays a seed and returns the first violation; None where no law is broken."""


@dataclass(frozen=True)
class Guard:
    """One guard."""

    name: str
    without: Callable[[], AbstractContextManager[object]]
    """Takes it away, and nothing else: what it asks about counts as answered well."""
    expects: tuple[str, ...]
    """Words one of which the violation must have that its loss leads to."""
    seed: int
    """A seed that finds its loss."""
    trial: Trial

    @property
    def what(self) -> str:
        """What is taken away, or happens without it."""
        return (self.without.__doc__ or "").partition("\n")[0]


class Broken(SystemExit):
    """A law is broken: nothing more need be played. As an exit, for event loops let no other exception through."""


def simulated(seed: int) -> str | None:
    """Simulate a seed up to the first law that it breaks, and return that."""
    told: list[str] = []

    def broken(verdict: Verdict, at: float, what: str) -> None:
        del verdict
        told.append(f"{clock(at)} {what}")
        with suppress(RuntimeError):  # where no loop runs any more
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # what else ends is nothing new
        raise Broken(what)

    with patched(Verdict, "broken", broken):
        try:
            simulate(seed, HOURS)
        except* Broken:
            pass
    return told[0] if told else None


HOURS = 6.0
"""Simulated under faults for each seed, as in the default suite."""
