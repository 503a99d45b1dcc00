"""Generated patches are found as the oracle says, by the cycle's own detection.

The short form takes some of them, small ones, and two days of a living tenant; the matrix of all of them is shown by
`python -m tests.drift`.
"""

import os

import pytest

from tests.drift.breaks import BREAKS
from tests.drift.generator import documented, generated
from tests.drift.happenings import Happening, at
from tests.drift.living import lived
from tests.drift.matrix import CYCLES, Bench, Outcome, shown, wrong
from tests.drift.plan import Trial
from tests.drift.subject import Daemon

MASTERS = {"BPCUSTOMER", "ITMMASTER", "ITMMVT", "BALANCE"}
SHORT = 10
WANTED = 0.99
HASTY = os.environ.get("DRIFTD_HEAVY") == "short"


def short() -> list[Trial]:
    """Return trials of each kind that cost little: small documents, and classes without lines."""
    cheap = [each for each in generated(600, 1) if each.records <= (320 if each.resource in MASTERS else 29)]
    cheap = [each for each in cheap if not each.touched and not (each.details and each.resource in MASTERS)]
    return cheap[:: max(len(cheap) // SHORT, 1)][:SHORT]


async def outcomes(trials: list[Trial], cycles: int = CYCLES) -> list[Outcome]:
    """Run trials."""
    return [outcome async for outcome in Bench(Daemon, cycles).outcomes(trials)]


async def test_some_patches_are_found_as_they_must_be() -> None:
    """Each of the short form comes out right."""
    assert not wrong(await outcomes(short()))


async def test_documented_breaks_are_found() -> None:
    """Each documented break is found under one of its names, with the impacts that it has."""
    for each, outcome in zip(BREAKS, await outcomes([one._replace(records=60) for one in documented()]), strict=True):
        happening = Happening("nothing", each.field, (each.to or "",))
        wanted = {one.name: one.impacts for way in each.ways for one in at(way, happening)}
        told = {one.finding: (one.read_impact, one.write_impact) for one in outcome.found}
        assert any(told.get(name) == impacts for name, impacts in wanted.items()), (each.name, told)


@pytest.mark.parametrize(("side", "finding"), [("both", "key_changed"), ("data", "resource_removed")])
async def test_a_class_that_its_key_no_longer_lists_says_why(side: str, finding: str) -> None:
    """Where the prototype, asked then, lacks the key, that is told; else the class is gone."""
    trial = Trial("ITMMASTER", "remove", "ITMREF", side=side, records=29)
    (outcome,) = await outcomes([trial])
    assert outcome.judgement.right
    assert [each.finding for each in outcome.found] == [finding]


@pytest.mark.heavy
async def test_two_days_without_incidents_are_silent() -> None:
    """A tenant that lives raises nothing."""
    assert not await lived(2, slower=96)


@pytest.mark.heavy
async def test_generated_patches_are_found_as_they_must_be() -> None:
    """At least 99 % come out right, and no null patch is found as anything (``DRIFTD_HEAVY=short``: of a quarter)."""
    found = await outcomes(generated(600, 1)[:: 4 if HASTY else 1])
    lines = wrong(found)
    assert len(lines) <= (1 - WANTED) * len(found), "\n".join([shown(found), *lines])
    assert not [each for each in found if each.trial.null and each.judgement.false]


@pytest.mark.heavy
async def test_a_month_without_incidents_is_silent() -> None:
    """Thirty days of a tenant that lives, swept daily, probed and read by deltas six times as seldom as by default.

    ``DRIFTD_HEAVY=short``: six days.
    """
    assert not await lived(6 if HASTY else 30, slower=6)
