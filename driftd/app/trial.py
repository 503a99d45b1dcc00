"""The composition of a live check of one connection, recorded or not."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from driftd.adapters.clock import SystemClock
from driftd.adapters.vault.safe import EMPTY, Safe
from driftd.adapters.x3 import tape as tapes
from driftd.adapters.x3.disguise import Disguise
from driftd.adapters.x3.settings import X3Settings
from driftd.adapters.x3.steps import NOBODY, Listeners, Within
from driftd.adapters.x3.tape import Tape
from driftd.adapters.x3.trial import examine
from driftd.app.opening import amending, settings_of
from driftd.app.pairing import Pairs, Shared
from driftd.app.safekeeping import keys_of, safe_beside, safe_of
from driftd.config import Config, ConnectionConfig, Pairing
from driftd.core.trial import Check, Step, StepOutcome, Trial
from driftd.core.veil import names
from driftd.errors import SourceError
from driftd.ports import Traffic

SECONDS: Final = 150.0
"""Within which a check that a program asks for is over; on the command line somebody watches it."""


class Opening(Struct, frozen=True):
    """What opens the secrets of connections that a daemon checks."""

    learn: Callable[[str], None]
    """Is told each secret that is opened, so that no log shows it."""
    safe: Safe = EMPTY
    pairs: Shared | None = None


class Recording(Struct, frozen=True):
    """What a live check is recorded as."""

    file: Path
    values: bool = False
    """Whether records keep their values."""
    records: int = 200
    """Records of a class whose details are read, at most."""


async def examined_here(
    config: Config,
    connection: ConnectionConfig,
    recording: Recording | None = None,
    tell: Callable[[Step], None] | None = None,
) -> Trial:
    """Check a connection as `examined` does, with the secrets that are kept.

    A pair, which is replaced by each use, is used by whoever has the database alone: raises `LockedError` where another
    process does, `StoreError` where there is none, as no refresh token was ever given.
    """
    if not isinstance(connection.auth, Pairing):
        return await examined(connection, recording, await safe_beside(config), tell)
    keys = await keys_of(config)
    async with amending(config) as store:
        safe = await safe_of(config, store, keys)
        return await examined(connection, recording, safe, tell, Pairs(store.vault, safe, SystemClock().now))


async def examined(
    connection: ConnectionConfig,
    recording: Recording | None = None,
    safe: Safe = EMPTY,
    tell: Callable[[Step], None] | None = None,
    pairs: Pairs | None = None,
) -> Trial:
    """Check a connection live, step by step, and record it where that is asked for; `safe` has the secrets kept.

    `tell` is told each step as soon as it is taken.

    Raises `SourceError` (``config_error``) where it cannot even be tried, `OSError` where the recording has no place.
    """
    settings = settings_of(connection, safe=safe, pairs=pairs)
    with _tape(settings, recording, names(connection.resources)) as tape:
        return await examine(settings, connection.resources, SystemClock(), Listeners(tape, tell))


async def checked(
    connection: ConnectionConfig, opening: Opening, traffic: Traffic | None = None, *, whole: bool = True
) -> Trial:
    """Check a connection as `examined` does, within its limits and `SECONDS`; a failure is told, not raised.

    `traffic` has its limits; None: there are none yet. Where it is not `whole`, its classes are left out: that is for
    the way, the token and the test read.
    """
    resources, within = connection.resources if whole else (), Within(traffic, SECONDS)
    try:
        settings = settings_of(connection, opening.learn, opening.safe, opening.pairs)
        return await examine(settings, resources, SystemClock(), NOBODY, within)
    except SourceError as error:
        return failed(connection.name, error)


def failed(name: str, error: SourceError) -> Trial:
    """Return the live check of a connection that no token is had for."""
    step = Step(Check.TOKEN, name, StepOutcome.FAILED, 0.0, str(error), error.reason, error.hint)
    return Trial(name, (step,), error.requests, error.wire_bytes, 0.0)


@contextmanager
def _tape(settings: X3Settings, recording: Recording | None, private: frozenset[str]) -> Iterator[Tape | None]:
    if recording is None:
        yield None
        return
    disguise = Disguise(secrets.token_bytes(32), tapes.secrets_of(settings), values=recording.values, private=private)
    with tapes.recording(recording.file, disguise, recording.records) as tape:
        yield tape
