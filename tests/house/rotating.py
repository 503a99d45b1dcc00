"""Many connections whose sweeps are under way, and tenants that replace their secrets: each way in is one entry."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import httpx

from driftd import app
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.making import make_file
from driftd.app import keys
from driftd.cli.renewal import _body
from driftd.config import Config, ConnectionConfig, load
from driftd.core.decision import Word
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.simulator import Fault, RequestSeen, Tenant
from tests.house.planting import planted
from tests.house.process import CLASSES, Daemon, Estate, Ran, connection, estate, free_port, head, running

PAGE: Final = 10
WORD: Final = Word("jo", "the tenant rotated it")
MIDWAY: Final = 3
"""The page of a sweep at which secrets are replaced."""
CROWD: Final = 4
"""Tenants beyond which each is swept the more seldom, the more there are."""


@dataclass(frozen=True)
class Way:
    """A way in, as a tenant and its configuration have it."""

    auth: Callable[[Tenant, str], str]
    """Given a tenant and where it is served: the table, without a secret."""
    secret: str
    """The key of the secret in that table."""
    told: frozenset[str]
    """The reasons by which a refused secret is told."""
    overlaps: bool = True
    """Whether tenants may have an old secret be good beside the new one."""
    everywhere: bool = True
    """Whether each request shows the secret, not only those for tokens."""
    attempts: int = len(CLASSES) + 1
    """How often a tenant is shown a secret that it refuses until it is left alone: by each cycle that was under way,
    and by the second look."""
    least: int = 2
    """How often it is shown one at least."""
    others: tuple[str, ...] = ()
    """The keys of further secrets, which stay as they are."""
    kept: str = "it is the 2nd one"
    """What is said of another secret that is kept."""
    refused: tuple[str, ...] = ()
    """What stands in the audit log of a secret that was refused, the latest first."""

    def rotate(self, tenant: Tenant, *, overlap: bool) -> str:
        """Have a tenant replace its secret, the old one and its tokens good beside it or not; return the new one."""
        fresh = planted("fresh")
        tenant.switches.rotation = "overlap" if overlap else "at_once"
        with tenant.lock:
            if self.secret == "refresh_token":
                fresh = tenant.pair()
            elif self.secret == "password":
                tenant.credentials.password = fresh
            else:
                tenant.rotate_secret()
                tenant.credentials.client_secret = fresh
            if not overlap:
                tenant.revoke_tokens()
        return fresh

    def known(self, tenant: Tenant, key: str | None = None) -> str:
        """Return the present secret, or another one of the tenant."""
        known = {"password": tenant.password, "refresh_token": tenant.gateway.token}
        return known.get(key or self.secret, tenant.client_secret)


def _client(tenant: Tenant, url: str) -> str:
    return f'token_url = "{url}{tenant.token_path}"\nclient_id = "{tenant.client_id}"\n'


def _basic(tenant: Tenant, _url: str) -> str:
    return f'type = "basic"\nusername = "{tenant.username}"\n'


def _pairing(tenant: Tenant, url: str) -> str:
    return f'type = "pairing"\ntoken_url = "{url}{tenant.pair_path}"\nclient_id = "{tenant.client_id}"\n'


def _app(tenant: Tenant, _url: str) -> str:
    return (
        f'type = "connected_app"\nclient_id = "{tenant.client_id}"\nusername = "{tenant.username}"\n'
        f'audience = "{tenant.audience}"\n'
    )


WAYS: Final[Mapping[str, Way]] = {
    "client_credentials": Way(_client, "client_secret", frozenset({"oauth_invalid_client"}), everywhere=False),
    "basic": Way(_basic, "password", frozenset({"unauthorized"}), overlaps=False),
    "connected_app": Way(
        _app, "client_secret", frozenset({"oauth_invalid_client"}), attempts=2 * (len(CLASSES) + 1)
    ),  # a token that is refused is signed anew once
    "pairing": Way(
        _pairing,
        "refresh_token",
        frozenset({"oauth_invalid_client"}),
        everywhere=False,
        attempts=1,  # a refusal is not asked again for a while, whoever would
        least=1,
        others=("client_secret",),
        kept="was taken by the gateway",
        refused=("put_back", "keep_secret"),
    ),
}
IN_FILES: Final[Mapping[str, Way]] = {
    **WAYS,
    "pairing": replace(WAYS["pairing"], secret="client_secret", others=("refresh_token",)),
}
"""With the secret that may stand in a file: a refresh token never does."""


@dataclass
class Town:
    """The tenants, how they are signed in to, and what they were asked."""

    site: Estate
    way: Way
    due: dict[str, bool] = field(default_factory=dict)
    """The tenants that replace their secrets with the next sweep, and whether the old ones stay good for a while."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each tenant was shown a secret since it was last replaced."""
    secrets: dict[str, str] = field(default_factory=dict)
    """All that there ever were, by what they are."""

    @property
    def tenants(self) -> list[Tenant]:
        return self.site.tenants

    def watch(self) -> None:
        """Count what tenants are asked, and replace what is to be replaced."""
        for tenant in self.tenants:
            tenant.on_request = self._seen

    def _seen(self, request: RequestSeen) -> None:
        """Take note of a request before it is answered."""
        name, shows = request.tenant, self.way.everywhere or request.path.endswith(("/auth/token", "/v1/token"))
        self.asked[name] += shows
        self._learn(request)
        midway = (request.resource, request.facet, request.page) == ("BPCUSTOMER", "$query", MIDWAY)
        if midway and name in self.due:
            fresh = self.way.rotate(self.site.farm[name], overlap=self.due[name])
            self.secrets[f"secret {len(self.secrets)} of {name}"] = fresh
            self.asked[name] = int(shows)
            del self.due[name]

    def _learn(self, request: RequestSeen) -> None:
        """Take the tokens that a pair is good for to those that must not come out."""
        if "refresh_token" in (self.way.secret, *self.way.others):
            shown = request.headers.get("authorization", "").removeprefix("Bearer ")
            for token in {shown, self.site.farm[request.tenant].gateway.token} - {""}:
                self.secrets[f"token {token[:4]} of {request.tenant}"] = token

    def slow(self) -> None:
        """Have each page take a while, so that sweeps are always under way."""
        for tenant in self.tenants:
            tenant.faults.append(Fault("delay", resource="BPCUSTOMER", seconds=0.3))

    def hasten(self) -> None:
        """Have pages take no longer than they do."""
        for tenant in self.tenants:
            tenant.faults.clear()

    def rotate(self, daemon: Daemon, *, overlap: bool) -> None:
        """Have each tenant replace its secret in the midst of a sweep; wait until all have."""
        self.due = {each.name: overlap for each in self.tenants}
        daemon.until(lambda: not self.due, "each is in the midst of a sweep")

    def end_overlap(self) -> None:
        """Have no tenant take its old secret any more, nor any token of before."""
        for tenant in self.tenants:
            with tenant.lock:
                tenant.credentials.old_secrets.clear()
                tenant.revoke_tokens()

    def write(self, kept: Mapping[str, str] | None = None) -> None:
        """Write the configuration: secrets are kept by driftd, or each where `kept` says, as TOML by tenant."""
        listen = f"127.0.0.1:{free_port()}"
        text = '[vault]\nkey_file = "key"\n'
        every = max(1, len(self.tenants) // CROWD)
        pace: dict[str, Any] = {"probe": f"{2 * every}s", "delta": f"{2 * every}s", "sweep": f"{every}s"}
        pace |= {"second_look": "500ms", "page_size": PAGE}
        text += head(web={"listen": listen, "metrics_detail": "full"}, daemon={"log_level": "debug"}, **pace)
        for tenant in self.tenants:
            auth = self.way.auth(tenant, self.site.served.url)
            if kept:
                auth += f"{self.way.secret} = {kept[tenant.name]}\n"
            text += connection(tenant, self.site.served.url, CLASSES, auth=auth)
        self.site.place.write_text(text)

    def config(self) -> Config:
        """Return the configuration as driftd reads it."""
        return load(self.site.place, app.catalogue())

    def keep(self, tenant: Tenant) -> None:
        """Have the present secrets of a tenant kept, where no daemon runs."""
        config = self.config()
        kept_here = [each.field for each in self._connection(config, tenant).secrets if each.field]
        for key in (self.way.secret, *self.way.others):
            if key in kept_here:
                kept = self._sealed(config, tenant, self.way.known(tenant, key), key)
                anyio.run(partial(keys.keep, unchecked=True), config, kept, WORD)

    def post(self, daemon: Daemon, tenant: Tenant, secret: str) -> httpx.Response:
        """Give a running daemon a secret to keep, sealed as the command line does, but not tried yet."""
        config = self.config()
        kept = self._sealed(config, tenant, secret, self.way.secret)
        body = _body(kept, WORD) | {"unchecked": False}
        return daemon.client.post(f"{daemon.url}/api/v1/vault/secrets", json=body)

    def _sealed(self, config: Config, tenant: Tenant, secret: str, key: str) -> Kept:
        return anyio.run(keys.sealed, config, self._connection(config, tenant), Secret(secret), key)

    def _connection(self, config: Config, tenant: Tenant) -> ConnectionConfig:
        return next(each for each in config.connections if each.name == tenant.name)

    def give(self, tenant: Tenant, secret: str, *more: str) -> Ran:
        """Give driftd a secret to keep, by the command line."""
        line = [sys.executable, "-m", "driftd", "connections", "rotate", tenant.name, "--secret-stdin", *more]
        done = subprocess.run(
            line,
            cwd=self.site.folder,
            input=f"{secret}\n",
            env={**os.environ, **self.site.environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def town(folder: Path, way: Way, tenants: int, records: int) -> Iterator[Town]:
    """Serve tenants that take this way in, with secrets that nobody could say by chance."""
    with estate(folder, tenants, records) as site:
        found = Town(site, way)
        for tenant in site.tenants:
            tenant.switches.connected_app_jwt = "accepted"
            tenant.credentials.client_secret = tenant.credentials.password = planted("first")
            tenant.pair()
            found.secrets[f"client secret of {tenant.name}"] = tenant.client_secret
            found.secrets[f"secret 0 of {tenant.name}"] = found.way.known(tenant)
            (folder / f"{tenant.name}.secret").unlink()
        found.write()
        make_file(folder / "key")
        for tenant in site.tenants:
            found.keep(tenant)
        found.watch()
        yield found


@contextmanager
def polled(town: Town) -> Iterator[Daemon]:
    """Run a daemon."""
    with running(town.site.folder, town.site.environ, program=("tests.house.hasty",)) as daemon:
        daemon.tries *= 5
        yield daemon


def alerts(daemon: Daemon, name: str) -> list[dict[str, Any]]:
    """Return the alerts of a connection about its credentials, those that ended among them."""
    found = daemon.get("/api/v1/alerts?all=1").json()["alerts"]
    return [each for each in found if (each["connection"], each["kind"]) == (name, "credential")]


def audit(folder: Path, name: str) -> list[str]:
    """Return what persons did with a connection, the latest first."""

    async def look() -> list[str]:
        async with SqliteStore.reading(folder / "data") as store:
            return [each.action for each in await store.casebook.deeds(name, 100)]

    return anyio.run(look)
