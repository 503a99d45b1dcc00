"""Keys are rotated while secrets are in use: interrupted anywhere, every secret opens."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import opened, seal
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.making import add_to_file, make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.vault import Vault
from driftd.config import Config
from driftd.config.parse import parse
from driftd.core.alerts.model import Deed
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.core.sealed import parse as taken_apart
from driftd.core.secret import Secret
from driftd.errors import ConfigError, DecisionError
from tests.contracts.stores import room

NAMES = ("a", "b", "c", "d")
STORE = "5f" * 16
WORD = Word("jo", "the yearly one")


class Ended(BaseException):
    """The process is killed."""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        make_file(directory / "key")
        yield directory


def configured(data_dir: Path, *names: str) -> Config:
    text = '[vault]\nkey_file = "key"\n'
    for name in names:
        text += f'[[connections]]\nname = "{name}"\nbase_url = "https://x3.example"\nfolder = "F"\n'
        text += 'auth = { type = "basic", username = "u" }\n'
        text += '[[connections.resources]]\nname = "A"\nkey = ["K"]\n'
    return parse(text, folder=data_dir)


def keys(data_dir: Path) -> Keyring:
    return read_keys(configured(data_dir).vault)


def kept(data_dir: Path, name: str, number: int = 1) -> Kept:
    place = Place(STORE, name, "password")
    return Kept(place, number, seal(Secret(f"{name}{number}"), place, number, keys(data_dir).first), 5)


@asynccontextmanager
async def filled(data_dir: Path) -> AsyncIterator[tuple[SqliteStore, Vault]]:
    """Give a store that keeps a secret of each connection."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        vault = Vault(store.vault, Safe(), lambda: configured(data_dir, *NAMES), lambda: 5)
        for name in NAMES:
            await vault.keep(kept(data_dir, name), WORD)
        yield store, vault


async def secrets(store: SqliteStore, ring: Keyring) -> list[str]:
    return [opened(each.blob, each.place, ring).reveal() for each in await store.vault.sealed()]


class Killed(SqliteVault):
    """A vault whose process is killed before it has rewrapped one secret more."""

    left = 0

    async def rewrap(self, kept: Kept, blob: bytes, deed: Deed) -> bool:
        if not self.left:
            raise Ended
        self.left -= 1
        return await super().rewrap(kept, blob, deed)


@pytest.mark.parametrize("after", range(len(NAMES) + 1))
async def test_a_rotation_that_is_killed_goes_on(data_dir: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Wherever: each secret opens then, by key and number as before; each is rewrapped once, and told once."""
    async with filled(data_dir) as (store, vault):
        (old,) = keys(data_dir)
        new = add_to_file(data_dir / "key")
        with monkeypatch.context() as patch:
            patch.setattr(vault._store, "__class__", Killed)
            patch.setattr(Killed, "left", after)
            if after < len(NAMES):
                with pytest.raises(Ended):
                    await vault.rotate(WORD)
        assert await secrets(store, keys(data_dir)) == [f"{name}1" for name in NAMES]
        under = [taken_apart(each.blob).kek for each in await store.vault.sealed()]
        assert under == [new.id] * after + [old.id] * (len(NAMES) - after) or after == len(NAMES)
        rest = len(NAMES) - after if after < len(NAMES) else len(NAMES)
        said = await vault.rotate(WORD)
        assert f'under the key "{new.id.hex()}": {rest} secret' in said
        assert await secrets(store, Keyring([new])) == [f"{name}1" for name in NAMES]
        for name in NAMES:
            rewrap, _ = await store.casebook.deeds(name, 10)
            assert (rewrap.action, rewrap.before, rewrap.after) == ("rewrap", old.id.hex(), new.id.hex())


async def test_a_secret_that_is_stored_meanwhile_stands(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation that read the one before leaves it alone."""
    async with filled(data_dir) as (store, vault):
        add_to_file(data_dir / "key")
        stale = await store.vault.sealed()
        await vault.keep(kept(data_dir, "b", 2), WORD)

        async def read(_self: SqliteVault) -> list[Kept]:
            return list(stale)

        with monkeypatch.context() as patch:
            patch.setattr(SqliteVault, "sealed", read)
            assert "3 secrets rewrapped" in await vault.rotate(WORD)
        assert await secrets(store, keys(data_dir)) == ["a1", "b2", "c1", "d1"]


async def test_who_reads_meanwhile_always_finds_its_secret(data_dir: Path) -> None:
    """From memory: before, after, with the new key alone; and a key that left the file too early still opens."""
    async with filled(data_dir) as (_, vault):
        safe = vault._safe
        assert safe.secret("a", "password") == Secret("a1")
        add_to_file(data_dir / "key")
        await vault.rotate(WORD)
        assert [safe.secret(name, "password").reveal() for name in NAMES] == [f"{name}1" for name in NAMES]
        safe.keys = Keyring([safe.keys.first])
        assert [safe.secret(name, "password").reveal() for name in NAMES] == [f"{name}1" for name in NAMES]
        (data_dir / "key").unlink()
        make_file(data_dir / "key")
        await vault.keep(kept(data_dir, "a", 2), WORD)
        assert [safe.secret(name, "password").reveal() for name in NAMES] == ["a2", "b1", "c1", "d1"]


async def test_only_what_is_ours_to_keep_is_kept(data_dir: Path) -> None:
    """Not that of a connection that is not configured, nor one of another key, nor one that says it is another's."""
    async with filled(data_dir) as (store, vault):
        before = await store.vault.sealed()
        moved = replace(kept(data_dir, "a", 2), place=Place(STORE, "b", "password"))
        numbered = replace(kept(data_dir, "a", 3), number=2)
        barred = replace(kept(data_dir, "a", 2), place=Place("5f|", "a", "password"))
        torn = replace(kept(data_dir, "a", 2), blob=b"drfV")
        for wrong, why in ((moved, "damaged"), (numbered, "another number"), (barred, "has no"), (torn, "4 bytes")):
            with pytest.raises(DecisionError, match=f"does not open: .*{why}"):
                await vault.keep(wrong, WORD)
        strange = kept(data_dir, "z")
        (data_dir / "key").unlink()
        foreign_key = make_file(data_dir / "key")
        foreign = kept(data_dir, "a", 2)
        (data_dir / "key").unlink()
        make_file(data_dir / "key")
        for wrong, why in ((strange, "keeps no password"), (foreign, foreign_key.id.hex())):
            with pytest.raises(DecisionError, match=why):
                await vault.keep(wrong, WORD)
        with pytest.raises(DecisionError, match="needs a reason"):
            await vault.keep(kept(data_dir, "a", 2), Word("jo", " "))
        (data_dir / "key").unlink()
        with pytest.raises(ConfigError, match="driftd keys generate"):
            await vault.rotate(WORD)
        assert await store.vault.sealed() == before
