"""Paging under movement: no false delete, and nothing missed once quiet."""

import os
from pathlib import Path

import pytest

from tests.faults.observing import Observe
from tests.house.moving import COLLATIONS, Row, run, table

SEED = int(os.environ.get("DRIFTD_SEED", "1"))
"""Set to replay: ``DRIFTD_SEED=7 pytest tests/house/test_moving_pages.py``."""


def sound(row: Row, observe: Observe) -> None:
    """Assert that no sweep failed, none told a false delete, and none missed anything."""
    moved = f"{row.inserted} inserted, {row.deleted} deleted, {row.renamed} renamed between pages"
    observe(f"{row.collation}: {row.sweeps} sweeps, {moved}", lost=row.missed, invented=row.false)
    assert (row.failed, row.partial, row.false, row.missed) == (0, 0, 0, 0), table([row])
    assert row.inserted
    assert row.deleted
    assert row.renamed


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    "collation",
    [pytest.param(each, marks=[] if each == "case_insensitive" else [pytest.mark.heavy]) for each in COLLATIONS],
)
async def test_nothing_false_while_moving_and_nothing_missed_once_quiet(
    collation: str, tmp_path: Path, observe: Observe
) -> None:
    """While records are inserted, deleted and renamed between pages, no record that is there is told deleted; once
    quiet the log and the snapshot are the truth."""
    sound(await run(collation, 14, SEED, tmp_path), observe)


@pytest.mark.fault(17)
@pytest.mark.heavy
async def test_a_thousand_moving_sweeps(tmp_path: Path, observe: Observe) -> None:
    """The same over 1,000 sweeps (``DRIFTD_HEAVY=short``: 200)."""
    sweeps = 200 if os.environ.get("DRIFTD_HEAVY") == "short" else 1000
    rows = [await run(each, sweeps // len(COLLATIONS), SEED + 1, tmp_path / each) for each in COLLATIONS]
    print("\n" + table(rows))
    for row in rows:
        sound(row, observe)
