"""Incidents at many tenants while the daemon is killed and started again."""

import os

import pytest

from tests.runtime.incidents import Story


@pytest.mark.heavy
def test_each_incident_is_told_once_whatever_the_moments_of_a_kill() -> None:
    """Once as it begins and once as it ends; nothing is lost, repeated, invented or flapping."""
    story = Story(incidents=7, restarts=5)
    story.run()
    assert story.wrong() == []


@pytest.mark.heavy
def test_so_it_is_with_a_hundred_incidents() -> None:
    """And forty restarts (``DRIFTD_HEAVY=short``: 28 and 15)."""
    short = os.environ.get("DRIFTD_HEAVY") == "short"
    story = Story(28, 15, seed=2) if short else Story(100, 40, seed=1)
    story.run()
    assert story.wrong() == []
