"""The key of private members: made once, kept beside the database, and never another one without a word."""

import stat
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from driftd.adapters.keyfile import NAME, KeyFile
from driftd.adapters.sqlite import SqliteStore
from driftd.core.model import Privacy
from driftd.errors import ConfigError, Reason, SourceError
from driftd.runtime.secrecy import Secrecy
from tests.fakes.detection import detector_of
from tests.runtime.world import MASTER, World

PRIVATE: Final = replace(MASTER, private={"NAME": Privacy.HASH})


async def key_of(data_dir: Path, connection: str = "aldgate") -> bytes:
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        return await Secrecy(KeyFile(data_dir), store).of(connection)


def begun_like_it(data_dir: Path) -> list[str]:
    return [each.name for each in data_dir.glob(f"{NAME}*")]


async def test_the_key_is_made_when_it_is_first_needed_and_kept(tmp_path: Path) -> None:
    """For the eyes of driftd alone, 32 bytes of chance; each connection has one that is derived from it."""
    first = await key_of(tmp_path)
    file = tmp_path / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(bytes.fromhex(file.read_text().strip())) == 32
    assert await key_of(tmp_path) == first != await key_of(tmp_path, "borough")
    assert first.hex() not in file.read_text()
    assert begun_like_it(tmp_path) == [NAME]


async def test_another_key_is_noticed_and_so_is_none(tmp_path: Path) -> None:
    """Nothing is written with it: put the old one back, and all goes on."""
    first = await key_of(tmp_path)
    kept = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text("ab" * 32)
    with pytest.raises(SourceError, match="another one") as caught:
        await key_of(tmp_path)
    assert (caught.value.reason, "every hash would change" in caught.value.hint) == (Reason.CONFIG_ERROR, True)
    (tmp_path / NAME).unlink()
    with pytest.raises(SourceError, match="is gone"):
        await key_of(tmp_path)
    assert not (tmp_path / NAME).exists()
    (tmp_path / NAME).write_text(kept)
    (tmp_path / NAME).chmod(0o600)
    assert await key_of(tmp_path) == first


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "ab" * 600])
async def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    (tmp_path / NAME).chmod(0o600)
    with pytest.raises(ConfigError, match="holds no key") as caught:
        KeyFile(tmp_path).read()
    assert not text or text not in str(caught.value)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    KeyFile(tmp_path).make()
    (tmp_path / NAME).chmod(0o640)
    with pytest.raises(ConfigError, match=r"may be read by others.*chmod 600"):
        KeyFile(tmp_path).read()


def test_of_two_that_make_a_key_both_have_the_same(tmp_path: Path) -> None:
    assert KeyFile(tmp_path).make() == KeyFile(tmp_path).make()


def test_where_no_key_can_be_made_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be made: "):
        KeyFile(tmp_path / "nowhere").make()
    (tmp_path / NAME).symlink_to(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="is gone as soon as it is made"):
        KeyFile(tmp_path).make()


async def test_without_its_key_a_resource_with_private_members_is_not_read_and_others_are(tmp_path: Path) -> None:
    """The report says what is wrong; nothing is stored in clear meanwhile."""
    async with SqliteStore.open(tmp_path, clock_now=lambda: 1) as store:
        await Secrecy(KeyFile(tmp_path), store).of("conn")
        (tmp_path / NAME).unlink()
        world = World.of(5, PRIVATE)
        world.store = store  # type: ignore[assignment]
        detector_of(store).secret = Secrecy(KeyFile(tmp_path), store).of
        report = await world.run()
        assert (report.outcome, report.reason) == ("failed", Reason.CONFIG_ERROR)
        assert world.source.asked == []
        world.resource = MASTER
        assert (await world.run()).outcome == "ok"
