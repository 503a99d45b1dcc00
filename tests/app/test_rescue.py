"""A daemon outlives the damage of its database, and no more of it than a sound disk can have."""

from pathlib import Path

import anyio
import pytest

from driftd.adapters.sqlite.ballast import Ballast
from driftd.app.rescue import Rescue, rescued
from driftd.config import Config, DaemonConfig
from driftd.errors import DamagedStoreError, FencedError, FullStoreError
from tests.fakes.log import Line, Told
from tests.runtime.world import FakeClock

DAMAGED = DamagedStoreError("torn")


class Still(FakeClock):
    """Time that the test alone moves."""

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep_forever()


class Lives:
    """A daemon that ends each time with the next of some errors, and then well."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.lived = 0

    async def __call__(self) -> None:
        self.lived += 1
        if self.errors:
            raise self.errors.pop(0)


async def run(lives: Lives, data_dir: Path, clock: FakeClock | None = None) -> list[Line]:
    lines: list[Line] = []
    config = Config(DaemonConfig(data_dir), ())
    await rescued(lives, Rescue(config, clock or Still(), Told(lines)))
    return lines


@pytest.mark.parametrize("error", [DAMAGED, ExceptionGroup("several", [ExceptionGroup("deeper", [DAMAGED])])])
async def test_damage_is_mended_and_it_lives_again(error: Exception, tmp_path: Path) -> None:
    """Alone or in a group; what was there is set aside, and both are told."""
    (tmp_path / "driftd.db").write_bytes(b"torn")
    lives = Lives(error)
    lines = await run(lives, tmp_path)
    assert lives.lived == 2
    assert [event for _, event, _ in lines] == ["database damaged", "database replaced"]
    (aside,) = (tmp_path / "quarantine").iterdir()
    assert lines[1][2]["aside"] == str(aside)
    assert (aside / "driftd.db").read_bytes() == b"torn"


async def test_damage_again_and_again_ends_it(tmp_path: Path) -> None:
    """Three times an hour; the disk is broken, and a new database each second would not mend it."""
    lives = Lives(*[DAMAGED] * 9)
    with pytest.raises(DamagedStoreError):
        await run(lives, tmp_path)
    assert lives.lived == 4


async def test_damage_now_and_then_does_not(tmp_path: Path) -> None:
    """Hours apart each counts for itself."""
    clock = Still()

    class Long(Lives):
        async def __call__(self) -> None:
            clock.ms += 3_600_000
            await super().__call__()

    lives = Long(*[DAMAGED] * 6)
    await run(lives, tmp_path, clock)
    assert lives.lived == 7


@pytest.mark.parametrize("error", [FencedError("later"), ZeroDivisionError(), FullStoreError("full")])
async def test_whatever_else_ends_it_does(error: Exception, tmp_path: Path) -> None:
    """Nothing is set aside for it."""
    with pytest.raises(type(error)):
        await run(Lives(error), tmp_path)
    assert not (tmp_path / "quarantine").exists()


async def test_the_ballast_is_given_up_to_start(tmp_path: Path) -> None:
    """Once: where that is not enough, the disk is full."""
    Ballast(tmp_path).make(4096)
    lives = Lives(FullStoreError("full"), FullStoreError("full"))
    with pytest.raises(FullStoreError):
        await run(lives, tmp_path)
    assert lives.lived == 2
