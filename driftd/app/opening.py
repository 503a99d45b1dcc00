"""Opens what the compositions share: a connection's source, the store, and what the catalogue knows."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final

from driftd import config as configuration
from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.files import LOCK
from driftd.adapters.sqlite.lock import Holder, holder
from driftd.adapters.sqlite.opening import schema_of
from driftd.adapters.vault.safe import EMPTY, Safe
from driftd.adapters.x3 import catalogue as x3
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.refusals import Refusals
from driftd.adapters.x3.settings import Auth, Basic, ClientCredentials, ConnectedApp, Pairing, Proof, X3Settings
from driftd.adapters.x3.trust import Files, faults
from driftd.app.pairing import Shared
from driftd.config import ClassDefaults, Config, ConnectionConfig, SecretRef, Sizes, proof_interval
from driftd.errors import ConfigError, EmptyStoreError, Mistake, Reason, SealError, SourceError
from driftd.ports import Traffic

SHORTEST: Final = 30.0
"""Seconds that a request may take however often its resource is polled."""


def catalogue() -> Mapping[str, ClassDefaults]:
    """Return what is known of X3's classes, in the standard order."""
    known = {}
    for name in x3.standard():
        here = x3.lookup(name)
        if here is not None:
            known[name] = ClassDefaults(
                here.representation,
                here.key,
                details=here.details,
                lines=here.lines,
                references=here.references,
                rules=here.rules,
                personal=here.personal,
            )
    return known


def now() -> int:
    """Return the wall clock, epoch ms."""
    return SystemClock().now()


@asynccontextmanager
async def connected(
    connection: ConnectionConfig,
    traffic: Traffic | None = None,
    learn: Callable[[str], None] = lambda _secret: None,
    safe: Safe = EMPTY,
    pairs: Shared | None = None,
    refusals: Refusals | None = None,
) -> AsyncIterator[X3Source]:
    """Give a connection's source; raises `SourceError` (``config_error``) where its secret is not to be had.

    `learn` is told each secret that is read, so that no log shows it; those that driftd keeps are in `safe`, and those
    of them that each use replaces in `pairs`; what the process knows of refused secrets is in `refusals`.
    """
    settings = settings_of(connection, learn, safe, pairs)
    if refusals is not None:
        settings = replace(settings, refusals=refusals)
    async with X3Source(settings, None, SystemClock(), traffic) as source:
        yield source


def settings_of(
    connection: ConnectionConfig,
    learn: Callable[[str], None] = lambda _secret: None,
    safe: Safe = EMPTY,
    pairs: Shared | None = None,
) -> X3Settings:
    """Return a connection as the adapter needs it; raises `SourceError` where its secret is not to be had."""
    secret = _secret(connection, partial(_read, connection.kept_as, connection.auth.secret, safe), learn)
    secret()
    return X3Settings(
        name=connection.name,
        base_url=connection.base_url,
        folder=connection.folder,
        auth=_auth(connection, secret, pairs),
        endpoint=connection.endpoint,
        folder_headers=connection.folder_header,
        proxy=connection.proxy,
        egress=connection.network,
        ca_file=connection.ca_file,
        client_cert_file=connection.client_cert_file,
        client_key_file=connection.client_key_file,
        timeout=_deadline(connection),
        proof=Proof(proof_interval(connection), connection.settings.second_look),
    )


def _auth(connection: ConnectionConfig, secret: Callable[[], str], pairs: Shared | None) -> Auth:
    auth = connection.auth
    if isinstance(auth, configuration.Pairing):
        if pairs is None:
            what = f'connection "{connection.name}": its pair is used by whoever has the database, and by nobody else'
            raise SourceError(Reason.CONFIG_ERROR, what, hint="ask the daemon that runs, or end it first")
        return Pairing(auth.token_url, auth.client_id, secret, pairs.of(connection))
    if isinstance(auth, configuration.Basic):
        return Basic(auth.username, secret)
    if isinstance(auth, configuration.ConnectedApp):
        return ConnectedApp(auth.client_id, secret, auth.username, auth.audience, auth.token_life)
    return ClientCredentials(auth.token_url, auth.client_id, secret, auth.scope)


def unusable(config: Config) -> list[Mistake]:
    """Name what cannot be used of the files that the configuration names."""
    from driftd.app.webfile import mistakes  # few commands need what it imports

    return mistakes(config.web.web_config_file) + [
        Mistake(f"{each.place}.{key}", f'the file "{getattr(each, key)}" {what}')
        for each in config.connections
        for key, what in faults(Files(each.ca_file, each.client_cert_file, each.client_key_file))
    ]


def _deadline(connection: ConnectionConfig) -> float:
    """Return the seconds for a request: no longer than the shortest interval of what it is part of, or than 30 s."""
    intervals = [min(each.settings.probe, each.settings.delta) for each in connection.classes]
    return min(connection.settings.timeout, max(SHORTEST, min(intervals, default=connection.settings.timeout)))


@asynccontextmanager
async def writing(config: Config) -> AsyncIterator[SqliteStore]:
    """Open the store for writing; at most one process does. Raises `LockedError` or `StoreError`."""
    async with SqliteStore.open(config.data_dir, clock_now=SystemClock().now) as store:
        yield store


@asynccontextmanager
async def amending(config: Config) -> AsyncIterator[SqliteStore]:
    """Open for writing the store that is there; nothing is made only to be changed. Raises as `reading` and `writing`.

    Only a poll makes one: any other command that finds none was given the wrong data directory.
    """
    schema_of(config.data_dir)
    async with writing(config) as store:
        yield store


@asynccontextmanager
async def reading(config: Config) -> AsyncIterator[SqliteStore]:
    """Open the store for reading, whoever writes it meanwhile. Raises `StoreError`."""
    async with SqliteStore.reading(config.data_dir) as store:
        yield store


@asynccontextmanager
async def recalling(config: Config) -> AsyncIterator[SqliteStore | None]:
    """Open the store for reading, whoever writes it meanwhile; gives None where nothing was ever stored.

    Raises `StoreError` for a file that cannot be used.
    """
    async with AsyncExitStack() as stack:
        store: SqliteStore | None = None
        with suppress(EmptyStoreError):
            store = await stack.enter_async_context(reading(config))
        yield store


def running(config: Config) -> Holder | None:
    """Return the process that polls with this data directory, and since when; None where none does."""
    return holder(config.data_dir / LOCK)


async def sizes(config: Config) -> Sizes:
    """Return what was measured of each resource. Raises `StoreError` where nothing was stored or can be read."""
    async with reading(config) as store:
        return await store.standings()


def _read(name: str, reference: SecretRef, safe: Safe) -> str:
    return safe.secret(name, reference.field).reveal() if reference.field else reference.read()


def _secret(connection: ConnectionConfig, look: Callable[[], str], learn: Callable[[str], None]) -> Callable[[], str]:
    name, field = connection.name, connection.auth.secret.field
    which = f" --field {field}" if field != connection.secrets[0].field else ""

    def read() -> str:
        try:
            secret = look()
        except SealError as error:
            raise SourceError(
                Reason.CONFIG_ERROR,
                f'connection "{name}": its secret is not to be had: {error}',
                hint=f"store it with `driftd connections rotate {name}{which}`",
            ) from error
        except ConfigError as error:
            raise SourceError(
                Reason.CONFIG_ERROR,
                f'connection "{name}": its secret is not to be had: {error}',
                hint="set the variable or the file that the configuration names",
            ) from error
        learn(secret)
        return secret

    return read
