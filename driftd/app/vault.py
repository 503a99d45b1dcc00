"""What is done with the secrets that driftd keeps, by whichever process has the database: the daemon, or a command."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from anyio import to_thread
from msgspec.structs import replace

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import opened, rewrapped
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.safekeeping import wanted
from driftd.config import Config
from driftd.core.alerts.model import Deed
from driftd.core.decision import Word, check_word
from driftd.core.sealed import Kept, Place, parse
from driftd.core.secret import Secret
from driftd.errors import DecisionError, SealError

Prove: TypeAlias = Callable[[Safe], Awaitable[None]]
"""Tries the secret of a safe, and raises what keeps it from being kept."""


class Vault:
    """The secrets of one database, while it is open for writing. Keys are read anew for each deed.

    Methods raise `DecisionError` for what cannot be done, `ConfigError` where no key can be read, and as the store.
    """

    def __init__(self, store: SqliteVault, safe: Safe, config: Callable[[], Config], now: Callable[[], int]) -> None:
        self._store = store
        self._safe = safe
        self._config = config
        self._now = now

    async def keep(self, kept: Kept, word: Word, prove: Prove | None = None) -> str:
        """Keep a sealed secret in the place of the one before it, and say so.

        `prove`, where it is given, tries it first, and raises what keeps it from being kept.
        """
        secret, place = await self.checked(kept, word), kept.place
        if await self._is_kept(secret, place):
            return f'the {place.field} of "{place.connection}" is kept already: nothing was changed'
        if prove is not None:
            await prove(Safe(self._safe.keys, [kept]))
        kept = replace(kept, at=self._now())
        await self.put(kept, word)
        return f'the {place.field} of "{place.connection}" is kept: it is the {_ordinal(kept.number)} one'

    async def _is_kept(self, secret: Secret, place: Place) -> bool:
        before = self._safe.kept(place.connection, place.field)
        try:
            return before is not None and _opened(before, await self._keys()) == secret
        except SealError:
            return False

    async def checked(self, kept: Kept, word: Word) -> Secret:
        """Open a secret that is to be kept; raises where it is not wanted, or does not open."""
        check_word(word)
        place = kept.place
        if (place.connection, place.field) not in wanted(self._config()):
            hint = "leave it out of the configuration where driftd is to keep it, and have the daemon reload that"
            raise DecisionError(f'driftd keeps no {place.field} of "{place.connection}"', hint=hint, unknown=True)
        keys = await self._keys()
        try:
            return _opened(kept, keys)
        except SealError as error:
            hint = "have the daemon use the same keys as the command"
            raise DecisionError(f"the secret does not open: {error}", hint=hint) from error

    async def put(self, kept: Kept, word: Word, *, action: str = "keep_secret", used: int | None = None) -> None:
        """Put a sealed secret in the place of the one before it; `used`: a use of it began then, epoch ms."""
        before = self._safe.kept(kept.place.connection, kept.place.field)
        keys = ("" if before is None else _key_of_old(before), _key(kept))
        await self._store.keep(kept, self._deed(action, kept, word, keys), used=used)
        self._safe.take(kept)

    async def remove(self, place: Place, word: Word) -> None:
        """Remove what is kept in a place."""
        deed = Deed(self._now(), word.by, "put_back", place.connection, None, place.field, word.reason)
        await self._store.remove(place, deed)
        self._safe.drop(place.connection, place.field)

    async def rotate(self, word: Word) -> str:
        """Have every secret under the first key, one after the other, and say how many that were.

        Interrupted anywhere, each opens, and the next rotation goes on.
        """
        check_word(word)
        keys, done, rest = await self._keys(), 0, []
        first = keys.first.id.hex()
        for kept in await self._store.sealed():
            try:
                now = replace(kept, blob=rewrapped(kept.blob, kept.place, keys))
            except SealError:
                rest.append(f'"{kept.place.connection}"')
                continue
            if now != kept and await self._store.rewrap(
                kept, now.blob, self._deed("rewrap", kept, word, _keys(kept, now))
            ):
                self._safe.take(now)
                done += 1
        await self._store.wipe()
        if rest:
            hint = "`driftd keys verify` says why; put the missing key back, or shred what is of no use"
            raise DecisionError(
                f"{_secrets(done)} rewrapped; what is kept of {', '.join(dict.fromkeys(rest))} does not open", hint=hint
            )
        return f'all secrets are under the key "{first}": {_secrets(done)} rewrapped'

    async def shred(self, connection: str, word: Word) -> str:
        """Remove what is kept of a connection that needs it no more, with its data keys, and say so."""
        check_word(word)
        if connection in {name for name, _ in wanted(self._config())}:
            hint = "take the connection out of the configuration first, or give its secret another place there"
            raise DecisionError(f'"{connection}" is configured, and needs what is kept of it', hint=hint)
        gone = await self._store.shred(connection, self._gone(connection, word))
        if not gone:
            hint = "`driftd keys verify` shows what is kept"
            raise DecisionError(f'nothing is kept of "{connection}"', hint=hint, unknown=True)
        self._safe.drop(connection)
        return f'{_secrets(gone)} of "{connection}" shredded; backups hold them, sealed, until they go'

    async def _keys(self) -> Keyring:
        """Read the keys, and take them over; none goes as long as we run."""
        now = await to_thread.run_sync(read_keys, self._config().vault)
        self._safe.keys = Keyring([*now, *self._safe.keys])
        return self._safe.keys

    def _deed(self, action: str, kept: Kept, word: Word, keys: tuple[str, str]) -> Deed:
        """Return a row of the audit log: what was done to which secret, and the ids of its keys before and after."""
        subject = f"{kept.place.field} {kept.number}"
        return Deed(self._now(), word.by, action, kept.place.connection, None, subject, word.reason, *keys)

    def _gone(self, connection: str, word: Word) -> Deed:
        return Deed(self._now(), word.by, "shred", connection, None, connection, word.reason)


def _opened(kept: Kept, keys: Keyring) -> Secret:
    if parse(kept.blob).number != kept.number:
        raise SealError("it has another number")
    return opened(kept.blob, kept.place, keys)


def _key_of_old(kept: Kept) -> str:
    """Return the key that a secret was under; empty for one that is damaged, which is replaced all the same."""
    try:
        return _key(kept)
    except SealError:
        return ""


def _key(kept: Kept) -> str:
    return parse(kept.blob).kek.hex()


def _keys(before: Kept, after: Kept) -> tuple[str, str]:
    return _key(before), _key(after)


def _secrets(count: int) -> str:
    return "1 secret" if count == 1 else f"{count} secrets"


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ends.get(number % 10, 'th')}"
