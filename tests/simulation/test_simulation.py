"""Seeds of the simulation: short ones always, more and long ones where time is given."""

import os
import subprocess
import sys

import pytest

from tests.simulation import simulate
from tests.simulation.__main__ import Summary

SEEDS = 200
HOURS = 0.25
GROUPS = 10
ALWAYS, LATER = range(4), range(4, GROUPS)
"""Groups of seeds that are played with every test, and with those that take their time."""


@pytest.mark.parametrize("group", [*ALWAYS, *(pytest.param(each, marks=pytest.mark.heavy) for each in LATER)])
def test_nothing_is_lost_and_nothing_invented_whatever_fails(group: int) -> None:
    """Every law holds at every commit, and everything is as at the tenants once faults have ended."""
    for seed in range(1 + group, 1 + SEEDS, GROUPS):
        verdict = simulate(seed, HOURS)
        assert not verdict.violations, verdict.shown()


def test_a_seed_plays_the_same_everywhere() -> None:
    """Two runs in one process, and one in another with other hashes, tell the same story."""
    for seed in (5, 33):
        line = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--hours", str(HOURS)]
        first, second = simulate(seed, HOURS), simulate(seed, HOURS)
        assert first.trace == second.trace
        elsewhere = subprocess.run(
            line, env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        )
        assert f"trace {first.trace}" in elsewhere.stdout


@pytest.mark.heavy
def test_long_stories_break_nothing() -> None:
    """Days of each of thousands of seeds: no law is broken, and every kind of fault has struck."""
    short = os.environ.get("DRIFTD_HEAVY") == "short"
    summary = Summary()
    for seed in range(10_001, 10_001 + (200 if short else 3_000)):
        summary.add(simulate(seed, 6.0 if short else 24.0))
    assert not summary.broken, "\n".join(each.shown() for each in summary.broken[:3])
    assert not summary.missing
