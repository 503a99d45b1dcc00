"""Connections of the database: brought, changed and removed by whichever process has it: the daemon, or a command.

A connection is one ``[[connections]]`` table as JSON; its secrets are sealed at once, and stored with it or not at all,
but for the refresh token of a pair: see `driftd.app.staging`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
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
from driftd.app.entrusted import Entrusted, Given, check_joins, entrusted
from driftd.app.opening import connected, unusable
from driftd.app.pairing import FIELD, Pairs
from driftd.app.placing import (
    Plan,
    aside,
    check_goes_with,
    check_key,
    check_not_in_file,
    check_wanted,
    kept_of,
    left_by,
    pairs_of,
    placing_of,
    read_before,
    removal_of,
    revoked_of,
    sharing,
    unknown,
    whom,
    with_token,
    without,
)
from driftd.app.staging import Staged
from driftd.app.trial import SECONDS, Opening, checked, failed
from driftd.config import Config, Pairing, placed, read_stored
from driftd.config.parse import CONNECTIONS
from driftd.core.brought import Brought, Change, Put
from driftd.core.decision import Word, check_word
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.core.stored import StoredTable
from driftd.core.trial import Trial
from driftd.errors import ConfigError, DecisionError, Reason, SourceError
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
    pairs: Pairs
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
    renew: Callable[[str], None] = lambda _name: None
    """Have a connection begin anew, as a secret that it shares is another one."""

    @property
    def safe(self) -> Safe:
        """The secrets that are kept, sealed."""
        return self.pairs.safe


class Connections:
    """The connections of one database, while it is open for writing."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._locks = Locks()
        self._staged: dict[str, Staged] = {}
        """Refresh tokens that were used for connections that were not stored, by the names of their pairs."""
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
        read = read_stored(self._house.config(), table)
        name = read.name
        async with self._locked(name, read.kept_as):
            plan = await self._planned(Brought(table, secrets, create, check), word)
            if plan.change is Change.UNCHANGED:
                return Put(name, Change.UNCHANGED, f'"{name}" is so already: nothing was changed')
            trial = await self._tried(plan) if check else None
            if trial is not None and not trial.valid:
                return Put(name, Change.REFUSED, f'"{name}" is not valid: nothing was stored{await aside(plan)}', trial)
            revoked = revoked_of(await self._made(plan), "an earlier one of this name")
            return Put(name, plan.change, f'"{name}" is {plan.change}, and polled from now on{revoked}', trial)

    @asynccontextmanager
    async def _locked(self, name: str, *pairs: str) -> AsyncIterator[None]:
        """Have a connection to oneself, with the pair that it has in the database and those named."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._locks[name, ""])
            before = await self._stored(name)
            for pair in sorted({*pairs, *([kept_of(before)] if before else [])}):
                await stack.enter_async_context(self._locks[pair, "pair"])
            yield

    async def remove(self, name: str, word: Word, *, erase: bool) -> str:
        """Remove a connection, and its secrets where no other shares them; with `erase`, all that is stored of it.

        Says what was done. What is stored of a name that is no connection any more can be erased alike. Raises
        `DecisionError` for one that stands in the file, or of which nothing is stored, and as the store.
        """
        check_word(word)
        house = self._house
        async with self._locked(name, name):
            before = await self._stored(name)
            if before is None or erase:  # else it stands in both, and this is the way out of that
                check_not_in_file(house.config(), name)
            if before is None and not (erase and await house.store.connections.knows(name)):
                raise unknown(name)
            own = {name, *([kept_of(before)] if before else [])}
            async with self._unused(own), house.lock, house.tokens.changing:
                if before is None or erase:
                    check_not_in_file(house.config(), name)
                with CancelScope(shield=True):
                    deed = removal_of(name, word, before, house.now(), erase=erase)
                    shed = sorted(own - await self._others(name))
                    revoked = await house.store.connections.remove(name, deed, shed, clear=erase)
                    house.tokens.unbound(name)
                    for each in shed:
                        house.safe.drop(each)
                        house.pairs.end(each)
                        self._staged.pop(each, None)
                    await house.take(name, without(house.config(), name))
            if not erase:
                return f'"{name}" is removed; what was captured of it stays{revoked_of(revoked, "it")}'
            await house.ended(name)
            return await self._erased(name) + revoked_of(revoked, "it")

    async def _erased(self, name: str) -> str:
        told = f'"{name}" is removed, and what was captured of it erased'
        for _ in range(TRIES):
            if await self._house.store.connections.clear(name):
                await self._house.ended(name)  # what was being told of it when it went
                return f"{told}; backups made before still have it, until they are deleted"
            await anyio.sleep(0.5)
        return f"{told}; a reader still holds on to pages of before: they go when the daemon starts again"

    async def _planned(self, brought: Brought, word: Word) -> Plan:
        house, config = self._house, self._house.config()
        connection = read_stored(config, brought.table)
        check_not_in_file(config, connection.name)
        if connection.name in await house.store.connections.clearing():
            raise DecisionError(f'"{connection.name}" is being erased', hint="bring it once that is over")
        before = await self._stored(connection.name)
        old = read_before(config, before)
        check_wanted(connection.name, before, create=brought.create)
        if before is None and len(config.connections) >= CONNECTIONS:
            raise DecisionError(f"there are {CONNECTIONS:,} connections", hint="run another daemon for this one")
        if mistakes := unusable(placed(replace(config, connections=()), connection.name, connection)):
            raise ConfigError(mistakes)
        bound = brought.create is False  # whoever may not add joins no pair
        given = Given(connection, brought.secrets, house.now(), old, sharing(config, connection), bound)
        check_joins(given, house.safe)  # before anything is told of who has the pair
        check_goes_with(config, connection)
        check_key(config)
        secret = await entrusted(given, house.store.vault, house.safe, self._keys)
        return Plan(brought.table, before, connection, secret, word, await self._brought(secret), old)

    async def _brought(self, secret: Entrusted) -> Staged | None:
        """Return the refresh token that is brought: as it stands, where it was brought before."""
        if secret.token is None:
            return None
        pair = secret.token.place.connection
        known = self._staged.get(pair)
        if known is None or known.mark != secret.token.mark or not await known.stands():
            known = self._staged[pair] = Staged(self._house.pairs, secret.token)
        known.pair.failed = None  # whoever brings it again has mended something
        return known

    async def _tried(self, plan: Plan) -> Trial:
        """Check a connection live."""
        house = self._house
        async with self._checks:
            try:
                await self._prove(plan)
            except SourceError as error:
                return failed(plan.connection.name, error)
            return await checked(plan.connection, Opening(house.learn, plan.secret.safe, plan.staged or house.pairs))

    async def _prove(self, plan: Plan) -> None:
        """Renew a pair with a client secret that is another one: the access token in hand does not prove it."""
        connection, pairs = plan.connection, self._house.pairs
        known = pairs.safe.kept(connection.kept_as, FIELD) is not None
        if isinstance(connection.auth, Pairing) and plan.secret.kept and plan.staged is None and known:
            with anyio.move_on_after(SECONDS):
                async with connected(connection, None, self._house.learn, plan.secret.safe, pairs) as source:
                    await source.adopt(pairs.of(connection).book)
                return
            what = f'connection "{connection.name}": the check is not over after {SECONDS:g} s'
            raise SourceError(Reason.TIMEOUT, what, hint="look why the gateway is slow")

    async def _made(self, plan: Plan) -> Sequence[str]:
        """Write a change, and have it in force; return the tokens that were revoked, as they were an earlier one's."""
        house, name = self._house, plan.connection.name
        async with self._unused(pairs_of(plan.old, plan.connection)), house.lock:
            config = house.config()  # which may be another one than before the check
            check_not_in_file(config, name)
            connection = read_stored(config, plan.table)
            check_goes_with(config, connection)
            after = placed(config, name, connection)
            with CancelScope(shield=True):
                placing = placing_of(plan, house.now(), left_by(plan.old, after, house.safe))
                if plan.staged is not None:
                    placing = with_token(placing, *await plan.staged.to_be_kept())
                revoked = await house.store.connections.put(placing)
                if plan.before is None:
                    house.tokens.unbound(name)
                self._taken(plan, placing)
                await house.take(name, after)
        if plan.secret.anew:
            for each in sharing(after, connection):
                house.renew(each.name)
        return revoked

    def _taken(self, plan: Plan, placing: Placing) -> None:
        """Have what was written in memory."""
        house, old, new = self._house, plan.old, plan.connection
        for place in placing.shed:
            house.safe.drop(place.connection, place.field)
        for kept in placing.kept:
            house.safe.take(kept)
        if old is not None and (old.kept_as, whom(old)) != (new.kept_as, whom(new)):
            shed = {each.connection for each in placing.shed}
            for name in {old.kept_as} & (shed | {new.kept_as}):
                house.pairs.end(name)
        if plan.staged is not None:
            plan.staged.kept(placing.kept[-1] if placing.moved is None else placing.moved[1])
            self._staged.pop(new.kept_as, None)

    @asynccontextmanager
    async def _unused(self, pairs: Iterable[str]) -> AsyncIterator[None]:
        """Have no use of some pairs under way."""
        async with AsyncExitStack() as stack:
            for each in sorted({*pairs}):
                await stack.enter_async_context(self._house.pairs.named(each).lock)
            yield

    async def _others(self, name: str) -> set[str]:
        """Return the names under which secrets of other connections are kept, whether those can be read or not."""
        stored = [each for each in await self._house.store.connections.all() if each.name != name]
        named = (each for each in self._house.config().connections if each.name != name)
        return {*(kept_of(each) for each in stored), *(each.kept_as for each in named)}

    async def _keys(self) -> Keyring:
        """Read the keys, and take them over; none goes as long as we run."""
        now = await to_thread.run_sync(read_keys, self._house.config().vault)
        self._house.safe.keys = Keyring([*now, *self._house.safe.keys])
        return self._house.safe.keys

    async def _stored(self, name: str) -> StoredTable | None:
        found = await self._house.store.connections.all()
        return next((each for each in found if each.name == name), None)
