"""A guard of the product, and how it is taken away."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.simulation.play import simulate

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


def simulated(seed: int) -> str | None:
    """Simulate a seed; return the first law that it broke."""
    violations = simulate(seed, HOURS).violations
    return violations[0] if violations else None


HOURS = 6.0
"""Simulated under faults for each seed, as in the default suite."""
