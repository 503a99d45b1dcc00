"""Connections of the database: brought, changed and removed by whichever process has it: the daemon, or a command.

A connection is one ``[[connections]]`` table as JSON; its secret is sealed at once, and stored with it or not at all.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

import anyio
from anyio import CancelScope, CapacityLimiter, to_thread
from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import Placing
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.entrusted import Entrusted, Given, entrusted
from driftd.app.opening import unusable
from driftd.app.trial import Opening, checked
from driftd.config import Config, ConnectionConfig, placed, read_stored
from driftd.config.parse import CONNECTIONS
from driftd.core.alerts.model import Deed
from driftd.core.brought import Brought, Change, Put
from driftd.core.decision import Word, check_word
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.core.stored import StoredTable, written
from driftd.core.trial import Trial
from driftd.errors import ConfigError, DecisionError
from driftd.runtime.admission import Admission
from driftd.runtime.locks import Locks

CHECKS: Final = 8
"""Live checks of new and changed connections at once."""
TRIES: Final = 20
"""How often the logs are asked to let go of what was erased, half a second apart."""
Table: TypeAlias = Mapping[str, object]


class House(Struct, frozen=True):
    """What a change of connections works with, and whom it tells."""

    store: SqliteStore
    safe: Safe
    config: Callable[[], Config]
    """The configuration in force, with the connections of the database."""
    now: Callable[[], int]
    """Epoch ms."""
    take: Callable[[str, Config], Awaitable[None]]
    """Have a configuration in force in which the connection of this name came, went or is another one."""
    ended: Callable[[str], Awaitable[None]]
    """Wait until nothing is polled of a connection that went, and keep nothing of it in memory."""
    lock: anyio.Lock
    """Held by whoever exchanges the configuration."""
    tokens: Admission
    """Those bound to a connection go with it."""
    learn: Callable[[str], None] = lambda _secret: None
    """Is told each secret that is opened, so that no log shows it."""


class _Plan(Struct, frozen=True):
    """A change that is to be made."""

    table: Table
    before: StoredTable | None
    connection: ConnectionConfig
    secret: Entrusted
    word: Word

    @property
    def change(self) -> Change:
        if self.before is None:
            return Change.CREATED
        same = self.secret.kept is None and self.before.text == written(self.table)
        return Change.UNCHANGED if same else Change.CHANGED


class Connections:
    """The connections of one database, while it is open for writing."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._locks = Locks()
        self._checks = CapacityLimiter(CHECKS)

    async def put(
        self,
        table: Table,
        secrets: Mapping[str, Kept | Secret],
        word: Word,
        *,
        create: bool | None = None,
        check: bool = True,
    ) -> Put:
        """Have a connection as `table` says, polled from now on, with the secret that is given or the one there is.

        `secrets` are by the setting that they stand for. `create`: True, it must be new; False, it must be there; None,
        either. Unless `check` is False it is tried live first, and not stored where that fails. The same again changes
        nothing. Raises `ConfigError` with every mistake of the table, `DecisionError` for what does not go now, and as
        the store.
        """
        check_word(word)
        name = read_stored(self._house.config(), table).name
        async with self._locks[name, ""]:
            plan = await self._planned(Brought(table, secrets, create, check), word)
            if plan.change is Change.UNCHANGED:
                return Put(name, Change.UNCHANGED, f'"{name}" is so already: nothing was changed')
            trial = await self._tried(plan) if check else None
            if trial is not None and not trial.valid:
                return Put(name, Change.REFUSED, f'"{name}" is not valid: nothing was stored', trial)
            revoked = _revoked(await self._made(plan), "an earlier one of this name")
            return Put(name, plan.change, f'"{name}" is {plan.change}, and polled from now on{revoked}', trial)

    async def remove(self, name: str, word: Word, *, erase: bool) -> str:
        """Remove a connection and its secret; with `erase`, all that is stored of it as well. Says what was done.

        What is stored of a name that is no connection any more can be erased alike. Raises `DecisionError` for one that
        stands in the file, or of which nothing is stored, and as the store.
        """
        check_word(word)
        house = self._house
        async with self._locks[name, ""]:
            before = await self._stored(name)
            if before is None or erase:  # else it stands in both, and this is the way out of that
                _check_not_in_file(house.config(), name)
            if before is None and not (erase and await house.store.connections.knows(name)):
                raise _unknown(name)
            async with house.lock, house.tokens.changing:
                if before is None or erase:
                    _check_not_in_file(house.config(), name)
                with CancelScope(shield=True):
                    deed = _removal(name, word, before, house.now(), erase=erase)
                    revoked = await house.store.connections.remove(name, deed, clear=erase)
                    house.tokens.unbound(name)
                    house.safe.drop(name)
                    await house.take(name, _without(house.config(), name))
            if not erase:
                return f'"{name}" is removed; what was captured of it stays{_revoked(revoked, "it")}'
            await house.ended(name)
            return await self._erased(name) + _revoked(revoked, "it")

    async def _erased(self, name: str) -> str:
        told = f'"{name}" is removed, and what was captured of it erased'
        for _ in range(TRIES):
            if await self._house.store.connections.clear(name):
                await self._house.ended(name)  # what was being told of it when it went
                return f"{told}; backups made before still have it, until they are deleted"
            await anyio.sleep(0.5)
        return f"{told}; a reader still holds on to pages of before: they go when the daemon starts again"

    async def _planned(self, brought: Brought, word: Word) -> _Plan:
        house, config = self._house, self._house.config()
        connection = read_stored(config, brought.table)
        _check_not_in_file(config, connection.name)
        if connection.name in await house.store.connections.clearing():
            raise DecisionError(f'"{connection.name}" is being erased', hint="bring it once that is over")
        before = await self._stored(connection.name)
        _check_wanted(connection.name, before, create=brought.create)
        if before is None and len(config.connections) >= CONNECTIONS:
            raise DecisionError(f"there are {CONNECTIONS:,} connections", hint="run another daemon for this one")
        if mistakes := unusable(placed(replace(config, connections=()), connection.name, connection)):
            raise ConfigError(mistakes)
        _check_key(config)
        given = Given(connection, brought.secrets, house.now(), _read(config, before))
        secret = await entrusted(given, house.store.vault, house.safe, self._keys)
        return _Plan(brought.table, before, connection, secret, word)

    async def _tried(self, plan: _Plan) -> Trial:
        """Check a connection live."""
        async with self._checks:
            return await checked(plan.connection, Opening(self._house.learn, plan.secret.safe))

    async def _made(self, plan: _Plan) -> Sequence[str]:
        """Write a change, and have it in force; return the tokens that were revoked, as they were an earlier one's."""
        house, name, kept = self._house, plan.connection.name, plan.secret.kept
        async with house.lock:
            config = house.config()  # which may be another one than before the check
            _check_not_in_file(config, name)
            connection = read_stored(config, plan.table)
            with CancelScope(shield=True):
                revoked = await house.store.connections.put(_placing(plan, house.now()))
                if plan.before is None:
                    house.tokens.unbound(name)
                if kept is not None:
                    house.safe.take(kept)
                await house.take(name, placed(config, name, connection))
        return revoked

    async def _keys(self) -> Keyring:
        """Read the keys, and take them over; none goes as long as we run."""
        now = await to_thread.run_sync(read_keys, self._house.config().vault)
        self._house.safe.keys = Keyring([*now, *self._house.safe.keys])
        return self._house.safe.keys

    async def _stored(self, name: str) -> StoredTable | None:
        found = await self._house.store.connections.all()
        return next((each for each in found if each.name == name), None)


def _placing(plan: _Plan, now: int) -> Placing:
    before, name, text, by = plan.before, plan.connection.name, written(plan.table), plan.word.by.strip()
    made_at, made_by = (before.made_at, before.made_by) if before else (now, by)
    deed = Deed(
        at=now,
        by=by,
        action="change_connection" if before else "add_connection",
        connection=name,
        resource=None,
        subject=plan.secret.named or name,
        reason=plan.word.reason.strip(),
        before=before.text if before else "",
        after=text,
    )
    return Placing(before, StoredTable(name, text, made_at, made_by, now, by), deed, plan.secret.kept)


def _removal(name: str, word: Word, before: StoredTable | None, now: int, *, erase: bool) -> Deed:
    return Deed(
        at=now,
        by=word.by.strip(),
        action="erase_connection" if erase else "remove_connection",
        connection=name,
        resource=None,
        subject=name,
        reason=word.reason.strip(),
        before=before.text if before else "",
    )


def _revoked(tokens: Sequence[str], whose: str) -> str:
    """Return what is said besides of the tokens that went."""
    if not tokens:
        return ""
    named = ", ".join(f'"{each}"' for each in tokens)
    return f"; tokens bound to {whose} let nobody in any more: {named}"


def _read(config: Config, stored: StoredTable | None) -> ConnectionConfig | None:
    """Read what is stored; None for what can be read no more, as for what is not there."""
    try:
        return None if stored is None else read_stored(config, stored.table)
    except (ConfigError, ValueError):
        return None


def _without(config: Config, name: str) -> Config:
    """Return a configuration without the connection of the database; one of the file stays."""
    stays = next((each for each in config.connections if each.name == name and not each.stored), None)
    return placed(config, name, stays)


def _check_not_in_file(config: Config, name: str) -> None:
    there = next((each for each in config.connections if each.name == name and not each.stored), None)
    if there is not None:
        hint = "change it there and have the daemon reload that; or take it out there first"
        raise DecisionError(f'"{name}" stands in the file already, at {there.place}', hint=hint)


def _check_wanted(name: str, before: StoredTable | None, *, create: bool | None) -> None:
    if create and before is not None:
        raise DecisionError(
            f'there is a connection "{name}" already', hint="change it with PUT; or choose another name"
        )
    if create is False and before is None:
        raise _unknown(name)


def _check_key(config: Config) -> None:
    if not config.vault.named:
        hint = (
            "make one with `driftd keys generate --to FILE`, name it as key_file under [vault], and have the daemon"
            " reload that"
        )
        raise DecisionError("driftd has no key to keep secrets with", hint=hint)


def _unknown(name: str) -> DecisionError:
    hint = "`driftd connections list` shows those there are"
    return DecisionError(f'there is no connection "{name}" in the database', hint=hint, unknown=True)
