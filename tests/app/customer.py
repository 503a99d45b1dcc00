"""A customer's pair at a served gateway, and a process that keeps it in a real database; restarted at will."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.envelope import seal
from driftd.adapters.vault.making import make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.adoption import Adoption
from driftd.app.opening import connected, writing
from driftd.app.pairing import FIELD, Pairs, Told
from driftd.app.vault import Vault
from driftd.config import Config
from driftd.config.parse import parse
from driftd.core.decision import Word
from driftd.core.model import Query
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.simulator import Farm, Tenant, serving
from tests.contracts.stores import room

WORD = Word("jo", "paired with the customer")
STORE = "5f" * 16


@dataclass
class Process:
    """A process that has the database."""

    site: "Site"
    store: SqliteStore
    pairs: Pairs
    vault: Vault
    adoption: Adoption

    async def poll(self, name: str = "aldgate") -> None:
        """Read a page; raises `SourceError`."""
        connection = next(each for each in self.site.config.connections if each.name == name)
        async with connected(connection, safe=self.pairs.safe, pairs=self.pairs) as source:
            await source.page(connection.resources[0], Query(5))

    async def given(self, secret: str, field_: str = FIELD, *, unchecked: bool = False) -> str:
        """Give a secret, as the command line does."""
        kept = await self.kept(field_)
        place, number = Place(STORE, "aldgate", field_), 1 + (kept.number if kept else 0)
        blob = seal(Secret(secret), place, number, self.pairs.safe.keys.first)
        return await self.adoption.keep(Kept(place, number, blob, 0), WORD, unchecked=unchecked)

    async def kept(self, field_: str = FIELD) -> Kept | None:
        return await self.store.vault.kept("aldgate", field_)

    async def interrupted(self) -> bool:
        """Tell whether there is a use of which it is not known how it ended."""
        kept = await self.kept()
        assert kept is not None
        begun = await self.store.vault.begin_use(kept.place, 7)
        if begun is None:
            await self.store.vault.end_use(kept.place)
        return begun is not None

    async def deeds(self) -> list[str]:
        return [each.action for each in await self.store.casebook.deeds("aldgate", 20)]


@dataclass
class Site:
    """The tenant, and the folder of the process."""

    tenant: Tenant
    config: Config
    learnt: list[str] = field(default_factory=list)
    """What no log may show now."""

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Process]:
        """Start one."""
        clock = SystemClock()
        async with writing(self.config) as store:
            safe = Safe(read_keys(self.config.vault), await store.vault.sealed())
            pairs = Pairs(store.vault, safe, clock.now, Told(self.learnt.append, self.learnt.remove))
            vault = Vault(store.vault, safe, lambda: self.config, clock.now)
            adoption = Adoption(vault, pairs, lambda: self.config, partial(connected))
            yield Process(self, store, pairs, vault, adoption)


def configuration(tenant: Tenant, url: str, secret: str = 'client_secret = { file = "application" }') -> str:
    """Return two connections to one folder, which share a pair."""
    network = '["127.0.0.0/8"]'
    text = '[vault]\nkey_file = "key"\n[daemon]\ndata_dir = "data"\n[store]\nballast = "64KiB"\n'
    text += f"[network]\nallow_networks = {network}\nallow_http = {network}\n"
    for name in ("aldgate", "brigg"):
        text += f'[[connections]]\nname = "{name}"\nbase_url = "{url}"\nfolder = "{tenant.folder}"\n'
        text += f'[connections.auth]\ntype = "pairing"\npair = "aldgate"\ntoken_url = "{url}{tenant.pair_path}"\n'
        text += f'client_id = "{tenant.client_id}"\n{secret}\n'
        text += '[[connections.resources]]\nname = "BPCUSTOMER"\nkey = ["BPCNUM"]\n'
    return text


@contextmanager
def sites(secret: str = 'client_secret = { file = "application" }') -> Iterator[tuple[Site, Path]]:
    """Serve a tenant, and give its site and the folder of it."""
    farm = Farm.build(tenants=1, records=5, only=("BPCUSTOMER",))
    with serving(farm) as served, room() as folder:
        (tenant,) = farm.values()
        make_file(folder / "key")
        (folder / "application").write_text(tenant.client_secret)
        text = configuration(tenant, served.url, secret)
        (folder / "driftd.toml").write_text(text)
        yield Site(tenant, parse(text, folder=folder)), folder
