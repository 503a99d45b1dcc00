"""Where a vanished member went: its values, under the same keys before and after, tell.

Law: a constant, a boolean and an empty field never match; a match is mutual, or there is none. Few distinct values
prove nothing, unless all are equal and the name is the same: then the member only stands elsewhere.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from driftd.core.schema.counts import above

Leaves = Mapping[str, tuple[Any, ...]]

PAIRS: Final = 30
"""Records that must show a value on both sides."""
EQUAL: Final = 0.95
DISTINCT: Final = 5
SAMPLED: Final = 120
"""Pairs kept of one way in which records changed."""
WAYS: Final = 24
_WIDE: Final = 200
"""Members looked at on either side."""
_DEEP: Final = 8
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d+)?")
_EMPTY: Final = frozenset({None, "", "0000-00-00"})


class Match(NamedTuple):
    """One vanished path, and where its values are now."""

    to: str
    why: str


class Samples:
    """Pairs of what vanished and what came, a bounded number of each combination of paths."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Leaves, Leaves]] = []
        self._taken: dict[Hashable, int] = {}

    def take(self, way: Hashable, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Keep what of two records' members one has and the other lacks; `way` says how they differ."""
        taken = self._taken.get(way, 0)
        if taken >= SAMPLED or len(self._taken) >= WAYS > taken == 0:
            return
        self._taken[way] = taken + 1
        old, new = leaves(before), leaves(after)
        went = {path: values for path, values in old.items() if path not in new}
        came = {path: values for path, values in new.items() if path not in old}
        if not went or not came or len(went) > _WIDE or len(came) > _WIDE:
            return
        self._pairs.append((went, came))

    def matches(self) -> dict[str, Match]:
        """Return where each vanished path went, as far as the values prove it."""
        return _collections(_mutual(_scored(self._pairs)))


def leaves(record: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return every scalar of a record by its path; of lines all, in their order."""
    found: dict[str, list[Any]] = {}
    _walk(record, "", _DEEP, found)
    return {path: tuple(values) for path, values in found.items()}


def _walk(value: object, path: str, depth: int, found: dict[str, list[Any]]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items() if depth else ():
            _walk(inner, f"{path}.{name}" if path else name, depth - 1, found)
    elif isinstance(value, list):
        for element in value if depth else ():
            _walk(element, path + "[]", depth - 1, found)
    else:
        found.setdefault(path, []).append(value)


class _Score(NamedTuple):
    equal: int
    n: int
    loose: bool
    """Whether some values are equal only as text: a number became one, or ceased to be one."""


def _scored(pairs: Sequence[tuple[Leaves, Leaves]]) -> dict[tuple[str, str], _Score]:
    n: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    loose: set[tuple[str, str]] = set()
    distinct: dict[str, set[Any]] = {}
    for went, came in pairs:
        spelt = {to: (values, _spelt(values)) for to, values in came.items()}
        for path, values in went.items():
            if _void(values):
                continue
            distinct.setdefault(path, set()).add(values)
            told = _spelt(values)
            for to, (new, new_told) in spelt.items():
                if _void(new):
                    continue
                n[path, to] += 1
                if told == new_told:
                    equal[path, to] += 1
                    if set(map(type, values)) != set(map(type, new)) and not _numeric((*values, *new)):
                        loose.add((path, to))
    return {
        pair: _Score(equal[pair], count, pair in loose)
        for pair, count in n.items()
        if count >= PAIRS and equal[pair] >= _least(pair, count, len(distinct[pair[0]]))
    }


def _least(pair: tuple[str, str], count: int, distinct: int) -> float:
    """Return how many of `count` values must be equal."""
    if distinct >= DISTINCT:
        return EQUAL * count
    return count if distinct > 1 and _name(pair[0]) == _name(pair[1]) else count + 1


def _void(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, bool) or value in _EMPTY for value in values)


def _spelt(values: tuple[Any, ...]) -> tuple[str, ...]:
    """Return values as text; several that are all the same, as one: a header's member may have gone to its lines."""
    told = tuple(map(_plain, values))
    return told[:1] if len(set(told)) == 1 else told


def _numeric(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _plain(value: object) -> str:
    """Return a value as text, the same for a number and for what spells it."""
    told = str(value)
    return repr(float(told)) if _NUMBER.fullmatch(told) else told


def _mutual(scores: Mapping[tuple[str, str], _Score]) -> dict[str, tuple[str, _Score]]:
    best = _best(scores)
    back = _best({(to, path): score for (path, to), score in scores.items()})
    return {path: (to, scores[path, to]) for path, to in best.items() if back.get(to) == path}


def _best(scores: Mapping[tuple[str, str], _Score]) -> dict[str, str]:
    """Return each path's best match; none where two are as good and neither has its name or place."""
    by_path: dict[str, list[tuple[tuple[float, bool, bool], str]]] = {}
    for (path, to), score in scores.items():
        likeness = (score.equal / score.n, _name(path) == _name(to), above(path) == above(to))
        by_path.setdefault(path, []).append((likeness, to))
    found = {}
    for path, rated in by_path.items():
        rated.sort(reverse=True)
        if len(rated) == 1 or rated[0][0] > rated[1][0]:
            found[path] = rated[0][1]
    return found


def _name(path: str) -> str:
    return path.removesuffix("[]").rpartition(".")[2]


def _collections(found: Mapping[str, tuple[str, _Score]]) -> dict[str, Match]:
    """Return matches; that of a collection where its members went together to another."""
    made: dict[str, Match] = {}
    for path, (to, score) in sorted(found.items()):
        made[path] = Match(to, _why(score))
    for old, new in dict.fromkeys(_lifted(found)):
        score = next(score for path, (to, score) in found.items() if path.startswith(old) and to.startswith(new))
        made[old] = Match(new, f"{_why(score)} in its lines")
    return made


def _lifted(found: Mapping[str, tuple[str, _Score]]) -> Iterable[tuple[str, str]]:
    """Yield collections and objects whose members kept their names: each proves its parent's move."""
    for path, (to, _) in found.items():
        old, new = path, to
        while above(old) and above(new) and old[len(above(old)) :] == new[len(above(new)) :]:
            old, new = above(old), above(new)
        if old not in (path, new):
            yield old, new


def _why(score: _Score) -> str:
    return f"{score.equal} of {score.n} values are equal{' as text' if score.loose else ''}"
