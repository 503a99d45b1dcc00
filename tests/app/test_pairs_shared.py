"""Pairs that connections of the database share: who may join one and who may not, and with whom its secrets go."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from driftd.app.renewal import Means, Renewals
from driftd.core.brought import Change
from driftd.core.renewal import Renewal
from driftd.core.secret import Secret
from driftd.errors import ConfigError, DecisionError, SealError
from tests.app.bringing import WORD, Site, sites

pytestmark = pytest.mark.anyio
BOTH = [("aldgate", "client_secret"), ("aldgate", "refresh_token")]


@pytest.fixture
def site() -> Iterator[Site]:
    with sites() as found:
        yield found


async def test_a_pair_goes_with_the_last_that_shares_it(site: Site) -> None:
    """Whether that is removed, or signs in otherwise from then on; one of the file keeps it as well."""
    given = site.tenant.pair()
    customer = [("customer", "client_secret"), ("customer", "refresh_token")]
    async with site.process() as process:
        await process.put(given, pair="customer")
        await process.put(None, "brigg", pair="customer")
        await process.connections.remove("aldgate", WORD, erase=False)
        assert await process.kept() == customer
        await process.poll("brigg")
        await process.connections.remove("brigg", WORD, erase=True)
        assert (await process.names(), await process.kept()) == ([], [])
        with pytest.raises(SealError, match="driftd keeps none for it yet"):
            await process.pairs.named("customer").book.begin()
        await process.put(site.tenant.pair(), pair="customer")
        await process.poll()
        own = site.tenant.pair()
        await process.put(own)
        assert await process.kept() == BOTH
        await process.put(None, "brigg", pair="aldgate")
        await process.connections.remove("aldgate", WORD, erase=False)
        assert await process.kept() == BOTH
        await process.poll("brigg")


async def test_who_joins_a_pair_goes_where_it_goes(site: Site) -> None:
    """To another host, or for a caller that may not add connections, its token is to be given; a pair is one gateway
    and one client, in the file and in the database together, and has the name of no other connection."""
    given = site.tenant.pair()
    elsewhere = site.url.replace("127.0.0.1", "localhost")
    async with site.process() as process:
        await process.put(given, pair="customer")
        with pytest.raises(DecisionError, match="would be sent elsewhere"):
            await process.put(None, "brigg", pair="customer", base_url=elsewhere)
        await process.put(site.tenant.pair(), "brigg")
        with pytest.raises(DecisionError, match="without its refresh token"):
            await process.put(None, "brigg", pair="customer", create=False)
        with pytest.raises(ConfigError, match="the pair is used with another client_id") as told:
            await process.put(given, "corby", pair="customer", client_id="somebody")
        assert "aldgate" not in f"{told.value}{told.value.mistakes}"
        with pytest.raises(ConfigError, match="is the name of a connection that does not share the pair"):
            await process.put(given, "customer", type="client_credentials")
    pair = '[connections.auth]\ntype = "pairing"\npair = "customer"\nclient_id = "other"\n'
    site.text = f'[[connections]]\nname = "corby"\nbase_url = "{site.url}"\nfolder = "C"\n{pair}'
    site.text += f'token_url = "{site.url}{site.tenant.pair_path}"\n'
    with pytest.raises(ConfigError) as refused:
        async with site.process():
            pass
    (mistake,) = refused.value.mistakes
    assert mistake.path == "stored: connections.aldgate.auth.client_id"
    assert 'is not that of "corby", which shares the pair "customer": "other": give both the same' in mistake.message


@pytest.mark.parametrize("pair", ["bank", "nobody-has-it", "corby"])
async def test_who_may_not_add_takes_no_pair_with_secrets_of_his_own(pair: str) -> None:
    """Not that of another, tried or not, nor a name that nobody uses yet; nothing of the pair is another."""
    with sites() as site:
        async with site.process() as process:
            await process.put(site.tenant.pair(), "aldgate", pair="bank")
            for name in ("brigg", "corby"):
                await process.put(site.tenant.pair(), name)
            before = process.pairs.safe.kept("bank", "refresh_token"), process.pairs.safe.kept("bank", "client_secret")
            with pytest.raises(DecisionError, match="without its refresh token") as error:
                await process.put("junk", "brigg", create=False, pair=pair, application="junk", check=False)
            assert "aldgate" not in f"{error.value} {error.value.hint}"
            after = process.pairs.safe.kept("bank", "refresh_token"), process.pairs.safe.kept("bank", "client_secret")
            assert after == before
            await process.poll("aldgate")


async def test_who_has_the_refresh_token_of_a_pair_may_take_it() -> None:
    """One that the kept one came of is enough."""
    with sites() as site:
        async with site.process() as process:
            given = site.tenant.pair()
            await process.put(given, "aldgate", pair="bank")
            await process.put(site.tenant.pair(), "brigg")
            await process.put(given, "brigg", create=False, pair="bank", check=False)
            await process.poll("brigg")


@pytest.mark.parametrize("create", [None, False])
async def test_a_pair_goes_nowhere_else_than_by_those_that_share_it(create: bool | None) -> None:
    """Whatever secrets come with who joins it or changes it."""
    with sites() as site:
        evil = site.url.replace("127.0.0.1", "localhost")
        async with site.process() as process:
            await process.put(site.tenant.pair(), "aldgate", pair="bank")
            await process.put(None, "brigg", pair="bank")
            with pytest.raises(DecisionError, match="sent elsewhere than by the others"):
                await process.put("junk", "brigg", create=create, pair="bank", check=False, base_url=evil)


async def test_a_token_that_is_refused_takes_nothing_from_one_that_waits() -> None:
    """The successor of one that was tried with a mistake is there for whoever brings that one again."""
    with sites() as site:
        async with site.process() as process:
            given = site.tenant.pair()
            assert (await process.put(given, folder="GHOST")).change is Change.REFUSED
            assert (await process.put("mistyped")).change is Change.REFUSED
            assert (await process.put(given)).change is Change.CREATED
            await process.poll()


async def test_a_token_that_waits_behind_a_removal_is_not_kept() -> None:
    """The pair that it was for is gone."""
    with sites() as site:
        async with site.process() as process:
            await process.put(site.tenant.pair())
            pair, rotated = process.pairs.named("aldgate"), anyio.Event()

            async def waited(tasks: int) -> None:
                while pair.lock.statistics().tasks_waiting < tasks:
                    await anyio.lowlevel.checkpoint()

            async def rotate() -> None:
                with pytest.raises(DecisionError, match="were removed meanwhile"):
                    await process.rotate(site.tenant.pair(), unchecked=True)
                rotated.set()

            async with anyio.create_task_group() as group, pair.lock:
                group.start_soon(partial(process.connections.remove, "aldgate", WORD, erase=False))
                await waited(1)
                group.start_soon(rotate)
                await waited(2)
            assert rotated.is_set()
            assert await process.kept() == []


@pytest.mark.parametrize("check", [True, False])
async def test_a_client_secret_that_is_kept_already_is_no_other(check: bool) -> None:
    """Nobody is asked."""

    async def never(*_what: Any) -> Any:
        raise AssertionError

    with sites() as site:
        async with site.process() as process:
            await process.put(site.tenant.pair())
            pairs = process.pairs
            means = Means(
                lambda: process.held.config, process.store.vault, pairs.safe, pairs.now, print, print, never, never
            )
            renewal = Renewal("aldgate", Secret(site.tenant.client_secret), "client_secret", check)
            assert (await Renewals(means).rotate(renewal, WORD)).change is Change.UNCHANGED
