"""Paths such as ``SOHSOP[].ITMREF``: what lies below what."""

from collections.abc import Iterator, Mapping
from typing import Final

LONGEST: Final = 300
"""Characters of a path; X3's names have twelve, and eight levels are looked into."""
ELEMENTS: Final = "[]"
ANY: Final = ".*"
"""Ends the path that stands for all members of an object with too many dynamic names."""
_CUSTOM: Final = frozenset("XYZ")


def parent(path: str) -> str | None:
    """Return what `path` lies in: ``A[].B`` → ``A[]`` → ``A`` → None."""
    if path.endswith(ELEMENTS):
        return path.removesuffix(ELEMENTS)
    above, dot, _ = path.rpartition(".")
    return above if dot else None


def above(path: str) -> Iterator[str]:
    """Yield everything that `path` lies in, the nearest first."""
    at = parent(path)
    while at is not None:
        yield at
        at = parent(at)


def within(path: str, top: str) -> bool:
    """Tell whether `path` is `top` or lies below it."""
    return path.startswith(top) and (len(path) == len(top) or path[len(top)] in ".[")


def last(path: str) -> str:
    """Return the name that `path` ends with."""
    return path.removesuffix(ELEMENTS).rpartition(".")[2]


def custom(path: str) -> bool:
    """Tell whether a specific development added the member: its name begins with X, Y or Z."""
    name = last(path)
    return len(name) > 1 and name[0] in _CUSTOM


def moved(path: str, ways: Mapping[str, str]) -> str:
    """Return where `path` is after each of `ways` (old → new) was gone; the longest that applies counts."""
    for top in (path, *above(path)):
        if top in ways:
            return ways[top] + path[len(top) :]
    return path
