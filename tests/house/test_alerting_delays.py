"""From a fault to its notice, with the default settings."""

import os

import pytest

from tests.house.delay import table
from tests.house.delays_virtual import measured, measured_daily

SHORT = os.environ.get("DRIFTD_HEAVY") == "short"


@pytest.mark.heavy
def test_each_fault_is_told_in_time() -> None:
    """In simulated minutes, whatever the moment; and nothing else is told (`python -m tests.house.delays`)."""
    found = measured(3 if SHORT else 20, seed=1)
    assert all(each.met for each in found), table(found)


@pytest.mark.heavy
def test_a_delete_is_told_by_the_next_sweep() -> None:
    """Of a resource of more than a page, which is swept once a day."""
    found = measured_daily(1 if SHORT else 3)
    assert found.met, table([found])
