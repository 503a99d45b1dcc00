"""What may be written before room is short is known to whoever would write much."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.ballast import Ballast
from driftd.app.space import Space
from driftd.config import StoreConfig
from driftd.core.space import Room
from driftd.runtime.halt import Halt
from tests.contracts.stores import room
from tests.fakes.log import Told
from tests.runtime.world import FakeClock


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


class Volume(Ballast):
    """A volume of a size of its own."""

    free = 0

    def room(self, *, refused: bool) -> Room:
        return Room(1_000_000, self.free, 0, refused=refused)


async def test_each_look_says_how_much_may_be_written(data_dir: Path) -> None:
    """It leaves a quarter more than the low-water mark; below zero there is none to give."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        volume, halt = Volume(data_dir), Halt()
        space, config = Space(store, volume, halt, FakeClock(), Told([])), StoreConfig(ballast=0, low_water=1_000)
        for volume.free, spare in ((5_000, 3_750), (1_100, -150), (2_000, 750)):
            await space.look(config)
            assert (halt.spare, halt.trouble) == (spare, None)
