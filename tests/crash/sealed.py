"""Secrets that are given and shredded, and keys that change, as scenarios of the crash matrix.

The file of keys stands in the directory that is hurt, so that what is done to it is among the steps.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite import SqliteStore, files
from driftd.adapters.vault.envelope import opened, seal
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.making import add_to_file, make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.vault import Vault
from driftd.config import Config
from driftd.config.parse import parse
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.core.sealed import parse as taken_apart
from driftd.core.secret import Secret
from tests.crash.differing import Shown

_NAMES: Final = ("acme", "brigg", "coda", "dome")
_GONE: Final = _NAMES[-1]
"""Which the configuration has no use for."""
_WORD: Final = Word("jo", "as agreed")
_STORE: Final = "5f" * 16
_BLOBS: Final = "before"
"""A file of what was sealed at first, in no database."""


def _configured(data_dir: Path, *names: str) -> Config:
    text = '[vault]\nkey_file = "key"\n'
    for name in names:
        text += f'[[connections]]\nname = "{name}"\nbase_url = "https://x3.example"\nfolder = "F"\n'
        text += 'auth = { type = "basic", username = "u" }\n'
        text += '[[connections.resources]]\nname = "A"\nkey = ["K"]\n'
    return parse(text, folder=data_dir)


def _keys(data_dir: Path) -> Keyring:
    return read_keys(_configured(data_dir).vault)


@asynccontextmanager
async def _vault(data_dir: Path, *names: str) -> AsyncIterator[tuple[SqliteStore, Vault]]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        config = _configured(data_dir, *(names or _NAMES[:-1]))
        yield store, Vault(store.vault, Safe(), lambda: config, lambda: 5)


def _sealed(data_dir: Path, name: str, number: int) -> Kept:
    """Seal a secret that takes pages of its own."""
    place = Place(_STORE, name, "password")
    secret = Secret(f"{name} {number} ".ljust(6_000, "."))
    return Kept(place, number, seal(secret, place, number, _keys(data_dir).first), 5)


async def prepare(data_dir: Path) -> None:
    """Keep a secret of each connection."""
    data_dir.mkdir(0o700)  # noqa: ASYNC240 - nothing else runs
    make_file(data_dir / "key")
    async with _vault(data_dir, *_NAMES) as (store, vault):
        for name in _NAMES:
            await vault.keep(_sealed(data_dir, name, 1), _WORD)
        blobs = [each.blob.hex() for each in await store.vault.sealed()]
    (data_dir / _BLOBS).write_text("\n".join(blobs))


async def keep(data_dir: Path) -> None:
    """Keep the second secret of one of them."""
    async with _vault(data_dir) as (store, vault):
        if [each.number for each in await store.vault.sealed() if each.place.connection == "brigg"] == [1]:
            await vault.keep(_sealed(data_dir, "brigg", 2), _WORD)


async def rotate(data_dir: Path) -> None:
    """Have a new key first, and every secret under it."""
    if len([*_keys(data_dir)]) == 1:
        add_to_file(data_dir / "key")
    async with _vault(data_dir) as (_, vault):
        await vault.rotate(_WORD)


async def shred(data_dir: Path) -> None:
    """Shred what nobody needs any more."""
    async with _vault(data_dir) as (store, vault):
        if any(each.place.connection == _GONE for each in await store.vault.sealed()):
            await vault.shred(_GONE, _WORD)


async def shown(data_dir: Path) -> Shown:
    """Return each secret as it opens, which key it is under, what was done to it, and which blobs of before are left.

    Of the files next to that of the keys one may be left, where its writer was killed: as guarded as it.
    """
    keys = _keys(data_dir)
    ids = [each.id for each in keys]
    async with SqliteStore.reading(data_dir) as store:
        kept = await store.vault.sealed()
        secrets = [
            (each.place.connection, each.number, ids.index(taken_apart(each.blob).kek), _opened(each, keys))
            for each in kept
        ]
        deeds = [(one.action, one.subject) for name in _NAMES for one in await store.casebook.deeds(name, 100)]
    parts = [path.read_bytes() for path in files.parts(data_dir / files.DATABASE) if path.exists()]
    before = [bytes.fromhex(line) for line in (data_dir / _BLOBS).read_text().splitlines()]
    left = [number for number, blob in enumerate(before) if any(blob[-200:] in each for each in parts)]
    wrapped = [number for number, blob in enumerate(before) if any(blob[:100] in each for each in parts)]
    guarded = {oct(path.stat().st_mode & 0o777) for path in data_dir.glob("key*")}  # noqa: ASYNC240 - nothing else runs
    return Shown([], [], repr((secrets, len(ids), deeds, left, wrapped, guarded)))


def _opened(kept: Kept, keys: Keyring) -> str:
    return opened(kept.blob, kept.place, keys).reveal().rstrip(".")
