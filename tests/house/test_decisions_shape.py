"""A shape or scale that a person accepts is what is expected from then on, until that is undone."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from driftd.core.alerts.model import AlertState
from driftd.core.decision import Action
from driftd.core.drift import Check, SchemaKind
from driftd.core.model import Policy
from driftd.core.schema.fingerprint import fingerprint
from driftd.errors import DecisionError, Reason
from tests.house.customers import NAME, exact
from tests.house.desk import RETYPED, SHORTENED, desk, scaled


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
