"""Deletes that are held are told, or their records kept, as a person decides; nothing else lets them go."""

from pathlib import Path

import anyio
import pytest

from driftd.core.decision import Action
from driftd.core.drift import Check
from driftd.core.model import Absence, Kind
from driftd.errors import DecisionError
from driftd.runtime import decisions
from tests.house.customers import NAME, exact, keys
from tests.house.desk import RECORDS, Desk, desk, mass_deleted


async def test_released_deletes_are_told(tmp_path: Path) -> None:
    """Each once; the alert ends, and the next sweep finds nothing."""
    async with desk(tmp_path) as own:
        id_ = await mass_deleted(own)
        assert "30 deletes are released" in await own.decide(Action.RELEASE, id_)
        await exact(own.house)
        assert (await own.standing()).records == 10
        assert own.firing() == []
        (deed,) = await own.deeds()
        assert (deed.action, deed.before, deed.after, len(deed.subject)) == ("release", "40", "10", 16)
        (report,) = await own.house.poll()
        assert (report.outcome, report.d, report.held) == ("ok", 0, 0)
        with pytest.raises(DecisionError, match="is over"):
            await own.decide(Action.RELEASE, id_)


async def test_kept_records_stay_and_are_judged_afresh(tmp_path: Path) -> None:
    """Nothing is told; where they are still missing the next sweep holds them again."""
    async with desk(tmp_path) as own:
        id_ = await mass_deleted(own)
        assert "30 records are kept" in await own.decide(Action.KEEP, id_)
        assert await own.house.follow() == 0
        assert [each.absent for each in await own.house.store.absent(own.house.resources[0])] == []
        assert own.firing() == []
        await own.house.poll()
        assert {each.absent for each in await own.house.store.absent(own.house.resources[0])} == {Absence.HELD}
        assert [each.id for each in own.firing()] == [id_]


async def test_only_the_deletes_that_were_looked_at_are_released(tmp_path: Path) -> None:
    """The set has a name; another set is refused, and stays held."""
    async with desk(tmp_path) as own:
        id_ = await mass_deleted(own)
        with pytest.raises(DecisionError, match="other deletes") as refused:
            await own.decide(Action.RELEASE, id_, candidates="00" * 8)
        assert await own.house.follow() == 0
        assert await own.deeds() == []
        named = str(refused.value).rpartition(" ")[2]
        own.house.tenant.remove(NAME, keys(own.house)[0])
        await own.house.poll()
        with pytest.raises(DecisionError, match="other deletes"):
            await own.decide(Action.RELEASE, id_, candidates=named)
        (again,) = [str(each) for each in [await _refusal(own, id_)]]
        await own.decide(Action.RELEASE, id_, candidates=again)
        await exact(own.house)


async def _refusal(own: Desk, id_: str) -> str:
    with pytest.raises(DecisionError) as refused:
        await own.decide(Action.RELEASE, id_, candidates="?")
    return str(refused.value).rpartition(" ")[2]


async def test_a_class_that_answers_nothing_is_told_and_can_be_released(tmp_path: Path) -> None:
    """Its records stay until a person says that they were all deleted."""
    async with desk(tmp_path) as own:
        for key in keys(own.house):
            own.house.tenant.remove(NAME, key)
        await own.house.poll()
        (alert,) = own.firing()
        assert alert.drift.finding == Check.EMPTY_ANSWER
        assert (await own.standing()).records == RECORDS
        await own.decide(Action.KEEP, alert.id)
        await own.house.poll()
        assert [each.id for each in own.firing()] == [alert.id]
        assert f"{RECORDS} deletes" in await own.decide(Action.RELEASE, alert.id)
        await exact(own.house)
        (report,) = await own.house.poll()
        assert (report.outcome, report.reason) == ("ok", None)
        assert own.firing() == []


async def test_settling_waits_for_a_cycle_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one runs longer than that, whoever decides is asked to come again; nothing is written."""
    monkeypatch.setattr(decisions, "PATIENCE", 0.05)
    async with desk(tmp_path) as own:
        id_ = await mass_deleted(own)
        running, over = anyio.Event(), anyio.Event()

        async def cycle() -> None:
            async with own.detector.busy[own.names]:
                running.set()
                await over.wait()

        async with anyio.create_task_group() as group:
            group.start_soon(cycle)
            await running.wait()
            with pytest.raises(DecisionError, match="a cycle of aldgate BPCUSTOMER runs"):
                await own.decide(Action.RELEASE, id_)
            over.set()
        assert await own.deeds() == []
        await own.decide(Action.RELEASE, id_)


async def test_held_deletes_are_released_not_accepted(tmp_path: Path) -> None:
    async with desk(tmp_path) as own:
        id_ = await mass_deleted(own)
        with pytest.raises(DecisionError, match="holds deletes") as refused:
            await own.decide(Action.ACCEPT, id_)
        assert f"driftd drift release {id_}" in refused.value.hint


async def test_a_probe_after_a_release_shows_what_is_there(tmp_path: Path) -> None:
    """What was released is gone for every cycle, and one that comes back is a new record."""
    async with desk(tmp_path) as own:
        gone = dict(own.house.tenant.records(NAME)[keys(own.house)[0]])
        id_ = await mass_deleted(own)
        await own.decide(Action.RELEASE, id_)
        own.house.tenant.put(NAME, gone)
        (report,) = await own.house.poll(Kind.SWEEP)
        assert report.c == 1
        await exact(own.house)
