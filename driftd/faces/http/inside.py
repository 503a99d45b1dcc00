"""What the HTTP surface asks of the daemon, and no more."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from driftd.config.model import WebConfig
from driftd.core.access import Caller, Token
from driftd.core.alerts.model import Alert
from driftd.core.brought import Brought, Put
from driftd.core.casefile import Case
from driftd.core.decision import Decided, Decision, Removal, Word
from driftd.core.health import Aside, Flip
from driftd.core.pausing import Directive
from driftd.core.renewal import Renewal, Renewed
from driftd.core.retention import Cursor, Pruned
from driftd.core.schema.model import SchemaVersion
from driftd.core.sealed import Kept
from driftd.core.status import Status
from driftd.core.stored import StoredTable
from driftd.core.trial import Trial
from driftd.ports import Clock, Done, Hour, Log, Pages, Polled


class Step(NamedTuple):
    """One step of a live check: resolve, connect, token, first page."""

    name: str
    seconds: float
    said: str
    """What came of it, without secrets; may have several lines."""


class Check(Struct, frozen=True):
    """A live check of one connection."""

    success: bool
    """Whether an authenticated, valid answer came."""
    steps: Sequence[Step] = ()


class Upkeep(Struct, frozen=True):
    """What is asked of the log of changes."""

    prune: Callable[[], Awaitable[Pruned]]
    """Prune for a second or two; ``more`` where that was too short."""
    cursors: Callable[[], Awaitable[Sequence[Cursor]]]
    move: Callable[[Cursor], Awaitable[None]]
    """Make or move a cursor; raises `DecisionError` where there are too many, or it reads what is not configured."""
    forget: Callable[[str], Awaitable[bool]]
    """Remove a cursor; tells whether there was one."""


class Deeds(Struct, frozen=True):
    """What is done with the secrets that driftd keeps. Each says what it did, and raises `DecisionError`."""

    keep: Callable[[Kept, Word, bool], Awaitable[str]]
    """Keep a sealed secret in the place of the one before it; tried at the tenant first, unless the last is True."""
    rotate: Callable[[Word], Awaitable[str]]
    """Have every secret under the first key."""
    shred: Callable[[str, Word], Awaitable[str]]
    """Remove what is kept of a connection that is gone, by its name."""


class Source(Struct, frozen=True):
    """Where a connection stands."""

    stored: bool
    """In the database; else in the file."""
    place: str
    """Such as ``connections[3]``."""


class Tenants(Struct, frozen=True):
    """What is asked and done of connections."""

    sources: Callable[[], Mapping[str, Source]]
    """Where each connection stands, by name."""
    stored: Callable[[], Awaitable[Sequence[StoredTable]]]
    """Return those of the database, by name."""
    put: Callable[[Brought, Word], Awaitable[Put]]
    """Have a connection as it is brought; raises `ConfigError` with every mistake, and `DecisionError`."""
    remove: Callable[[str, Word, bool], Awaitable[str]]
    """Remove one by its name, and with True erase what was captured of it; raises `DecisionError`."""
    history: Callable[["Stretch"], Awaitable[Sequence[Flip | Polled | Hour]]]
    """Return what happened, newest first."""
    flips: Callable[[str, int], Awaitable[int]]
    """Count the changes of a connection's state since a time (epoch ms)."""
    rotate: Callable[[Renewal, Word], Awaitable[Renewed]]
    """Give one its new secret; raises `DecisionError`, `ConfigError` without a key, and `SourceError` of a pair."""
    try_: Callable[[str], Awaitable[Trial]]
    """Check a connection live, within its limits; raises `KeyError` for one that is not polled."""
    ask: Callable[[str], None]
    """Have a connection be polled now; raises `KeyError` for one that is not polled."""


class Stretch(Struct, frozen=True):
    """Part of what happened to a connection; times in epoch ms."""

    connection: str
    since: int
    until: int
    limit: int
    failures: bool = False


class Entry(Struct, frozen=True):
    """Who is let in."""

    open: Callable[[], bool]
    """Whether nobody has to say who they are."""
    bearer: Callable[[str], Caller | None]
    """Return whom the text of a token lets in."""
    users: Callable[[], bool]
    """Whether there are users with passwords."""
    remembered: Callable[[str, str], Caller | None]
    """Return the user of a name and password that were looked at before, and right."""
    user: Callable[[str, str], Awaitable[Caller | None]]
    """Return the user of a name and password; takes some tenths of a second, whoever is named."""
    schemes: Callable[[], Sequence[str]]
    """Return the kinds of credentials that are taken: ``bearer``, ``basic``; none where none are needed."""
    headers: Callable[[], Mapping[str, str]]
    """What every answer carries besides, as configured."""


class TokenDeeds(Struct, frozen=True):
    """What is done with tokens. Each says what it did, and raises `DecisionError`."""

    listed: Callable[[], Sequence[Token]]
    make: Callable[[Token, Word], Awaitable[str]]
    revoke: Callable[[str, Word], Awaitable[str]]
    """Let the bearers of a token in no more, by its name."""


class Inside(Struct, frozen=True):
    """The daemon as its HTTP surface sees it."""

    status: Callable[[], Status]
    """The view at this moment. Called on the event loop: it must be quick."""
    web: Callable[[], WebConfig]
    """The settings in force."""
    missing: Callable[[], str | None]
    """The step that is missing until the daemon is ready; None when it is."""
    reload: Callable[[], Awaitable[str]]
    """Load the configuration anew and return what changed; raises `ConfigError` with every mistake."""
    check: Callable[[str], Awaitable[Check]]
    """Check a connection live, by its name; cancelled when its time is over. A failure is told, not raised."""
    alerts: Callable[[int | None], Awaitable[Sequence[Alert]]]
    """Return the open alerts, and those that ended at or after a time (epoch ms)."""
    case: Callable[[str], Awaitable[Case]]
    """Return one alert by its id, or the beginning of it; raises `DecisionError` where there is none, or several."""
    versions: Callable[[str, str], Awaitable[Sequence[SchemaVersion]]]
    """Return the versions of a schema, by connection and resource."""
    decide: Callable[[Decision], Awaitable[Decided]]
    """Carry out a decision; raises `DecisionError`."""
    erase: Callable[[Removal], Awaitable[str]]
    """Erase a record and say what was done; raises `DecisionError` and `SourceError`."""
    clock: Clock
    log: Log
    upkeep: Upkeep
    vault: Deeds
    tenants: Tenants
    direct: Callable[[str, Directive], Awaitable[tuple[str, Aside]]]
    """Pause, resume or maintain a connection, by its name; say what came of it, and how it is put aside then.

    Raises `DecisionError`.
    """
    audit: Callable[[Pages], Awaitable[Sequence[Done]]]
    """Return what persons did, newest first."""
    entry: Entry
    tokens: TokenDeeds
