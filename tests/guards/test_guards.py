"""Guards whose loss is found at a known seed, and nothing with them in place."""

import os

import pytest

from tests.guards.guard import Guard
from tests.guards.table import GUARDS

NAMED = {each.name: each for each in GUARDS}
QUICK = (
    "second look",
    "requests at once",
    "numbers given within the commit",
    "one token at a time",
    "neighbours of a second look",
    "places of a record",
    "field rules",
    "erased records stay away",
    "known secrets",
    "requests of a day",
)
"""Found within a second each."""


def lost(guard: Guard) -> str | None:
    """Play the known seed of a guard without it."""
    with guard.without():
        return guard.trial(guard.seed)


def check(guard: Guard) -> None:
    """Without the guard its law is broken; with it none is."""
    told = lost(guard)
    assert told is not None
    assert any(words in told for words in guard.expects), told
    assert guard.trial(guard.seed) is None


@pytest.mark.parametrize("name", QUICK)
def test_the_loss_of_a_guard_is_found(name: str) -> None:
    """By the law that it keeps; and nothing is found once it is back."""
    check(NAMED[name])


@pytest.mark.heavy
@pytest.mark.parametrize(
    "guard", GUARDS[:: 2 if os.environ.get("DRIFTD_HEAVY") == "short" else 1], ids=lambda g: g.name
)
def test_every_guard_is_missed(guard: Guard) -> None:
    """Each at its known seed; `python -m tests.guards` plays the others as well."""
    check(guard)


def test_every_guard_has_its_own_name_and_says_what_is_lost() -> None:
    """As the table prints them."""
    assert len(NAMED) == len(GUARDS)
    assert all(each.what for each in GUARDS)
