"""The table is whole, and says the same of the documented breaks as the oracle reckons from records."""

import pytest

from driftd.core.drift import Check, Impact, SchemaKind
from driftd.core.model import Kind
from driftd.errors import Reason
from tests.drift.beside import CHECKS
from tests.drift.breaks import BREAKS, Break
from tests.drift.expected import CASES, IMPACTS, UNREACHED, Finding
from tests.drift.generator import documented
from tests.drift.matrix import Bench
from tests.drift.plan import Trial
from tests.drift.subject import Daemon, Found


class Blind(Daemon):
    """Polls, and finds nothing."""

    async def findings(self) -> tuple[Found, ...]:
        return ()


def _findings() -> set[Finding]:
    cases = {one for case in CASES.values() for way in (*case.ways, case.beside) for one in way}
    return cases | {one for each in BREAKS for way in each.ways for one in way}


def test_the_taxonomy_is_whole() -> None:
    """Each kind of the taxonomy has its impacts, and a case that demands it or a reason why none does."""
    demanded = {one.name for case in CASES.values() for way in case.ways for one in way if one.shape}
    assert IMPACTS.keys() == {*SchemaKind}
    assert {*SchemaKind} - demanded == {*UNREACHED} - demanded
    assert {level for impacts in IMPACTS.values() for level in impacts} == {*Impact}


def test_every_finding_is_known() -> None:
    """What the table names is a kind of shape, an exact check, or why polls fail."""
    assert {one.name for one in _findings() if one.shape} <= {*SchemaKind}
    assert {one.name for one in _findings() if not one.shape} | {each.name for each in CHECKS} <= {*Check, *Reason}


@pytest.mark.parametrize(
    ("each", "trial"), list(zip(BREAKS, documented(), strict=True)), ids=[each.name for each in BREAKS]
)
async def test_a_documented_break_is_what_the_oracle_says(each: Break, trial: Trial) -> None:
    """Every way that the oracle finds right tells of the break as it is documented.

    But for two fields of like values that went into one object: their values cannot tell which went where.
    """
    outcome = await Bench(Blind).outcome(trial._replace(records=60))
    wanted = {one.name for way in each.ways for one in way}
    told = [bool(wanted & {one.name for one in way}) for way in outcome.verdict.ways]
    assert all(told) or ("," in trial.field and any(told))


async def test_a_blind_subject_finds_null_patches_right_and_misses_all_others() -> None:
    """The bench tells a subject that sees nothing from one that has nothing to see."""
    bench = Bench(Blind)
    calm = await bench.outcome(documented()[0]._replace(resource="ITMMASTER", change="business", field="", records=40))
    removed = documented()[0]._replace(resource="ITMMASTER", change="remove", field="BASPRI", to=None, records=40)
    blind = [await bench.outcome(removed._replace(seen=kind)) for kind in Kind]
    assert calm.judgement.right
    assert calm.judgement.found is None
    assert [each.judgement.right for each in blind] == [False] * len(Kind)
    assert [[one.name for one in each.judgement.missed] for each in blind]
