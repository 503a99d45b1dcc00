"""What every place of tokens promises."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import Placing
from driftd.core import access
from driftd.core.access import Scope, Token, digest_of
from driftd.core.alerts.model import Deed
from driftd.core.stored import StoredTable
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.ports import Tokens, Use
from tests.contracts.stores import raise_epoch, room
from tests.fakes.memory_tokens import MemoryTokens


@dataclass
class Kept:
    """A place of tokens, and what was done with it."""

    tokens: Tokens
    deeds: Callable[[], "Sequence[Deed] | object"]
    usurp: Callable[[], None]


@pytest.fixture(params=["memory", "sqlite"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "memory":
        memory = MemoryTokens()

        async def told() -> Sequence[Deed]:
            return [each for each in reversed(memory.deeds) if each.connection == "acme"]

        yield Kept(memory, told, memory.fence)
        return
    with room() as data_dir:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1_000) as store:
            yield Kept(store.tokens, lambda: store.casebook.deeds("acme", 10), lambda: raise_epoch(data_dir))


@pytest.fixture
def tokens(kept: Kept) -> Tokens:
    return kept.tokens


def token(name: str = "grafana", **more: object) -> Token:
    return replace(Token(name, digest_of(name), Scope.READ, 5, "jo"), **more)


def deed(at: int = 7, action: str = "make_token") -> Deed:
    return Deed(at, "jo", action, "acme", None, "grafana", "why")


async def test_what_is_kept_is_told_by_name(tokens: Tokens) -> None:
    assert await tokens.all() == []
    full = token("z", scope=Scope.ADMIN, connection="acme", expires_at=9, used_at=8)
    await tokens.make(full, deed())
    await tokens.make(token("a"), deed())
    assert await tokens.all() == [token("a"), full]


async def test_a_name_and_a_digest_are_given_once(tokens: Tokens) -> None:
    """The one that was there first stays, and nothing is noted of the other."""
    await tokens.make(token(), deed())
    for other in (token(scope=Scope.ADMIN, digest=digest_of("other")), token("other", digest=digest_of("grafana"))):
        with pytest.raises(DecisionError, match="already"):
            await tokens.make(other, deed(8))
    assert await tokens.all() == [token()]


async def test_one_that_is_revoked_is_gone_and_both_deeds_stay(kept: Kept) -> None:
    tokens = kept.tokens
    await tokens.make(token(), deed())
    assert await tokens.revoke("grafana", deed(9, "revoke_token"))
    assert not await tokens.revoke("grafana", deed(10, "revoke_token"))
    assert await tokens.all() == []
    told = await kept.deeds()  # type: ignore[misc]
    assert [(each.at, each.action) for each in told] == [(9, "revoke_token"), (7, "make_token")]


async def test_there_are_not_too_many(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST", 2)
    for name in "ab":
        await tokens.make(token(name), deed())
    with pytest.raises(DecisionError, match="2 tokens already"):
        await tokens.make(token("c"), deed())


async def test_the_last_use_is_noted_of_the_token_that_was_used(tokens: Tokens) -> None:
    """Not of one of the same name that was made since, nor back in time."""
    await tokens.make(token(), deed())
    await tokens.make(token("b"), deed())
    await tokens.use([Use("grafana", digest_of("grafana"), 50), Use("b", digest_of("older"), 60)])
    await tokens.use([Use("grafana", digest_of("grafana"), 40), Use("gone", digest_of("gone"), 60)])
    assert [each.used_at for each in await tokens.all()] == [None, 50]


async def test_who_lost_the_store_writes_nothing(kept: Kept) -> None:
    await kept.tokens.make(token(), deed())
    kept.usurp()
    for write in (
        kept.tokens.make(token("b"), deed()),
        kept.tokens.revoke("grafana", deed()),
        kept.tokens.use([Use("grafana", digest_of("grafana"), 50)]),
    ):
        with pytest.raises(FencedError):
            await write
    assert [each.used_at for each in await kept.tokens.all()] == [None]


async def test_who_only_reads_writes_nothing() -> None:
    with room() as data_dir:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store, SqliteStore.reading(data_dir) as reading:
            await store.tokens.make(token(), deed())
            assert await reading.tokens.all() == [token()]
            with pytest.raises(StoreError, match="reading only"):
                await reading.tokens.revoke("grafana", deed())


async def test_tokens_go_with_the_connection_that_they_are_bound_to() -> None:
    """In its transaction, each with a row in the audit log; so do those of an earlier one where a connection takes a
    name that nobody has. A change revokes none, and no other token is touched."""
    taken = StoredTable("acme", "{}", 20, "al", 20, "al")
    with room() as data_dir:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
            for each in (token("a", connection="acme"), token("b", connection="acmes"), token("c")):
                await store.tokens.make(each, deed())
            gone = Deed(9, "al", "remove_connection", "acme", None, "acme", "over", "{}")
            assert await store.connections.remove("acme", gone, ["acme"], clear=False) == ["a"]
            assert [each.name for each in await store.tokens.all()] == ["b", "c"]
            await store.tokens.make(token("d", connection="acme", scope=Scope.ADMIN), deed())
            placing = Placing(None, taken, Deed(20, "al", "add_connection", "acme", None, "acme", "new", "", "{}"))
            assert await store.connections.put(placing) == ["d"]
            await store.tokens.make(token("e", connection="acme"), deed())
            assert await store.connections.put(replace(placing, before=taken)) == []
            assert [each.name for each in await store.tokens.all()] == ["b", "c", "e"]
            told = [each for each in await store.casebook.deeds("acme", 20) if each.action == "revoke_token"]
            assert told == [
                Deed(
                    20,
                    "al",
                    "revoke_token",
                    "acme",
                    None,
                    "d",
                    "bound to an earlier connection of this name",
                    'admin "acme" only',
                ),
                Deed(9, "al", "revoke_token", "acme", None, "a", "removed with its connection", 'read "acme" only'),
            ]


async def test_a_removal_that_is_not_written_revokes_no_token() -> None:
    with room() as data_dir:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
            await store.tokens.make(token(connection="acme"), deed())
            raise_epoch(data_dir)
            with pytest.raises(FencedError):
                await store.connections.remove("acme", deed(), ["acme"], clear=True)
            assert [each.name for each in await store.tokens.all()] == ["grafana"]
