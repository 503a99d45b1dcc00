"""Kills a scenario before each of its steps in turn, lets it go on, and compares with a run that was never killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contracts.stores import always_ahead
from tests.crash.differing import difference
from tests.crash.ground import Ground, Picks, Row
from tests.crash.scenarios import Scenario
from tests.crash.steps import KILLED


def kill(name: str, scenario: Scenario, room: Path, points: Picks = range) -> Row:
    """Kill at those of a scenario's steps that `points` picks."""
    with prepared(scenario, room) as ground:
        steps, oracle = ground.undisturbed()
        row = Row(name, steps)
        for point in points(steps.total()):
            _, code = ground.act(point)
            shown = ground.finish() if code == KILLED else f"it was not killed: {code}"
            row.met(point, difference(oracle, shown))
    return row


@contextmanager
def prepared(scenario: Scenario, room: Path) -> Iterator[Ground]:
    """Prepare a scenario; it is written ahead, if it is to be, until the block ends."""
    ground = Ground(scenario, room)
    with pytest.MonkeyPatch.context() as patch:
        if scenario.ahead:
            always_ahead(patch)
        ground.prepare()
        yield ground
