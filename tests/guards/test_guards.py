"""Guards whose loss is found at a known seed, and nothing with them in place."""

import os

import pytest

from tests.guards.guard import Guard
from tests.guards.proving import without
from tests.guards.table import GUARDS

FEW = 30
SEEDS = 200
NAMED = {each.name: each for each in GUARDS}
QUICK = (
    "second look",
    "beginning of a sweep",
    "neighbours of a second look",
    "places of a record",
    "field rules",
    "erased records stay away",
    "known secrets",
    "requests of a day",
)
"""Found within a second each."""
SLOWER = ("requests at once", "numbers given within the commit", "one token at a time")


def check(guard: Guard, seeds: int) -> None:
    """Without the guard its law is broken at some seed, the known one first; with it none is, at that seed."""
    found = without(guard.name, seeds)
    assert found.seed is not None, found.other
    assert guard.trial(found.seed) is None


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(each, marks=pytest.mark.heavy) for each in SLOWER)])
def test_the_loss_of_a_guard_is_found(name: str) -> None:
    """By the law that it keeps; and nothing is found once it is back."""
    check(NAMED[name], FEW)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "guard", GUARDS[:: 2 if os.environ.get("DRIFTD_HEAVY") == "short" else 1], ids=lambda g: g.name
)
def test_every_guard_is_missed(guard: Guard) -> None:
    """Each within 200 seeds; `python -m tests.guards` prints them."""
    check(guard, SEEDS)


def test_every_guard_has_its_own_name_and_says_what_is_lost() -> None:
    """As the table prints them."""
    assert len(NAMED) == len(GUARDS)
    assert all(each.what for each in GUARDS)
