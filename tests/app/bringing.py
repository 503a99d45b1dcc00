"""Connections of the database that sign in by a pair, at a served gateway; the process that has it restarts at will."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.envelope import seal
from driftd.adapters.vault.making import make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app import alone
from driftd.app.adoption import Adoption
from driftd.app.connections import Connections
from driftd.app.joining import merged_with
from driftd.app.opening import connected, writing
from driftd.app.pairing import FIELD, Pairs, Told
from driftd.app.vault import Vault
from driftd.config import Config
from driftd.config.parse import parse
from driftd.core.brought import Put
from driftd.core.decision import Word
from driftd.core.model import Query
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.simulator import Farm, Tenant, serving
from tests.contracts.stores import room

WORD = Word("jo", "new customer")


class _Held(alone._Held):
    """A configuration, and the connections that were told to begin anew."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.renewed: list[str] = []


@dataclass
class Process:
    """A process that has the database."""

    site: "Site"
    store: SqliteStore
    connections: Connections
    held: _Held
    pairs: Pairs
    adoption: Adoption

    async def rotate(self, token: str, *, unchecked: bool = False) -> str:
        """Give a refresh token by hand, as the command line does."""
        kept = await self.store.vault.kept("aldgate", FIELD)
        assert kept is not None
        blob = seal(Secret(token), kept.place, kept.number + 1, self.pairs.safe.keys.first)
        return await self.adoption.keep(Kept(kept.place, kept.number + 1, blob, 0), WORD, unchecked=unchecked)

    async def put(self, token: str | None, name: str = "aldgate", *, check: bool = True, **changes: Any) -> Put:
        """Bring a connection with a refresh token, as a program does."""
        secrets = {} if token is None else {"refresh_token": Secret(token)}
        application = changes.pop("application", "" if token is None else self.site.tenant.client_secret)
        if application:
            secrets["client_secret"] = Secret(application)
        create = changes.pop("create", None)
        return await self.connections.put(self.site.table(name, **changes), secrets, WORD, create=create, check=check)

    async def poll(self, name: str = "aldgate") -> None:
        """Read a page; raises `SourceError`."""
        connection = next(each for each in self.held.config.connections if each.name == name)
        async with connected(connection, safe=self.pairs.safe, pairs=self.pairs) as source:
            await source.page(connection.resources[0], Query(5))

    async def kept(self) -> list[tuple[str, str]]:
        """Return where secrets stand."""
        return [(each.place.connection, each.place.field) for each in await self.store.vault.sealed()]

    async def names(self) -> list[str]:
        return [each.name for each in await self.store.connections.all()]


@dataclass
class Site:
    """The tenant, and the folder of the process."""

    tenant: Tenant
    url: str
    folder: Path
    text: str = ""
    """Connections of the file."""
    hidden: set[str] = field(default_factory=set)
    """What no log may show now."""

    def table(self, name: str, **changes: Any) -> Mapping[str, Any]:
        """Return the table of a connection, with settings that are others in it or in its way in."""
        auth = {"type": "pairing", "token_url": self.url + self.tenant.pair_path, "client_id": self.tenant.client_id}
        auth |= {each: changes.pop(each) for each in ("type", "pair", "token_url", "client_id") if each in changes}
        known = {"name": name, "base_url": self.url, "folder": self.tenant.folder, "auth": auth}
        return {**known, "resources": [{"name": "BPCUSTOMER", "key": ["BPCNUM"]}], **changes}

    @property
    def head(self) -> str:
        """All of the file but its connections."""
        network = '["127.0.0.0/8"]'
        head = '[vault]\nkey_file = "key"\n[daemon]\ndata_dir = "data"\n[store]\nballast = "64KiB"\n'
        return head + f"[network]\nallow_networks = {network}\nallow_http = {network}\n"

    @property
    def config(self) -> Config:
        return parse(self.head + self.text, folder=self.folder)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Process]:
        """Start one."""
        config = self.config
        async with writing(config) as store:
            held = _Held(await merged_with(config, store))
            safe, told = (
                Safe(read_keys(config.vault), await store.vault.sealed()),
                Told(self.hidden.add, self.hidden.discard),
            )
            pairs = Pairs(store.vault, safe, SystemClock().now, told)
            house = replace(alone._house(held, store, pairs), renew=held.renewed.append)
            adoption = Adoption(
                Vault(store.vault, pairs.safe, lambda: held.config, pairs.now), pairs, lambda: held.config, connected
            )
            yield Process(self, store, Connections(house), held, pairs, adoption)


@contextmanager
def sites() -> Iterator[Site]:
    """Serve a tenant."""
    farm = Farm.build(tenants=1, records=5, only=("BPCUSTOMER",))
    with serving(farm) as served, room() as folder:
        (tenant,) = farm.values()
        make_file(folder / "key")
        yield Site(tenant, served.url, folder)
