"""Folders that share a client share what is heard of its secret: a tenant that locks clients out is not hammered."""

import random
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.refusals import AGAIN, ONCE, Refusals
from driftd.adapters.x3.settings import Auth, Basic, ClientCredentials, Proof
from driftd.core.backoff import Pacing, wait
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, TOKEN_URL, ScriptedTenant, SetClock, json_page, settings, source
from tests.adapters.x3.signing import PAGE, REFUSED

NAMES = ("aldgate", "bow", "camden", "dalston", "ealing")


@dataclass
class House:
    """Connections of one customer with one client, at a tenant that takes some secrets."""

    basic: bool
    tenant: ScriptedTenant = field(default_factory=ScriptedTenant)
    clock: SetClock = field(default_factory=SetClock)
    refusals: Refusals = field(default_factory=Refusals)
    good: str = "s3cret-new"
    held: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "s3cret-old"))
    sources: dict[str, X3Source] = field(default_factory=dict)

    def auth(self, name: str) -> Auth:
        if self.basic:
            return Basic("driftd", lambda: self.held[name])
        return ClientCredentials(TOKEN_URL, "driftd", lambda: self.held[name])

    def answer(self, request: httpx.Request) -> httpx.Response:
        shown = f"{request.headers.get('authorization', '')} {request.content.decode()}"
        good = header(self.good) in shown if self.basic else self.good in shown
        if self.basic:
            return json_page() if good else httpx.Response(401)
        return self.tenant.issue() if good else httpx.Response(401, json=REFUSED)

    @property
    def shown(self) -> int:
        """How often the tenant was shown a secret."""
        return len(self.tenant.read if self.basic else self.tenant.tokens)

    async def poll(self, name: str) -> SourceError | None:
        try:
            await self.sources[name].page(CUSTOMERS, PAGE)
        except SourceError as error:
            return error
        return None


def header(secret: str) -> str:
    return b64encode(f"driftd:{secret}".encode()).decode()


@asynccontextmanager
async def house(*, basic: bool, shared: bool = True) -> AsyncIterator[House]:
    found = House(basic)
    if basic:
        found.tenant.answer = found.answer
    else:
        found.tenant.token = found.answer
    async with AsyncExitStack() as stack:
        for name in NAMES:
            known = found.refusals if shared else Refusals()
            given = settings(found.auth(name), name=name, refusals=known, proof=Proof(270, 45))
            found.sources[name] = await stack.enter_async_context(source(found.tenant, found.clock, given))
        yield found


ways = pytest.mark.parametrize("basic", [False, True], ids=["client_credentials", "basic"])


@ways
async def test_a_secret_that_was_refused_twice_is_not_shown_for_the_other_folders(basic: bool) -> None:
    """Each is polled once a minute for five minutes, with a second look after 45 s: of them all the tenant hears no
    more than of the one that asked first, and each is told the same, by its own name alone."""

    async def all_polled(known: House) -> int:
        before = known.shown
        for name in NAMES[1:]:
            for span in (10, 45):
                known.clock.advance(span)
                error = await known.poll(name)
                assert error is not None
                assert error.reason is (Reason.UNAUTHORIZED if basic else Reason.OAUTH_INVALID_CLIENT)
                assert f'connection "{name}"' in str(error)
                assert not any(other in str(error) for other in NAMES if other != name)
        return known.shown - before

    counts = []
    for shared in (True, False):
        async with house(basic=basic, shared=shared) as known:
            for _ in range(2):
                assert await known.poll("aldgate") is not None
                known.clock.advance(45)
            counts.append(await all_polled(known))
    assert counts[0] == 0
    assert counts[1] >= 2 * (len(NAMES) - 1)


@ways
async def test_a_refusal_that_was_heard_once_holds_for_a_moment(basic: bool) -> None:
    """It may have been a slip of the tenant's."""
    async with house(basic=basic) as known:
        await known.poll("aldgate")
        before = known.shown
        known.clock.advance(ONCE - 1)
        assert await known.poll("bow") is not None
        assert known.shown == before
        known.good = "s3cret-old"
        known.clock.advance(31)
        assert await known.poll("bow") is None


@ways
async def test_a_new_secret_is_shown_at_once(basic: bool) -> None:
    """Whoever has it, whatever was refused to whom; and who was refused asks again by itself."""
    async with house(basic=basic) as known:
        for _ in range(2):
            await known.poll("aldgate")
            known.clock.advance(45)
        known.held["bow"] = known.good
        assert await known.poll("bow") is None
        assert await known.poll("camden") is not None
        before = known.shown
        assert await known.poll("aldgate") is not None
        assert known.shown > before


@ways
async def test_a_secret_that_is_good_again_is_good_for_all(basic: bool) -> None:
    """As soon as one of them was let in with it; and where none was, once what was heard holds no longer."""
    async with house(basic=basic) as known:
        for _ in range(2):
            await known.poll("aldgate")
            known.clock.advance(45)
        known.good = "s3cret-old"
        assert await known.poll("bow") is not None
        assert await known.poll("aldgate") is None
        known.clock.advance(45)
        assert await known.poll("bow") is None
        known.good = "s3cret-new"
        for source_ in NAMES[2:4]:
            await known.poll(source_)
        known.clock.advance(ONCE)
        known.good = "s3cret-old"
        assert await known.poll("ealing") is None


@ways
@pytest.mark.parametrize("seed", range(3))
async def test_many_folders_show_a_refused_secret_as_often_as_one_would(basic: bool, seed: int) -> None:
    """Each waits as the daemon does, what it heard as long as that holds; in an hour that is four looks, whoever looks,
    each by a connection that may identify itself in two ways at its first."""
    chance = random.Random(seed)
    async with house(basic=basic) as known:
        due, failures = {name: known.clock.monotonic() + chance.random() * 300 for name in NAMES}, Counter[str]()
        end = known.clock.monotonic() + 3600
        while (name := min(due, key=lambda each: due[each])) and due[name] < end:
            known.clock.advance(due[name] - known.clock.monotonic())
            error = await known.poll(name)
            assert error is not None
            failures[name] += not error.heard
            failure, times = (error.reason, error.retry_after), 0 if error.heard else failures[name]
            after = wait(Pacing(), failure, times, probe=300, second_look=45, chance=chance.random())
            due[name] = known.clock.monotonic() + after.seconds
        looks = 5 if basic else 10
        assert 3 <= known.shown <= looks


async def test_what_was_heard_holds_for_so_long_and_no_longer() -> None:
    """So whoever heard it asks next when it may be asked; a person has all of them ask at once."""
    async with house(basic=False) as known:
        await known.poll("aldgate")
        known.clock.advance(45)
        await known.poll("aldgate")
        known.clock.advance(100)
        heard = await known.poll("bow")
        assert heard is not None
        assert (heard.heard, heard.retry_after) == (True, AGAIN[0] - 100)
        before = known.shown
        known.refusals.forget()
        asked = await known.poll("camden")
        assert (asked is not None and asked.heard, known.shown > before) == (False, True)


async def test_an_outage_is_no_proof_of_a_password() -> None:
    """What answers 503 has looked at none."""
    async with house(basic=True) as known:
        for _ in range(2):
            await known.poll("aldgate")
            known.clock.advance(45)
        known.tenant.answer = lambda _request: httpx.Response(503)
        await known.poll("aldgate")
        before = known.shown
        known.tenant.answer = known.answer
        assert await known.poll("bow") is not None
        assert known.shown == before


def test_what_is_known_holds_no_secret() -> None:
    refusals = Refusals()
    assert "s3cret" not in repr(settings(secret=Secret("s3cret-of-aldgate"), refusals=refusals))
