"""Whatever signs a connection in: laws that hold for every ``[connections.auth] type``, against a simulated tenant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.pair import Pair
from driftd.adapters.x3.settings import (
    Auth,
    Basic,
    ClientCredentials,
    ConnectedApp,
    Pairing,
    SecretSource,
    X3Settings,
)
from driftd.core.model import Query
from driftd.core.reasons import MEANINGS, State
from driftd.errors import Reason, SourceError
from driftd.simulator import Farm, Fault, Switches, Tenant, serving
from tests.adapters.x3.booked import MemoryBook
from tests.adapters.x3.scripted import CUSTOMERS
from tests.fakes.loopback import LOOPBACK

pytestmark = pytest.mark.anyio


def client_credentials(here: "Site", secret: SecretSource) -> Auth:
    return ClientCredentials(f"{here.url}{here.tenant.token_path}", here.tenant.client_id, secret)


def connected_app(here: "Site", secret: SecretSource) -> Auth:
    return ConnectedApp(here.tenant.client_id, secret, here.tenant.username, here.tenant.audience)


def basic(here: "Site", secret: SecretSource) -> Auth:
    return Basic(here.tenant.username, secret)


def pairing(here: "Site", secret: SecretSource) -> Auth:
    url = f"{here.url}{here.tenant.pair_path}"
    return Pairing(url, here.tenant.client_id, secret, Pair(MemoryBook(here.tenant.pair())))


WAYS = {each.__name__: each for each in (client_credentials, connected_app, pairing, basic)}


@dataclass
class Site:
    """A served tenant, and one way to sign in there with a secret that stands somewhere."""

    tenant: Tenant
    url: str
    way: Callable[["Site", SecretSource], Auth]
    place: str = ""
    """What stands where the secret is read; empty: nothing."""
    reads: int = 0
    authorizations: list[str] = field(default_factory=list)
    """What requests of records were signed in with."""

    def read(self) -> str:
        self.reads += 1
        if not self.place:
            raise FileNotFoundError
        return self.place

    def source(self) -> X3Source:
        auth = self.way(self, self.read)
        known = X3Settings("aldgate", self.url, self.tenant.folder, auth, egress=LOOPBACK)
        return X3Source(known, None, SystemClock())

    @property
    def good(self) -> str:
        """The secret as the tenant has it."""
        credentials = self.tenant.credentials
        return credentials.password if self.way is basic else credentials.client_secret

    def rotate(self) -> None:
        """Have the tenant know another secret alone, and no token that was given."""
        if self.way is basic:
            self.tenant.credentials.password += "-rotated"
        else:
            self.tenant.rotate_secret()
            self.tenant.revoke_tokens()

    def seen(self, request: Any) -> None:
        if request.resource:
            self.authorizations.append(request.headers["authorization"])


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Tenant, str]]:
    farm = Farm.build(tenants=1, records=10, seed=11, only=("BPCUSTOMER",))
    with serving(farm) as running:
        yield farm["aldgate"], running.url


@pytest.fixture(params=list(WAYS))
def here(served: tuple[Tenant, str], request: pytest.FixtureRequest) -> Iterator[Site]:
    tenant, url = served
    tenant.switches.move({**Switches().shown(), "connected_app_jwt": "accepted"})
    site = Site(tenant, url, WAYS[request.param])
    site.place = site.good
    tenant.on_request = site.seen
    yield site
    tenant.on_request = None
    tenant.faults.clear()


async def refused(given: X3Source) -> SourceError:
    with pytest.raises(SourceError) as error:
        await given.page(CUSTOMERS, Query(5))
    return error.value


async def test_a_secret_is_read_once_and_signs_every_request_in(here: Site) -> None:
    async with here.source() as given:
        for _ in range(3):
            await given.page(CUSTOMERS, Query(5))
    assert (here.reads, len(here.authorizations)) == (1, 3)


async def test_a_rotated_secret_is_taken_up_where_it_stands(here: Site) -> None:
    """The poll in which the old one is refused goes well, as the new one is there already."""
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
        here.rotate()
        here.place = here.good
        await given.page(CUSTOMERS, Query(5))
    assert here.reads == 2


async def test_a_refused_secret_is_the_credentials_fault_and_asks_little(here: Site) -> None:
    """Its reason makes the connection `auth_failed`; whoever put it right need do nothing else."""
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
        here.rotate()
        before = sum(here.tenant.requests.values())
        error = await refused(given)
        assert MEANINGS[error.reason].state is State.AUTH_FAILED
        assert (error.reason is Reason.OAUTH_INVALID_CLIENT) == (here.way is not basic)
        assert error.hint
        assert sum(here.tenant.requests.values()) - before <= 2
    here.place = here.good
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))


async def test_a_secret_that_is_not_there_sends_nothing(here: Site) -> None:
    here.place = ""
    before = sum(here.tenant.requests.values())
    async with here.source() as given:
        error = await refused(given)
    assert error.reason is Reason.CONFIG_ERROR
    assert sum(here.tenant.requests.values()) == before


async def test_a_server_that_fails_says_nothing_of_credentials(here: Site) -> None:
    """Neither an error of the server's nor a wait that it asks for has the secret read again."""
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
        for status, reason in ((500, Reason.SERVER_ERROR), (503, Reason.GATEWAY_ERROR), (429, Reason.RATE_LIMITED)):
            here.tenant.faults.append(Fault("status", status=status, times=1))
            assert (await refused(given)).reason is reason
        await given.page(CUSTOMERS, Query(5))
    assert here.reads == 1


async def test_one_refusal_without_a_reason_costs_a_bearer_one_replay(here: Site) -> None:
    """A token is asked for or signed anew; a password that has not changed is not tried twice."""
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
        here.tenant.faults.append(Fault("status", status=401, times=1))
        if here.way is basic:
            assert (await refused(given)).reason is Reason.UNAUTHORIZED
        else:
            await given.page(CUSTOMERS, Query(5))
    assert len(here.authorizations) == (2 if here.way is basic else 3)


@pytest.mark.parametrize("skew", [-25.0, 200.0])
async def test_clocks_that_differ_a_little_cost_nothing(here: Site, skew: float) -> None:
    here.tenant.switches.clock_skew = skew
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
    assert len(here.authorizations) == 1


@pytest.mark.parametrize(
    ("skew", "ways"), [(-90.0, (client_credentials, connected_app, pairing)), (400.0, (connected_app,))]
)
async def test_a_token_that_only_the_clocks_make_bad_is_no_fault_of_the_secret(
    here: Site, skew: float, ways: tuple[object, ...]
) -> None:
    """Of the future, or ended before it came: where the tenant judges tokens by its own clock."""
    here.tenant.switches.clock_skew = skew
    async with here.source() as given:
        if here.way in ways:
            assert (await refused(given)).reason is Reason.CLOCK_SKEW
        else:
            await given.page(CUSTOMERS, Query(5))


async def test_no_failure_shows_secret_or_token(here: Site) -> None:
    """Neither a refusal nor what stands behind it, in any form."""
    async with here.source() as given:
        await given.page(CUSTOMERS, Query(5))
        old = here.place
        here.rotate()
        error = await refused(given)
        shown = f"{given!r} {error!r} {error} {error.hint} {error.__cause__!r} {error.__context__!r}"
    for planted in (old, here.good, *(each.partition(" ")[2] for each in here.authorizations)):
        assert planted not in shown
