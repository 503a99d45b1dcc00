"""What a test of a fault says it saw, so that a table can be made of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

OBSERVED: Final = "observed"
Observe = Callable[..., None]
"""``observe(text, lost=0, invented=0)``: what was seen in a few words, and how many changes the log lacks, or has too
many, against the truth; None where the fault is not about records. A test observes before it asserts."""


class Observation(NamedTuple):
    """One of them."""

    text: str
    lost: int | None
    invented: int | None


def observer(record: Callable[[str, object], None]) -> Observe:
    """Return what notes observations with a test's report."""

    def observe(text: str, *, lost: int | None = None, invented: int | None = None) -> None:
        record(OBSERVED, [text, lost, invented])

    return observe
