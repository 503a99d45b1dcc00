"""Hundreds of tenants for hours of virtual time, one of them slow and one huge."""

import os

import pytest

from tests.runtime.crowd import Crowd

SEED = int(os.environ.get("DRIFTD_SEED", "1"))
"""Set to replay: ``DRIFTD_SEED=7 pytest tests/runtime/test_crowd.py``."""


@pytest.mark.heavy
def test_a_crowd_is_polled_on_time_and_captured() -> None:
    """Small ones are polled within a tenth of their interval, no request is above a budget, the log is the truth, and
    nothing grows."""
    sound(Crowd(40, 1.0, SEED, huge=3_000))


@pytest.mark.heavy
def test_a_great_crowd_is_polled_on_time_and_captured() -> None:
    """The same of 500 tenants for ten hours (``DRIFTD_HEAVY=short``: 150 for two)."""
    short = os.environ.get("DRIFTD_HEAVY") == "short"
    sound(Crowd(150, 2.0, SEED + 1) if short else Crowd(500, 10.0, SEED + 1))


def sound(crowd: Crowd) -> None:
    """Assert that no law was broken."""
    crowd.run()
    print(crowd.shown())
    assert crowd.wrong == [], crowd.shown()
    assert min(crowd.told[op] for op in "cud") > 0
