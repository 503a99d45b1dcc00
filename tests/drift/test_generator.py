"""Trials come from a seed, meet each other in a grid, and can be made."""

from functools import cache
from itertools import product

from driftd.core.model import Kind
from driftd.simulator import Patch
from tests.drift.generator import OF_DATA, OF_PROTOTYPE, SHARES, SIZES, WHOLE, generated
from tests.drift.options import CHANGES
from tests.drift.plan import NULLS, ONE, Trial

MANY = 600


@cache
def trials() -> list[Trial]:
    """Return what the tests look at."""
    return generated(MANY, 1)


def test_the_same_seed_gives_the_same_trials() -> None:
    """Two runs are alike, and another seed gives others."""
    assert generated(MANY, 1) == trials()
    assert generated(MANY, 2) != trials()


def test_there_are_as_many_as_were_asked_for_and_no_two_are_alike() -> None:
    """At least 500, each by a name of its own."""
    assert len({str(trial) for trial in trials()}) == len(trials()) >= 500


def test_each_change_meets_each_side_kind_of_cycle_share_and_size() -> None:
    """The grid has them all, where they have a meaning."""
    patches = [trial for trial in trials() if trial.change in CHANGES]
    sides = {(trial.change, trial.side, trial.seen) for trial in patches}
    both = {change: {"both"} for change in CHANGES}
    for change in {*CHANGES} - {"withhold"}:
        both[change] |= {"prototype"} if change not in OF_DATA else set()
        both[change] |= {"data"} if change not in OF_PROTOTYPE else set()
    assert sides >= {(change, side, kind) for change in CHANGES for side, kind in product(both[change], Kind)}
    shares = {(trial.change, trial.share) for trial in patches}
    assert shares >= {*product({*CHANGES} - WHOLE, SHARES)}
    assert {trial.records for trial in patches} == {*SIZES}
    assert {trial.change for trial in trials()} >= {*NULLS}


def test_every_patch_of_a_trial_is_one() -> None:
    """The simulator's patch takes each of them."""
    for trial in trials():
        if trial.change not in {*NULLS, "withhold"}:
            Patch(trial.resource, trial.change, trial.field, trial.to, trial.share or 0.1, trial.side)  # type: ignore[arg-type]
    assert any(trial.share == ONE for trial in trials())


def test_fields_are_struck_at_every_depth() -> None:
    """In the record, in its lines, in lines of lines."""
    assert {trial.field.count("[].") for trial in trials()} >= {0, 1, 2}
