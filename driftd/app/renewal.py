"""A connection's new secret, as a program gives it to the daemon in clear: tried, sealed, and in force at once."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from anyio import to_thread
from msgspec import Struct

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import following
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.entrusted import came_of
from driftd.app.pairing import FIELD
from driftd.config import Config, ConnectionConfig, Pairing
from driftd.core.brought import Change
from driftd.core.decision import Word, check_word
from driftd.core.renewal import Renewal, Renewed
from driftd.core.sealed import Kept, Place
from driftd.core.trial import Trial
from driftd.errors import DecisionError, SealError
from driftd.runtime.locks import Locks


class Means(Struct, frozen=True):
    """What a secret is taken over with."""

    config: Callable[[], Config]
    """The configuration in force."""
    vault: SqliteVault
    safe: Safe
    now: Callable[[], int]
    """Epoch ms."""
    learn: Callable[[str], None]
    """Is told the secret, so that no log shows it."""
    forget: Callable[[str], None]
    """Is told that one is not kept."""
    try_: Callable[[ConnectionConfig, Safe], Awaitable[Trial]]
    """Check a connection live with the secret of a safe."""
    keep: Callable[[Kept, Word, bool, str], Awaitable[str]]
    """Keep it for the connection of a name, have it used, and say so; with True it is not tried. That of a pair is
    tried by whoever keeps it."""


class Renewals:
    """Takes new secrets of the connections whose secret driftd keeps."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._locks = Locks()

    async def rotate(self, renewal: Renewal, word: Word) -> Renewed:
        """Keep a secret in the place of the one before it, once it was tried; the one that is kept already is no other.

        Raises `DecisionError` for a connection that is not there, whose secret stands elsewhere, or that has no such
        secret; `ConfigError` where no key can be read; `SourceError` for a pair that its gateway does not renew.
        """
        check_word(word)
        means, name = self._means, renewal.connection
        connection = self._found(name)
        field = chosen(connection, renewal.field)
        async with self._locks[connection.kept_as, field]:
            paired = isinstance(connection.auth, Pairing)
            if self._is_kept(connection, field, renewal):
                return Renewed(Change.UNCHANGED, f'the {field} of "{name}" is kept already: nothing was changed')
            keys = Keyring([*await to_thread.run_sync(read_keys, means.config().vault), *means.safe.keys])
            means.safe.keys = keys
            before = means.safe.kept(connection.kept_as, field)
            kept = await self._sealed(connection.kept_as, field, renewal)
            means.learn(renewal.secret.reveal())
            trial = None
            if renewal.check and not paired:
                trial = await means.try_(connection, Safe(keys, [kept]))
                if not trial.valid:
                    means.forget(renewal.secret.reveal())
                    return Renewed(Change.REFUSED, f"the {field} is not valid: that of before stays", trial)
            self._check_same(connection, field, before)
            says = await means.keep(kept, word, not (renewal.check and paired), name)
            return Renewed(Change.CHANGED, says, trial)

    def _check_same(self, tried: ConnectionConfig, field: str, before: Kept | None) -> None:
        """Raise `DecisionError` where the connection, or what is kept of it, is another one than when it was tried."""
        now = self._found(tried.name)
        if now.unplaced != tried.unplaced or self._means.safe.kept(tried.kept_as, field) != before:
            hint = "look who did, and give the secret again"
            raise DecisionError(f'the connection "{tried.name}" was changed meanwhile', hint=hint)

    def _found(self, name: str) -> ConnectionConfig:
        for each in self._means.config().connections:
            if each.name == name:
                return each
        raise DecisionError(f'there is no connection "{name}"', hint="`driftd connections list` has them", unknown=True)

    def _is_kept(self, connection: ConnectionConfig, field: str, renewal: Renewal) -> bool:
        """Tell whether a secret is kept, or what came of it; a refresh token is tried again, as long as it can be."""
        safe, name = self._means.safe, connection.kept_as
        if isinstance(connection.auth, Pairing) and field == FIELD:
            return came_of(safe.kept(name, FIELD), connection, renewal.secret, safe.keys)
        try:
            return safe.secret(name, field) == renewal.secret
        except SealError:
            return False

    async def _sealed(self, name: str, field: str, renewal: Renewal) -> Kept:
        means, before = self._means, self._means.safe.kept(name, field)
        place = Place(await means.vault.store() or uuid4().hex, name, field)
        try:
            return following(before, renewal.secret, place, means.safe.keys.first, means.now())
        except SealError as error:
            raise DecisionError(
                f'the {field} of "{name}" cannot be kept: {error}', hint="give it as it was issued", invalid=True
            ) from error


def chosen(connection: ConnectionConfig, field: str | None) -> str:
    """Return which of a connection's secrets is to be given: that of a setting, else the one that persons give.

    Raises `DecisionError` where it has no such secret, or driftd does not keep it.
    """
    found = [each for each in connection.secrets if field in {None, each.path.rpartition(".")[2]}]
    if not found:
        known = ", ".join(each.path.rpartition(".")[2] for each in connection.secrets)
        raise DecisionError(f'"{connection.name}" has no secret "{field}"', hint=f"it has {known}", invalid=True)
    secret = found[0]
    if not secret.field:
        place = f'the variable "{secret.env}"' if secret.env is not None else f'the file "{secret.file}"'
        hint = f"change it there, or take {secret.path} away"
        raise DecisionError(f'the secret of "{connection.name}" stands in {place}', hint=hint)
    return secret.field
