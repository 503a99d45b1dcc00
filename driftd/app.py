"""The composition root: configuration → adapters → runtime. Here alone they meet."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict

from driftd import config as configuration
from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.x3 import catalogue as x3
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, ClientCredentials, X3Settings
from driftd.config import ClassDefaults, Config, ConnectionConfig, SecretRef
from driftd.core.model import Kind
from driftd.errors import ConfigError, Reason, SourceError
from driftd.ports import Source, Store
from driftd.runtime import poll as polling
from driftd.runtime.tally import CycleReport, Progress, Watch
from driftd.runtime.tenant import Tenant

if TYPE_CHECKING:
    from driftd.adapters.x3.tape import Tape
    from driftd.core.trial import Trial

__all__ = [
    "CycleReport",
    "Progress",
    "Recording",
    "Report",
    "Selection",
    "catalogue",
    "examined",
    "poll",
    "reading",
    "writing",
]


class Selection(Struct, frozen=True):
    """What to poll: None takes every connection, every resource, and what is due."""

    connection: str | None = None
    resource: str | None = None
    kind: Kind | None = None


class Recording(Struct, frozen=True):
    """What a live check is recorded as."""

    file: Path
    values: bool = False
    """Whether records keep their values."""
    records: int = 200
    """Records of a class whose details are read, at most."""


class Report(Struct, frozen=True):
    """What a poll did."""

    cycles: tuple[CycleReport, ...]
    seconds: float
    next_due: int | None
    """The earliest time at which something is due again, epoch ms."""

    @property
    def ok(self) -> bool:
        """Whether every cycle was wholly fine."""
        return all(each.outcome == "ok" for each in self.cycles)

    def to_json(self) -> dict[str, object]:
        """Return the report as `driftd poll --format json` prints it."""
        due = None if self.next_due is None else datetime.fromtimestamp(self.next_due / 1000, UTC).isoformat()
        resources = [asdict(each) for each in self.cycles]
        return {"ok": self.ok, "resources": resources, "seconds": round(self.seconds, 6), "next_due": due}


def catalogue() -> Mapping[str, ClassDefaults]:
    """Return what is known of X3's classes, in the standard order."""
    known = {}
    for name in x3.standard():
        here = x3.lookup(name)
        if here is not None:
            known[name] = ClassDefaults(here.representation, here.key, details=here.details, lines=here.lines)
    return known


async def poll(config: Config, selection: Selection, watch: Watch | None = None) -> Report:
    """Run one cycle of each selected resource.

    Raises `LockedError` where a daemon owns the data directory, `StoreError` where it cannot be used.
    """
    clock = SystemClock()
    begun = clock.monotonic()
    unusable: list[CycleReport] = []
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(writing(config))
        rounds = []
        for connection in config.connections:
            if selection.connection not in {None, connection.name}:
                continue
            resources = [each for each in connection.resources if selection.resource in {None, each.name}]
            try:
                source = await stack.enter_async_context(connected(connection))
            except SourceError as error:
                unusable += polling.unusable(resources, selection.kind, error)
                continue
            host = urlsplit(connection.base_url).hostname or connection.base_url
            tenant = Tenant(source, store, clock, host, connection.folder, lambda: secrets.randbits(64))
            settings = connection.settings
            rounds.append(polling.Round(tenant, resources, settings.max_concurrency, settings.max_per_host))
        polled = await polling.poll(rounds, selection.kind, max_concurrency=config.daemon.max_concurrency, watch=watch)
    return Report((*polled.cycles, *unusable), clock.monotonic() - begun, polled.next_due)


async def examined(connection: ConnectionConfig, recording: Recording | None = None) -> "Trial":
    """Check a connection live, step by step, and record it where that is asked for.

    Raises `SourceError` (``config_error``) where it cannot even be tried, `OSError` where the recording has no place.
    """
    from driftd.adapters.x3.trial import examine

    settings = _settings(connection)
    with _tape(settings, recording) as tape:
        return await examine(settings, connection.resources, SystemClock(), tape)


@contextmanager
def _tape(settings: X3Settings, recording: Recording | None) -> "Iterator[Tape | None]":
    from driftd.adapters.x3 import tape as tapes
    from driftd.adapters.x3.disguise import Disguise

    if recording is None:
        yield None
        return
    disguise = Disguise(secrets.token_bytes(32), tapes.secrets_of(settings), values=recording.values)
    with tapes.recording(recording.file, disguise, recording.records) as tape:
        yield tape


@asynccontextmanager
async def connected(connection: ConnectionConfig) -> AsyncIterator[Source]:
    """Give a connection's source; raises `SourceError` (``config_error``) where its secret is not to be had."""
    async with X3Source(_settings(connection), None, SystemClock()) as source:
        yield source


def _settings(connection: ConnectionConfig) -> X3Settings:
    """Return a connection as the adapter needs it; raises `SourceError` where its secret is not to be had."""
    secret = _secret(connection.name, connection.auth.secret)
    secret()
    auth = connection.auth
    if isinstance(auth, configuration.Basic):
        used: Basic | ClientCredentials = Basic(auth.username, secret)
    else:
        used = ClientCredentials(auth.token_url, auth.client_id, secret)
    return X3Settings(
        name=connection.name,
        base_url=connection.base_url,
        folder=connection.folder,
        auth=used,
        endpoint=connection.endpoint,
        folder_headers=connection.folder_header,
        proxy=connection.proxy,
        ca_file=connection.ca_file,
        timeout=connection.settings.timeout,
    )


@asynccontextmanager
async def writing(config: Config) -> AsyncIterator[Store]:
    """Open the store for writing; at most one process does. Raises `LockedError` or `StoreError`."""
    async with SqliteStore.open(config.data_dir, clock_now=SystemClock().now) as store:
        yield store


@asynccontextmanager
async def reading(config: Config) -> AsyncIterator[Store]:
    """Open the store for reading, whoever writes it meanwhile. Raises `StoreError`."""
    async with SqliteStore.reading(config.data_dir) as store:
        yield store


def _secret(name: str, reference: SecretRef) -> Callable[[], str]:
    def read() -> str:
        try:
            return reference.read()
        except ConfigError as error:
            raise SourceError(
                Reason.CONFIG_ERROR,
                f'connection "{name}": its secret is not to be had: {error}',
                hint="set the variable or the file that the configuration names",
            ) from error

    return read
