"""What a cycle or a person takes of alerts while a record is erased stands, and none of them names the record."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core.alerts.lifecycle import Evaluation
from driftd.core.alerts.model import Alert
from driftd.core.retold import GONE
from driftd.ports import Filing
from driftd.runtime.alarms import Alarms, Judged
from tests.adapters.sqlite.dredging import found
from tests.contracts.detecting import alert, drift
from tests.contracts.stores import room
from tests.core.alerts.drifts import DAY, NOW, mute
from tests.fakes.detection import detector_of
from tests.fakes.log import Told
from tests.runtime.test_erasing import KEY, PLANTED, erasing, kept, removal
from tests.runtime.world import NAME

T = TypeVar("T")
TURN, READ = Writer._in_turn, Reader.read
SAMPLES: Final = (KEY.decode(), '["other"]')
MUTED: Final = mute(NOW + 9 * DAY)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def named(id_: str, connection: str = "conn") -> Alert:
    """Return an alert that names the record, and says who else may."""
    told = replace(drift(resource=NAME), connection=connection, samples=SAMPLES, hint=f"{NAME}('K00050')")
    return replace(alert(), id=id_, drift=told, mute=None)


def names_it(alerts: Alarms) -> set[str]:
    return {each.id for each in alerts.known("conn") if "K00050" in str(each)}


async def filed(store: SqliteStore, judged: Judged) -> None:
    await store.casebook.file(Filing(alerts=judged.alerts, notices=judged.notices))


def test_what_is_taken_meanwhile_names_nobody_and_is_written_again() -> None:
    """It keeps what else it changed; of what nothing is erased, the very same is kept."""
    alarms = Alarms(Told([]))
    mine, other, elsewhere = named("a"), alert(connection="conn"), named("c", "elsewhere")
    for each in (mine, other, elsewhere):
        alarms.took(Judged((each,)))
    muted = alarms.mute("a", MUTED)
    anew = alarms.judged(Evaluation((replace(mine, count=7, drift=replace(mine.drift, m=5)),)))
    with alarms.untold("conn", NAME, [KEY]):
        without = replace(mine.drift, samples=(GONE, SAMPLES[1]), hint=f"{NAME}{GONE}")
        assert alarms.get("a") == replace(mine, drift=without)
        assert (alarms.get(other.id) is other, alarms.get("c") is elsewhere) == (True, True)
        alarms.took(muted)
        alarms.took(anew)
        found = alarms.get("a")
        assert found is not None
        assert (found.mute, found.count, found.drift.m) == (MUTED, 7, 5)
        assert not names_it(alarms)
        assert alarms.unwritten == (found,)
    alarms.took(alarms.judged(Evaluation((named("d"),))))
    assert names_it(alarms) == {"d"}


class Meanwhile:
    """Has something be filed before the nth thing that is asked of the store, and be taken `later` such things on."""

    def __init__(self, patch: pytest.MonkeyPatch, judged: Callable[[], Judged], nth: int, later: int) -> None:
        self.asked = 0
        self._judged, self._nth, self._later = judged, nth, later
        self._waiting: Judged | None = None
        self._busy = False
        self.store: SqliteStore

        async def turn(writer: Writer, work: Callable[..., T]) -> T:
            await self._between()
            return await TURN(writer, work)

        async def read(reader: Reader, work: Callable[..., T]) -> T:
            await self._between()
            done = await READ(reader, work)
            await self._between()
            return done

        patch.setattr(Writer, "_in_turn", turn)
        patch.setattr(Reader, "read", read)

    async def run(self, store: SqliteStore, work: Awaitable[object]) -> None:
        self.store = store
        await work
        self._take()

    async def _between(self) -> None:
        if self._busy:
            return
        self._busy, self.asked = True, self.asked + 1
        if self.asked == self._nth:
            self._waiting = self._judged()
            await filed(self.store, self._waiting)
        if self.asked == self._nth + self._later:
            self._take()
        self._busy = False

    def _take(self) -> None:
        if self._waiting is not None:
            detector_of(self.store).alarms.took(self._waiting)
        self._waiting = None


@pytest.mark.parametrize("later", [0, 1])
async def test_whatever_is_taken_while_a_record_is_erased_stands(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    """Of its own connection and of another, at whatever moment; in memory and in the file nothing names the record."""
    for nth in range(1 + later, 200, 3):
        where = data_dir / str(nth)
        async with kept(where) as (world, store):
            alarms = detector_of(store).alarms
            given = Judged((named("a"), named("b"), named("c", "elsewhere")))
            await filed(store, given)
            alarms.took(given)

            def muted(alarms: Alarms = alarms) -> Judged:
                both = [alarms.mute(id_, MUTED) for id_ in ("a", "c")]
                return alarms.judged(Evaluation(tuple(alert for each in both for alert in each.alerts)))

            with monkeypatch.context() as patched:
                meanwhile = Meanwhile(patched, muted, nth, later)
                await meanwhile.run(store, erasing(world, store).erase(removal()))
            assert names_it(alarms) == set(), nth
            if meanwhile.asked < nth:
                break
            stands = {id_: each.mute for id_, each in alarms.all.items() if each.mute}
            assert stands == {"a": MUTED, "c": MUTED}, nth
            await filed(store, Judged(alarms.unwritten))
            again = {each.id: each for each in await store.casebook.alerts()}
            assert again == alarms.all, nth
            assert "K00050" not in str([each for each in again.values() if each.drift.connection == "conn"]), nth
            await filed(store, Judged((replace(again["c"], drift=drift()),)))
            await store._for_writing().truncate()
            assert found(where, *PLANTED) == set(), nth
    assert nth > 20
