"""What a person decides of drift is done at once, wholly or not at all, and stands in the audit log."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from driftd.core.decision import LONGEST_MUTE, Action
from driftd.core.drift import Check, SchemaKind
from driftd.errors import DecisionError, StoreError
from tests.house.desk import RETYPED, desk, mass_deleted, scaled


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
