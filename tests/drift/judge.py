"""Right, wrong, missed or false: what was found against what the oracle says."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import NamedTuple

from tests.drift.facts import under
from tests.drift.happenings import Expected
from tests.drift.oracle import Verdict
from tests.drift.subject import Found


class Judgement(NamedTuple):
    """What is to be said of one trial."""

    right: bool
    """What must be found was, with the right impacts, and nothing else was."""
    found: bool | None
    """Whether what must be found was, whatever its impacts; None where nothing must."""
    impacts: bool | None
    """Whether all of it had the right impacts; None where nothing was matched."""
    severity: bool | None
    """Whether it weighs what it must; None where nothing was matched."""
    missed: tuple[Expected, ...] = ()
    """Of the way that fits best."""
    false: tuple[Found, ...] = ()


class _Fit(NamedTuple):
    matched: tuple[tuple[Expected, Found], ...]
    missed: tuple[Expected, ...]
    false: tuple[Found, ...]
    impacts: bool

    @property
    def rank(self) -> tuple[bool, int, int]:
        return not self.missed, -len(self.false) - len(self.missed), self.impacts


def judged(verdict: Verdict, found: Iterable[Found]) -> Judgement:
    """Judge what was found: by the way of the verdict that fits it best."""
    told = sorted(set(found), key=str)
    fits = [_fit(sorted(way, key=str), told, verdict) for way in sorted(verdict.ways, key=str)]
    best = max(fits, key=lambda fit: fit.rank)
    right = not best.missed and not best.false and best.impacts
    must = not verdict.silent
    severity = all(_weighs(each, expected, verdict.used) for expected, each in best.matched if expected.shape)
    return Judgement(
        right,
        not best.missed if must else None,
        best.impacts if best.matched else None,
        severity if best.matched else None,
        best.missed,
        best.false,
    )


def fits(expected: Expected, found: Found) -> bool:
    """Tell whether a finding is the expected one, whatever its impacts."""
    if expected.name != found.finding or expected.shape != (found.kind == "schema"):
        return False
    return expected.paths is None or (found.field or "").removesuffix("[]") in expected.paths


def _fit(way: Sequence[Expected], found: Sequence[Found], verdict: Verdict) -> _Fit:
    orders = permutations(found, min(len(way), len(found))) if len(found) <= 6 else [tuple(found)]
    best: tuple[tuple[Expected, Found], ...] = ()
    for order in orders:
        pairs = _paired(way, order)
        if len(pairs) > len(best):
            best = pairs
    met = {expected for expected, _ in best}
    left = [each for each in found if each not in {one for _, one in best}]
    false = [each for each in left if not any(fits(beside, each) for beside in verdict.beside)]
    impacts = all((one.read_impact, one.write_impact) == expected.impacts for expected, one in best if expected.shape)
    return _Fit(best, tuple(each for each in way if each not in met), tuple(false), impacts)


def _paired(way: Sequence[Expected], found: Iterable[Found]) -> tuple[tuple[Expected, Found], ...]:
    free, pairs = list(found), []
    for expected in way:
        one = next((each for each in free if fits(expected, each)), None)
        if one is not None:
            free.remove(one)
            pairs.append((expected, one))
    return tuple(pairs)


def _weighs(found: Found, expected: Expected, used: frozenset[str]) -> bool:
    """Tell whether a finding weighs what its impacts and the field's use make of it (drift 3.3).

    The share decides where emptiness was seen (drift 4.2), so that it may weigh anything. What concerns the whole
    resource, or its key or cursor, is used.
    """
    if found.finding == "became_nullable":
        return True
    impacts = {found.read_impact, found.write_impact}
    if "breaking" not in impacts:
        return found.severity == ("warning" if "warning" in impacts else "info")
    paths = (expected.paths or frozenset()) | {(found.field or "").removesuffix("[]")}
    whole = found.finding in {"key_changed", "cursor_lost", "resource_removed"}
    touched = whole or any(each == path or under(each, path) for path in paths if path for each in used)
    return found.severity == ("critical" if touched else "warning")
