"""What a person decides of drift is done at once, wholly or not at all, and stands in the audit log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from driftd.core.alerts.model import AlertState
from driftd.core.decision import LONGEST_MUTE, Action
from driftd.core.drift import Check, SchemaKind
from driftd.core.model import Absence, Kind, Policy
from driftd.core.schema.fingerprint import fingerprint
from driftd.errors import DecisionError, Reason, StoreError
from driftd.runtime import decisions
from driftd.simulator.patches import Patch
from tests.house.customers import NAME, customers, exact, keys
from tests.house.desk import RETYPED, SHORTENED, Desk

RECORDS = 40


@asynccontextmanager
async def desk(directory: Path, **settings: Any) -> AsyncIterator[Desk]:
    """Give a person whose driftd reads one class of one page."""
    async with customers(directory, RECORDS, page_size=100, **settings) as house:
        yield Desk(house)


async def test_an_accepted_shape_is_the_baseline(tmp_path: Path) -> None:
    """The alert ends at once and does not come back; the audit log has both fingerprints, by whom and why."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        casebook = own.detector.casebook
        before = await casebook.baseline(*own.names)
        assert "is the baseline now" in await own.decide(Action.ACCEPT, alert.id[:6])
        after = await casebook.baseline(*own.names)
        await own.house.poll()
        await own.house.poll()
        assert own.firing() == []
        assert [each.state for each in await casebook.alerts(resolved_since=0)] == [AlertState.RESOLVED]
        (deed,) = await own.deeds()
        assert (deed.by, deed.action, deed.reason, deed.subject) == ("jo", "accept", "agreed", alert.id)
        assert before.learnt is not None
        assert after.learnt is not None
        assert (deed.before, deed.after) == (fingerprint(before.learnt), fingerprint(after.learnt))
        assert deed.before != deed.after


async def test_accepting_one_change_leaves_the_others(tmp_path: Path) -> None:
    async with desk(tmp_path) as own:
        one, other = await own.patched(RETYPED, SHORTENED)
        assert other.id in await own.decide(Action.ACCEPT, one.id)
        await own.house.poll()
        assert [each.id for each in own.firing()] == [other.id]


async def test_an_acceptance_is_undone(tmp_path: Path) -> None:
    """The baseline is what it was, the same alert fires again by itself, and both deeds stand in the log."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        before = await own.detector.casebook.baseline(*own.names)
        await own.decide(Action.ACCEPT, alert.id)
        await own.house.poll()
        await own.decide(Action.UNDO, alert.id)
        assert (await own.detector.casebook.baseline(*own.names)).learnt == before.learnt
        for _ in range(2):
            await own.house.poll()
        assert [each.id for each in own.firing()] == [alert.id]
        assert [each.action for each in await own.deeds()] == ["undo", "accept"]
        with pytest.raises(DecisionError, match="no acceptance that stands"):
            await own.decide(Action.UNDO, alert.id)


async def test_the_last_acceptance_is_undone_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as own:
        one, other = await own.patched(RETYPED, SHORTENED)
        await own.decide(Action.ACCEPT, one.id)
        await own.decide(Action.ACCEPT, other.id)
        with pytest.raises(DecisionError, match="is not what was accepted last") as refused:
            await own.decide(Action.UNDO, one.id)
        assert other.id in refused.value.hint
        await own.decide(Action.UNDO, other.id)
        await own.decide(Action.UNDO, one.id)
        assert [each.action for each in await own.deeds()] == ["undo", "undo", "accept", "accept"]


async def test_accepting_lets_go_on_what_hold_held_back(tmp_path: Path) -> None:
    """Events are stored and not told until the last such drift is accepted; then all of them are, in order."""
    async with desk(tmp_path, policy=Policy.HOLD) as own:
        house = own.house
        one, other = await own.patched(RETYPED, SHORTENED)
        house.tenant.put(NAME, {"BPCNUM": "NEW", "BPCNAM": "new"})
        await house.poll()
        assert await house.follow() == 0
        assert await own.detector.casebook.withheld(*own.names) > 0
        await own.decide(Action.ACCEPT, one.id)
        assert await house.follow() == 0
        await own.decide(Action.ACCEPT, other.id)
        await exact(house)
        assert await own.detector.casebook.withheld(*own.names) == 0


async def test_accepting_thaws_what_freeze_froze(tmp_path: Path) -> None:
    """No cycle runs until the last such drift is accepted; the next one does."""
    async with desk(tmp_path, policy=Policy.FREEZE) as own:
        one, other = await own.patched(RETYPED, SHORTENED)
        (report,) = await own.house.poll()
        assert (report.outcome, report.reason) == ("failed", Reason.FROZEN)
        await own.decide(Action.ACCEPT, one.id)
        assert (await own.standing()).frozen
        await own.decide(Action.ACCEPT, other.id)
        assert not (await own.standing()).frozen
        (report,) = await own.house.poll()
        assert report.outcome == "ok"
        assert [each.action for each in await own.deeds()] == ["accept", "accept"]


async def scaled(own: Desk) -> str:
    """Have all amounts of a field be a hundred times what they were; return the id of what is told of it."""
    own.house.tenant.patch(Patch(NAME, "multiply", "OSTAUZ", 100))
    await own.house.poll()
    (id_,) = (each.id for each in own.firing() if each.drift.finding == Check.SCALE_SHIFT)
    return id_


async def test_a_shift_of_scale_that_was_meant_is_told_no_more(tmp_path: Path) -> None:
    """It ends with its acceptance, once."""
    async with desk(tmp_path) as own:
        id_ = await scaled(own)
        await own.decide(Action.ACCEPT, id_)
        await own.house.poll()
        assert Check.SCALE_SHIFT not in {each.drift.finding for each in own.firing()}
        with pytest.raises(DecisionError, match="is over"):
            await own.decide(Action.ACCEPT, id_)
        with pytest.raises(DecisionError, match="no acceptance that stands"):
            await own.decide(Action.UNDO, id_)


async def test_what_is_already_back_cannot_be_accepted(tmp_path: Path) -> None:
    """The shape of before is seen again while somebody makes up their mind."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        own.house.tenant.unpatch()
        await own.house.poll()
        with pytest.raises(DecisionError, match="is over"):
            await own.decide(Action.ACCEPT, alert.id)
        assert await own.deeds() == []


@pytest.mark.parametrize(
    ("action", "finding"),
    [
        (Action.ACCEPT, Check.SCALE_SHIFT),
        (Action.ACCEPT, SchemaKind.TYPE_CHANGED),
        (Action.UNDO, SchemaKind.TYPE_CHANGED),
        (Action.RELEASE, Check.MASS_DELETE),
        (Action.KEEP, Check.MASS_DELETE),
    ],
)
async def test_the_same_decision_twice_at_once_is_taken_once(action: Action, finding: str, tmp_path: Path) -> None:
    """Of two who decide the same at the same moment, one is told that it is done already."""
    async with desk(tmp_path) as own:
        if finding == Check.SCALE_SHIFT:
            id_ = await scaled(own)
        elif finding == Check.MASS_DELETE:
            id_ = await mass_deleted(own)
        else:
            id_ = (await own.patched(RETYPED))[0].id
        if action is Action.UNDO:
            await own.decide(Action.ACCEPT, id_)
        said: list[str] = []

        async def decide() -> None:
            try:
                said.append(await own.decide(action, id_))
            except DecisionError as error:
                said.append(f"refused: {error}")

        async with anyio.create_task_group() as group:
            group.start_soon(decide)
            group.start_soon(decide)
        assert sum(each.startswith("refused") for each in said) == 1
        assert [each.action for each in await own.deeds()].count(str(action)) == 1


async def test_a_sweep_that_runs_takes_over_what_was_accepted_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that judges by the baseline of before already: it is not waited for, and does not bring the alert back."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        judging, gate, baseline = anyio.Event(), anyio.Event(), own.detector.casebook.baseline

        async def gated(*names: str) -> Any:
            found = await baseline(*names)
            judging.set()
            await gate.wait()
            return found

        own.house.tenant.put(NAME, {"BPCNUM": "NEW", "BPCNAM": "5"})
        async with anyio.create_task_group() as group:
            monkeypatch.setattr(own.detector.casebook, "baseline", gated)
            group.start_soon(own.house.poll)
            await judging.wait()
            monkeypatch.setattr(own.detector.casebook, "baseline", baseline)
            await own.decide(Action.ACCEPT, alert.id)
            gate.set()
        assert own.firing() == []
        await own.house.poll()
        assert own.firing() == []


async def test_what_cannot_be_written_is_not_done(tmp_path: Path) -> None:
    """Neither half: the alert goes on, the baseline is as it was, no deed is in the log."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        casebook = own.detector.casebook

        class Full:
            """A casebook on a disk that is full."""

            async def file(self, _filing: Any) -> None:
                raise StoreError("the disk is full")

            def __getattr__(self, name: str) -> Any:
                return getattr(casebook, name)

        before = await casebook.baseline(*own.names)
        own.detector.casebook = Full()
        for action, more in ((Action.ACCEPT, {}), (Action.MUTE, {"until": 2**43})):
            with pytest.raises((StoreError, DecisionError)):
                await own.decide(action, alert.id, **more)
        own.detector.casebook = casebook
        assert await casebook.baseline(*own.names) == before
        assert own.firing() == [alert]
        assert await own.deeds() == []
        await own.decide(Action.ACCEPT, alert.id)


async def test_a_mute_is_kept_with_its_reason_and_end(tmp_path: Path) -> None:
    """It fires on, muted, also for whoever starts anew; nothing of its drift is lost."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        now = own.now()
        await own.decide(Action.MUTE, alert.id, until=now + 3_600_000)
        await own.house.poll()
        (kept,) = await own.detector.casebook.alerts()
        assert kept.mute is not None
        assert (kept.mute.until, kept.mute.reason, kept.mute.by) == (now + 3_600_000, "agreed", "jo")
        assert kept.firing
        assert [each.action for each in await own.deeds()] == ["mute"]
        for until in (None, now - 1, now + LONGEST_MUTE + 60_000):
            with pytest.raises(DecisionError) as refused:
                await own.decide(Action.MUTE, alert.id, until=until)
            assert refused.value.invalid


async def mass_deleted(own: Desk) -> str:
    """Have 30 of 40 records vanish; return the id of what is told of it."""
    for key in keys(own.house)[:30]:
        own.house.tenant.remove(NAME, key)
    await own.house.poll()
    (alert,) = own.firing()
    assert alert.drift.finding == Check.MASS_DELETE
    return alert.id


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


async def test_decisions_that_do_not_fit_are_refused_with_the_next_step(tmp_path: Path) -> None:
    """What is unknown, named too shortly, of another kind, or no longer polled."""
    async with desk(tmp_path) as own:
        (alert,) = await own.patched(RETYPED)
        for id_, action, says in (
            ("ffffffff", Action.ACCEPT, "there is no alert"),
            (alert.id[:3], Action.ACCEPT, "too short"),
            ("", Action.MUTE, "too short"),
            (alert.id, Action.RELEASE, "holds no deletes"),
            (alert.id, Action.KEEP, "holds no deletes"),
            (alert.id, Action.UNDO, "no acceptance that stands"),
        ):
            with pytest.raises(DecisionError, match=says) as refused:
                await own.decide(action, id_, until=own.now() + 60_000)
            assert refused.value.hint
        own.sites = dict
        with pytest.raises(DecisionError, match="is not configured any more"):
            await own.decide(Action.ACCEPT, alert.id)
        assert await own.deeds() == []
        assert own.firing() == [alert]


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


def test_every_shape_but_a_class_that_is_gone_can_be_accepted() -> None:
    """And of the checks those that look at records."""
    from driftd.core.decision import check_acceptable
    from driftd.core.drift import DriftKind
    from tests.core.alerted import FINDINGS, alert

    refused = set()
    for finding in FINDINGS:
        schema = finding in set(SchemaKind)
        kind = DriftKind.SCHEMA if schema else DriftKind.DATA if finding == Check.SCALE_SHIFT else DriftKind.FRESHNESS
        try:
            check_acceptable(alert(finding, kind=kind))
        except DecisionError:
            refused.add(finding)
    assert set(FINDINGS) - refused == {*SchemaKind, Check.SCALE_SHIFT} - {SchemaKind.RESOURCE_REMOVED}
