"""What happened to paths, in the terms of the table: cases at their places, and ways to tell of them."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from tests.drift.expected import CASES, FIELD, KEY, PAIR, RESOURCE, TO, Finding, Way


class Happening(NamedTuple):
    """A case of the table, at its paths."""

    case: str
    field: str = ""
    to: tuple[str, ...] = ()
    part: bool = False
    """Whether the records have followed in part only."""
    required: bool = False
    """Whether the prototype had it as mandatory: always there by contract, however few records there are."""


Told = tuple[tuple[Happening, ...], ...]
"""Ways to see one event: as one move, or as what vanished and what came."""


class Expected(NamedTuple):
    """One finding that is right, with the paths that it may name (without a last ``[]``); None: any, or none at all."""

    name: str
    paths: frozenset[str] | None
    impacts: tuple[str, str]
    shape: bool = True


Ways = frozenset[frozenset[Expected]]


def one(*happenings: Happening) -> Told:
    """Return an event that can be seen in one way only."""
    return (happenings,)


def ways(events: Iterable[Told], key: tuple[str, ...] = ()) -> Ways:
    """Return every right way to tell of all `events` together."""
    seen = [[way for alternative in event for way in _ways(alternative, key)] for event in events]
    return frozenset(frozenset().union(*parts) for parts in product(*seen))


def beside(events: Iterable[Told], key: tuple[str, ...] = ()) -> list[Expected]:
    """Return what may be told with them."""
    each = (happening for event in events for alternative in event for happening in alternative)
    return [expected for happening in each for expected in at(CASES[happening.case].beside, happening, key)]


def at(findings: Way, happening: Happening, key: tuple[str, ...] = ()) -> frozenset[Expected]:
    """Put the findings of a case at the paths of what happened."""
    return frozenset(_placed(finding, happening, key) for finding in findings)


def _ways(alternative: tuple[Happening, ...], key: tuple[str, ...]) -> Iterable[frozenset[Expected]]:
    options = [[at(way, happening, key) for way in CASES[happening.case].ways] for happening in alternative]
    return (frozenset[Expected]().union(*parts) for parts in product(*options))


def _placed(finding: Finding, happening: Happening, key: tuple[str, ...]) -> Expected:
    where = {
        FIELD: frozenset({happening.field}),
        TO: frozenset(happening.to),
        PAIR: frozenset({happening.field, *happening.to}),
        KEY: None if not key else frozenset({*key, happening.field, *happening.to, ""}),
        RESOURCE: None,
    }[finding.place]
    plain = None if where is None or not finding.shape else frozenset(path.removesuffix("[]") for path in where)
    return Expected(finding.name, plain, finding.impacts, finding.shape)
