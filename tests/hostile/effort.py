"""How hard a law is tried: a few examples in the default suite; many in the longer form."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

MANY = 300 if os.environ.get("DRIFTD_HEAVY") == "short" else 3_000


EXPLORING = "DRIFTD_EXPLORE" in os.environ
"""Whether new examples are sought, instead of the same each time."""


def tried(few: int, *strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of a law: `few` examples, and as a heavy test `MANY`."""

    def made(law: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize("examples", [few, pytest.param(MANY, marks=pytest.mark.heavy)])
        def test(examples: int) -> None:
            chosen = settings(max_examples=examples, derandomize=not EXPLORING, database=None, deadline=None)
            chosen(given(*strategies)(law))()

        test.__doc__ = law.__doc__
        test.__name__ = law.__name__
        test.__module__ = law.__module__
        return test

    return made
