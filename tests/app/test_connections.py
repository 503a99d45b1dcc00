"""Connections of the database: brought once however often, never with a secret that goes astray, and wholly gone."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import SqliteConnections
from driftd.adapters.vault.envelope import seal
from driftd.adapters.vault.making import make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app import alone, catalogue
from driftd.app.connections import Connections
from driftd.app.joining import merged, merged_with
from driftd.config import Config, joined
from driftd.config.parse import parse
from driftd.core.access import Scope, Token, digest_of
from driftd.core.brought import Change, Put
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.errors import ConfigError, DecisionError
from driftd.runtime.admission import Admission
from driftd.runtime.quiet import Quiet
from tests.contracts.staged import CUSTOMERS, created, poll
from tests.contracts.stores import room

WORD = Word("jo", "new customer")
AUTH = {"token_url": "https://x3.example/auth/token", "client_id": "driftd"}
TABLE: Mapping[str, Any] = {"name": "acme", "base_url": "https://x3.example", "folder": "ONE", "auth": AUTH}
SECRET = {"client_secret": Secret("first")}
IN_FILE = """
[[connections]]
name = "brigg"
base_url = "https://x3.example"
folder = "TWO"
auth = { type = "basic", username = "u" }
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        make_file(directory / "key")
        yield directory


def configured(data_dir: Path, text: str = "", *, vault: bool = True) -> Config:
    key = '[vault]\nkey_file = "key"\n' if vault else ""
    return parse(f'[daemon]\ndata_dir = "."\n{key}{text}', folder=data_dir, catalogue=catalogue())


async def put(where: Connections, table: Mapping[str, Any], secrets: Mapping[str, Any] = SECRET, **how: Any) -> Put:
    return await where.put(table, secrets, WORD, check=False, **how)


@asynccontextmanager
async def opened(data_dir: Path, text: str = "") -> AsyncIterator[Connections]:
    async with alone.connections(configured(data_dir, text)) as found:
        yield found


async def kept(data_dir: Path) -> tuple[list[str], list[int], list[str]]:
    """Return what is stored: texts of connections, numbers of secrets, and what was done, the latest first."""
    async with SqliteStore.reading(data_dir) as store:
        deeds = await store.casebook.deeds("acme", 99)
        texts = [each.text for each in await store.connections.all()]
        return texts, [each.number for each in await store.vault.sealed()], [each.action for each in deeds]


async def test_the_same_again_changes_nothing(data_dir: Path) -> None:
    """However it is written, with its secret or without; what differs in anything is one change, with one deed."""
    async with opened(data_dir) as found:
        assert (await put(found, TABLE)).change is Change.CREATED
        turned = {**dict(reversed(list(TABLE.items()))), "customer": None, "auth": {"client_id": "driftd", **AUTH}}
        for secrets in (SECRET, {}):
            assert (await put(found, turned, secrets)).change is Change.UNCHANGED
        assert (await put(found, {**TABLE, "environment": "test"}, {})).change is Change.CHANGED
        assert (
            await put(found, {**TABLE, "environment": "test"}, {"client_secret": Secret("second")})
        ).change == "changed"
    texts, numbers, done = await kept(data_dir)
    assert [json.loads(each) for each in texts] == [{**TABLE, "environment": "test"}]
    assert (numbers, done) == ([2], ["change_connection", "change_connection", "add_connection"])
    (connection,) = merged(configured(data_dir)).connections
    assert (connection.name, connection.environment, connection.stored) == ("acme", "test", True)


async def test_twenty_that_bring_the_same_at_once_bring_it_once(data_dir: Path) -> None:
    came: list[Change] = []
    async with opened(data_dir) as found, anyio.create_task_group() as group:

        async def bring() -> None:
            came.append((await put(found, TABLE)).change)

        for _ in range(20):
            group.start_soon(bring)
    assert sorted(came) == [Change.CREATED, *[Change.UNCHANGED] * 19]
    texts, numbers, done = await kept(data_dir)
    assert (len(texts), numbers, done) == (1, [1], ["add_connection"])


async def test_a_secret_that_is_kept_stays_where_it_is(data_dir: Path) -> None:
    """A change that would have it sent to another host, over another proxy in plain, or as another kind of secret needs
    it anew; so does a connection that takes the name of one that is gone."""
    elsewhere: list[dict[str, Any]] = [
        {**TABLE, "base_url": "https://evil.example"},
        {**TABLE, "auth": {**AUTH, "token_url": "https://evil.example/auth/token"}},
        {**TABLE, "auth": {**AUTH, "token_url": "https://x3.example:8443/auth/token"}},
        {
            **TABLE,
            "auth": {"type": "connected_app", "client_id": "a", "username": "u", "audience": "https://x3.example"},
        },
    ]
    async with opened(data_dir) as found:
        await put(found, TABLE)
        for table in elsewhere:
            with pytest.raises(DecisionError, match="elsewhere") as refused:
                await put(found, table, {})
            assert "give it anew" in refused.value.hint
        for table in ({**TABLE, "folder": "TWO"}, {**TABLE, "base_url": "https://x3.example/other"}):
            assert (await put(found, table, {})).change is Change.CHANGED
        for table in elsewhere:
            assert (await put(found, table, {"client_secret": Secret("anew")})).change is Change.CHANGED


@pytest.mark.parametrize(
    ("table", "secrets", "says"),
    [
        ({**TABLE, "auth": {**AUTH, "client_secret": {"file": "key"}}}, {}, "must be the secret itself"),
        ({**TABLE, "auth": {**AUTH, "client_secret": {"env": "HOME"}}}, {}, "must be the secret itself"),
        ({**TABLE, "auth": {**AUTH, "client_secret": "planted"}}, {}, "must be the secret itself"),
        ({**TABLE, "name": "../acme"}, SECRET, "must be a slug"),
        ({**TABLE, "base_url": "http://x3.example"}, SECRET, "must be https"),
        ({**TABLE, "base_url": "https://169.254.169.254"}, SECRET, "connections.acme.base_url"),
        ({**TABLE, "probe": "1s"}, SECRET, "requests a day, above"),
        ({**TABLE, "ca_file": "gone.pem"}, SECRET, "gone.pem"),
        ({**TABLE, "colour": "red"}, SECRET, "is not a key of"),
        ({**TABLE, "auth": {**AUTH, "secret_expires": "soon"}}, SECRET, "must be a date"),
        ({"folder": "ONE"}, SECRET, "connection.name: is missing"),
    ],
)
async def test_what_the_file_could_not_say_is_refused_with_its_path(
    data_dir: Path, table: Mapping[str, Any], secrets: Mapping[str, Any], says: str
) -> None:
    """A file or a variable of driftd's as a secret, too: whoever brings a connection could have it sent anywhere."""
    async with opened(data_dir) as found:
        with pytest.raises(ConfigError) as refused:
            await put(found, table, secrets)
    assert says in str(refused.value)
    assert "planted" not in str(refused.value)
    assert await kept(data_dir) == ([], [], [])


async def test_what_does_not_go_now_is_refused_with_the_next_step(data_dir: Path) -> None:
    """A name of the file, one that is there or is not, a secret of another kind, or sealed with another key."""
    place, keys = Place("5f" * 16, "acme", "client_secret"), read_keys(configured(data_dir).vault)
    make_file(data_dir / "other")
    other = read_keys(parse('[vault]\nkey_file = "other"\n', folder=data_dir).vault)
    async with opened(data_dir, IN_FILE) as found:
        with pytest.raises(DecisionError, match=r"stands in the file already, at connections\[0\]"):
            await put(found, {**TABLE, "name": "brigg"})
        with pytest.raises(DecisionError, match="there is no connection") as refused:
            await put(found, TABLE, create=False)
        assert refused.value.unknown
        for secrets in ({"password": Secret("x")}, {"client_secret": Secret("")}, {"client_secret": Secret("\ud800")}):
            with pytest.raises(DecisionError) as refused:
                await put(found, TABLE, secrets)
            assert refused.value.invalid
        with pytest.raises(DecisionError, match="cannot be kept"):
            await put(found, TABLE, {"client_secret": Kept(place, 1, seal(Secret("s"), place, 1, other.first), 5)})
        assert (
            await put(found, TABLE, {"client_secret": Kept(place, 1, seal(Secret("s"), place, 1, keys.first), 5)})
        ).name
        with pytest.raises(DecisionError, match="already"):
            await put(found, TABLE, create=True)
        assert (await put(found, TABLE, {"client_secret": Secret("s")})).change is Change.UNCHANGED
        for name, says in (("brigg", "in the file"), ("nobody", "there is no connection")):
            with pytest.raises(DecisionError, match=says):
                await found.remove(name, WORD, erase=True)
    assert (await kept(data_dir))[2] == ["add_connection"]


async def test_no_more_are_taken_than_a_start_would_take(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is there can still be changed."""
    monkeypatch.setattr("driftd.app.connections.CONNECTIONS", 2)
    monkeypatch.setattr("driftd.config.stored.CONNECTIONS", 2)
    async with opened(data_dir, IN_FILE) as found:
        await put(found, TABLE)
        with pytest.raises(DecisionError, match="there are 2 connections"):
            await put(found, {**TABLE, "name": "other"})
        assert (await put(found, {**TABLE, "folder": "TWO"})).change is Change.CHANGED
    assert len(merged(configured(data_dir, IN_FILE)).connections) == 2


async def test_without_a_key_nothing_is_stored(data_dir: Path) -> None:
    """And what is stored is not read without: it says so, and can be removed all the same."""
    without = configured(data_dir, vault=False)
    async with alone.connections(without) as found:
        with pytest.raises(DecisionError, match="no key to keep secrets with") as refused:
            await put(found, TABLE)
    assert "driftd keys generate" in refused.value.hint
    async with opened(data_dir) as found:
        await put(found, TABLE)
    with pytest.raises(ConfigError, match="vault: is missing"):
        merged(without)
    assert "is removed" in await alone.remove(without, "acme", WORD, False)
    assert merged(without).connections == ()


async def test_a_name_stands_in_one_of_the_two(data_dir: Path) -> None:
    """A file that brings a name of the database is refused, with both ways out of it, and all else that is wrong."""
    async with opened(data_dir) as found:
        await put(found, TABLE)
    text = IN_FILE.replace("brigg", "acme")
    with pytest.raises(ConfigError) as refused:
        merged(configured(data_dir, text))
    (mistake,) = refused.value.mistakes
    assert mistake.path == "connections[0].name"
    assert "driftd connections remove acme --keep-data" in mistake.message
    with pytest.raises(ConfigError) as refused:
        joined(configured(data_dir, text), [TABLE, {**TABLE, "name": "b", "folder": 7}, {**TABLE, "name": "c", "x": 1}])
    assert [each.path for each in refused.value.mistakes] == [
        "stored: connections.b.folder",
        "stored: connections.c.x",
        "connections[0].name",
    ]


async def test_what_is_removed_is_gone_with_its_secret(data_dir: Path) -> None:
    """What was captured stays or goes as is said; what is left of a name can be erased later."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("b"))
    async with opened(data_dir) as found:
        await put(found, TABLE)
        await found.remove("acme", WORD, erase=False)
        assert await kept(data_dir) == ([], [], ["remove_connection", "add_connection"])
        async with SqliteStore.reading(data_dir) as reader:
            assert len(await reader.read_changes(0, 9)) == 1
        await put(found, TABLE)
        await found.remove("acme", WORD, erase=True)
        with pytest.raises(DecisionError):
            await found.remove("acme", WORD, erase=True)
    async with SqliteStore.reading(data_dir) as reader:
        assert await reader.read_changes(0, 9) == []
        assert not await reader.connections.knows("acme")


async def test_a_connection_takes_along_who_is_let_in_to_it_alone(data_dir: Path) -> None:
    """At once, and whether it comes again or takes the name of one that stood in the file; a change takes nobody."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        config, names = configured(data_dir), {"acme"}
        admission = Admission(store.tokens, lambda: names, SystemClock(), Quiet())
        house = replace(alone._alone(config, store, Safe(read_keys(config.vault))), tokens=admission)
        found = Connections(house)

        async def bind(name: str) -> None:
            await admission.make(Token(name, digest_of(name), Scope.ADMIN, 0, "", "acme"), WORD)

        await bind("of-the-file")
        assert (await put(found, TABLE)).says.endswith(
            'an earlier one of this name let nobody in any more: "of-the-file"'
        )
        await bind("vendor")
        await put(found, {**TABLE, "folder": "TWO"})
        assert (admission.bearer("of-the-file"), admission.bearer("vendor") is None) == (None, False)
        for erase in (False, True):
            says = await found.remove("acme", WORD, erase=erase)
            assert says.endswith('; tokens bound to it let nobody in any more: "vendor"')
            assert (admission.bearer("vendor"), len(admission), await store.tokens.all()) == (None, 0, [])
            await put(found, TABLE)
            await bind("vendor")


async def test_nobody_is_let_in_to_a_connection_while_it_goes(data_dir: Path) -> None:
    """Who makes a token for it just then is told that it is gone."""
    refused = []
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store, anyio.create_task_group() as group:
        config, names = configured(data_dir), {"acme"}
        admission = Admission(store.tokens, lambda: names, SystemClock(), Quiet())

        async def bind() -> None:
            with pytest.raises(DecisionError, match="no connection is named") as caught:
                await admission.make(Token("late", digest_of("late"), Scope.READ, 0, "", "acme"), WORD)
            refused.append(caught)

        async def take(_name: str, now: Config) -> None:
            if not now.connections:
                group.start_soon(bind)
                await anyio.wait_all_tasks_blocked()
                names.clear()

        keys = Safe(read_keys(config.vault))
        found = Connections(replace(alone._alone(config, store, keys), tokens=admission, take=take))
        await put(found, TABLE)
        await found.remove("acme", WORD, erase=False)
    assert len(refused) == 1


class Killed(BaseException):
    """The process is killed."""


async def test_an_erasure_that_is_interrupted_goes_on(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile nobody takes the name, in the file neither; whoever opens the database next ends it."""

    async def killed(_self: SqliteConnections, _name: str) -> bool:
        raise Killed

    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("b"))
    with monkeypatch.context() as patch:
        patch.setattr(SqliteConnections, "clear", killed)
        with pytest.raises(Killed):
            await alone.remove(configured(data_dir), "acme", WORD, True)
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            config = configured(data_dir)
            house = alone._alone(config, store, Safe(read_keys(config.vault)))
            with pytest.raises(DecisionError, match="is being erased"):
                await put(Connections(house), TABLE)
            with pytest.raises(ConfigError, match="is being erased"):
                await merged_with(configured(data_dir, IN_FILE.replace("brigg", CUSTOMERS.connection)), store)
    async with opened(data_dir) as found:
        assert (await put(found, TABLE)).change is Change.CREATED
    async with SqliteStore.reading(data_dir) as reader:
        assert await reader.read_changes(0, 9) == []
