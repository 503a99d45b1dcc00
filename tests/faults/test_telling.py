"""Killed between what is written and what is said of it: it is told from the table, under the same id."""

import signal
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.core.alerts.model import Telling
from driftd.ports import Told
from tests.faults.observing import Observe
from tests.house.desk import RETYPED
from tests.house.process import amiss, equal, estate, read, running


def notices(folder: Path, after: int = 0) -> Sequence[Told]:
    """Read the notices behind a place, as whoever sends them on does."""

    async def found() -> Sequence[Told]:
        async with SqliteStore.reading(folder / "data") as store:
            return await store.casebook.notices(after, 1_000)

    return anyio.run(found)


@pytest.mark.fault(2)
def test_what_was_written_and_not_said_is_told_once(tmp_path: Path, observe: Observe) -> None:
    """The daemon is killed as an alert fires, once it is written with the changes that it is about: after the restart
    each stands in its table once under its id, the alert is shown, and it does not fire again."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        with running(tmp_path, program=("tests.faults.composed", "untold")) as daemon:
            daemon.becomes("aldgate", "ok")
            first = read(tmp_path, tenant)
            tenant.patch(RETYPED)
            assert daemon.process.wait(60) == -signal.SIGKILL
            said = [line for line in daemon.lines() if line.get("alert")]
        written, committed = notices(tmp_path), read(tmp_path, tenant, first)
        ids = {one.notice.alert.id for one in written}
        with running(tmp_path) as daemon:
            shown = daemon.until(lambda: ids & {each["id"] for each in daemon.get("/api/v1/alerts").json()["alerts"]})
            daemon.until(lambda: amiss(read(tmp_path, tenant, first)) == (0, 0))
            polls = daemon.value("driftd_polls_total")
            daemon.until(lambda: daemon.value("driftd_polls_total") >= polls + 2)
            assert daemon.end() == 0
        after, whole = notices(tmp_path), read(tmp_path, tenant, first)
    fired = [one.notice.id for one in after if one.notice.telling is Telling.FIRING and one.notice.alert.id in ids]
    lost, invented = amiss(whole)
    observe(
        f"{len(written)} notices and {len(committed.after)} changes written, unsaid; each told from its table once",
        lost=lost,
        invented=invented,
    )
    assert (bool(written), said, shown) == (True, [], ids)
    assert list(after[: len(written)]) == list(written)
    assert len(fired) == len(ids)
    assert committed.after
    assert whole.after[: len(committed.after)] == committed.after
    equal(whole)
