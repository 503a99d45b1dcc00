"""Incidents at many tenants while the daemon is killed and started again."""

import pytest

from tests.runtime.incidents import Story


@pytest.mark.parametrize(
    ("incidents", "restarts", "seed"),
    [
        pytest.param(7, 5, 1),
        pytest.param(35, 20, 2, marks=pytest.mark.heavy),
        pytest.param(100, 60, 3, marks=pytest.mark.heavy),
    ],
)
def test_each_incident_is_told_once_whatever_the_moments_of_a_kill(incidents: int, restarts: int, seed: int) -> None:
    """Once as it begins and once as it ends; nothing is lost, repeated, invented or flapping."""
    story = Story(incidents, restarts, seed)
    story.run()
    assert story.wrong() == []
