"""`client_credentials` at a server that nobody here wrote: what it issues opens the tenant, what it refuses is told."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials, X3Settings
from driftd.core.model import Query
from driftd.errors import Reason, SourceError
from driftd.simulator import Farm, Serving, Tenant, serving
from tests.adapters.x3.scripted import SetClock
from tests.authority import Asking, Authority, authority, installed
from tests.fakes.loopback import LOOPBACK
from tests.house.process import until
from tests.house.rig import resource

FIRST, SECOND = "first b:c/+%&=~", "second"
"""Signs that each way of identifying oneself writes otherwise."""
CUSTOMERS = resource("BPCUSTOMER")


@dataclass
class House:
    """A tenant that takes the tokens of a server, and the secret that we know."""

    authority: Authority
    tenant: Tenant
    served: Serving
    secret: str = FIRST

    @asynccontextmanager
    async def source(self, clock: SetClock, scope: str | None = "x3.read") -> AsyncIterator[X3Source]:
        """Give a source that signs in there."""
        auth = ClientCredentials(self.authority.token_url, self.tenant.client_id, lambda: self.secret, scope)
        known = X3Settings("aldgate", self.served.url, self.tenant.folder, auth, egress=LOOPBACK)
        async with X3Source(known, None, clock) as source:
            yield source

    def asked(self) -> tuple[int, int]:
        """Return how often a token was asked for and granted since it was last looked."""
        before, self._counts = getattr(self, "_counts", {"asked": 0, "granted": 0}), self.authority.tell()
        return self._counts["asked"] - before["asked"], self._counts["granted"] - before["granted"]


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest) -> Iterator[House]:
    farm = Farm.build(1, records=5, only=["BPCUSTOMER"])
    tenant = farm["aldgate"]
    folder = installed(request.config.cache)
    with authority(folder, tenant.client_id, FIRST) as server, serving(farm) as served:
        known = {each.name: getattr(tenant.credentials, each.name) for each in fields(tenant.credentials)}
        tenant.credentials = Asking(**known, authority=server, scope="x3.read")
        yield House(server, tenant, served)


@pytest.fixture
def house(ground: House) -> House:
    """The server as it was at first."""
    ground.secret = FIRST
    ground.authority.tell(client={"secret": FIRST, "basic": False}, life=600, revoke=True)
    ground.asked()
    return ground


def now() -> SetClock:
    """Return a clock that agrees with the server's, and stands."""
    return SetClock(SystemClock().now())


async def read(source: X3Source) -> int:
    return len(source.split(await source.page(CUSTOMERS, Query(count=5))))


async def refused(source: X3Source) -> SourceError:
    with pytest.raises(SourceError) as error:
        await source.page(CUSTOMERS, Query(count=5))
    assert FIRST not in str(error.value) + str(error.value.hint)
    return error.value


@pytest.mark.parametrize("basic", [False, True], ids=["form", "basic"])
async def test_a_token_is_had_in_whichever_way_the_server_takes(house: House, *, basic: bool) -> None:
    """In the form, or by Basic as RFC 6749 encodes it, which is found out once."""
    house.authority.tell(client={"basic": basic})
    clock = now()
    async with house.source(clock) as source:
        assert [await read(source), await read(source)] == [5, 5]
        assert house.asked() == (2 if basic else 1, 1)
        clock.advance(590)
        assert await read(source) == 5
        assert house.asked() == (1, 1)


async def test_a_token_that_ended_is_replaced(house: House) -> None:
    """Ahead of the end that the server named; and, where it ended early, by the answer that refuses it."""
    clock = now()
    async with house.source(clock) as source:
        assert await read(source) == 5
        clock.advance(590)
        assert await read(source) == 5
        assert house.asked() == (2, 2)
        shown: set[str] = house.tenant.credentials.shown  # type: ignore[attr-defined]
        before = set(shown)
        house.authority.tell(life=1)
        clock.advance(590)
        assert await read(source) == 5
        until(lambda: not any(house.authority.judged(each)["active"] for each in shown - before), "the tokens end")
        house.asked()
        house.authority.tell(life=600)
        assert await read(source) == 5
        assert house.asked() == (1, 1)
        house.authority.tell(revoke=True)
        assert await read(source) == 5
        assert house.asked() == (1, 1)


async def test_a_rotated_secret_is_refused_and_the_new_one_taken_up(house: House) -> None:
    """With the old one it is `oauth_invalid_client`, asked once for two reads; with the new at its place it goes on."""
    clock = now()
    async with house.source(clock) as source:
        assert await read(source) == 5
        house.authority.tell(client={"secret": SECOND}, revoke=True)
        house.asked()
        assert (await refused(source)).reason is Reason.OAUTH_INVALID_CLIENT
        assert (await refused(source)).reason is Reason.OAUTH_INVALID_CLIENT
        assert house.asked() == (1, 0)
        house.secret = SECOND
        clock.advance(60)
        assert await read(source) == 5
        assert house.asked() == (2, 1)


@pytest.mark.parametrize(
    ("scope", "reason", "hint"),
    [("x3.other", Reason.CONFIG_ERROR, "set scope to what was agreed"), (None, Reason.UNAUTHORIZED, "")],
    ids=["not granted", "none"],
)
async def test_a_wrong_scope_is_told(house: House, scope: str | None, reason: Reason, hint: str) -> None:
    """By the server, which does not grant it; where none is asked for, by the tenant, which wants one in the token."""
    async with house.source(now(), scope) as source:
        told: Any = await refused(source)
        assert told.reason is reason
        assert hint in (told.hint or "")
