"""The real client against the simulator over loopback: each fault and each unknown of X3."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, Caps, ClientCredentials, X3Settings
from driftd.core.model import Query, Resource
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from driftd.simulator import Farm, Fault, Switches, Tenant, serving
from tests.fakes.loopback import LOOPBACK

pytestmark = pytest.mark.anyio
CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")
ORDERS = Resource("aldgate", "SORDER", "SORDER", ("SOHNUM",), details=True)
PLANTED = "PLANTED-VALUE"
TIGHT = Caps(wire=4 << 20, body=8 << 20)


@dataclass
class Site:
    """A served tenant, and how it is reached."""

    farm: Farm
    tenant: Tenant
    url: str

    def source(self, **changes: Any) -> X3Source:
        auth = ClientCredentials(f"{self.url}{self.tenant.token_path}", self.tenant.client_id, self.secret)
        known: dict[str, Any] = {"name": "aldgate", "base_url": self.url, "folder": self.tenant.folder, "auth": auth}
        known["egress"] = LOOPBACK
        return X3Source(X3Settings(**(known | changes)), None, SystemClock())

    def basic(self, **changes: Any) -> X3Source:
        return self.source(auth=Basic(self.tenant.username, Secret(self.tenant.password)), **changes)

    def secret(self) -> str:
        return self.tenant.client_secret

    def move(self, **positions: object) -> None:
        """Put every switch at its default but these, and end all faults."""
        self.tenant.faults.clear()
        self.tenant.switches.move({**Switches().shown(), **positions})


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    farm = Farm.build(tenants=1, records=40, seed=11, only=("BPCUSTOMER", "SORDER"))
    with serving(farm) as running:
        yield Site(farm, farm["aldgate"], running.url)


@pytest.fixture
def here(served: Site) -> Site:
    served.move()
    return served


def told(error: BaseException | None) -> str:
    """Return everything that an error and those behind it say of themselves."""
    seen: set[int] = set()
    said = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            said.append(f"{each} {each!r} {getattr(each, 'hint', '')} {each.args}")
            waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return "\n".join(said)


FAULTS = [
    (Fault("status", status=500), Reason.SERVER_ERROR),
    (Fault("status", status=500, body="html"), Reason.SERVER_ERROR),
    (Fault("status", status=502, body="empty"), Reason.GATEWAY_ERROR),
    (Fault("status", status=503, headers={"Retry-After": "7"}), Reason.GATEWAY_ERROR),
    (Fault("status", status=429, headers={"Retry-After": "7"}), Reason.RATE_LIMITED),
    (Fault("status", status=401), Reason.UNAUTHORIZED),
    (Fault("status", status=403), Reason.FORBIDDEN),
    (Fault("status", status=404), Reason.RESOURCE_NOT_FOUND),
    (Fault("html_login"), Reason.MAINTENANCE_PAGE),
    (Fault("redirect"), Reason.MAINTENANCE_PAGE),
    (Fault("truncated"), Reason.CONNECTION_RESET),
    (Fault("malformed"), Reason.INVALID_PAYLOAD),
    (Fault("raw_body", body='{"$resources": [1'), Reason.INVALID_PAYLOAD),
    (Fault("raw_body", body=""), Reason.INVALID_PAYLOAD),
    (Fault("raw_socket", body="HTTP/1.1 200 OK\r\n"), Reason.CONNECTION_RESET),
    (
        Fault("raw_socket", body=f"HTTP/1.1 200 OK\r\n{PLANTED}: {PLANTED}\r\n{PLANTED}\r\n\r\n"),
        Reason.CONNECTION_RESET,
    ),
    (Fault("hang"), Reason.TIMEOUT),
    (Fault("delay", seconds=5), Reason.TIMEOUT),
    (Fault("drip", seconds=0.05), Reason.TIMEOUT),
    (Fault("gzip_bomb"), Reason.PAYLOAD_TOO_LARGE),
    (Fault("huge_body"), Reason.PAYLOAD_TOO_LARGE),
    (Fault("no_resources"), Reason.INVALID_PAYLOAD),
    (Fault("diagnoses"), Reason.SERVER_ERROR),
    (Fault("diagnoses", body=f"{PLANTED} 44 : Class {PLANTED} not found"), Reason.RESOURCE_NOT_FOUND),
    (Fault("wrong_folder"), Reason.WRONG_FOLDER),
    (Fault("content_type"), Reason.INVALID_PAYLOAD),
    (Fault("not_utf8"), Reason.INVALID_PAYLOAD),
    (Fault("deep"), Reason.INVALID_PAYLOAD),
    (Fault("next_elsewhere"), Reason.PAGING_INCOMPLETE),
]


async def read_two(given: X3Source) -> None:
    """Read two pages as the runtime does, keys and values included."""
    page = await given.page(CUSTOMERS, Query(10))
    slices = given.split(page)
    given.keys(CUSTOMERS, slices)
    for each in slices:
        given.decode(each)
    await given.page(CUSTOMERS, Query(10, next=page.next))


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[f"{fault.kind}-{fault.status}" for fault, _ in FAULTS])
async def test_each_fault_has_its_reason_and_gives_nothing_away(here: Site, fault: Fault, reason: Reason) -> None:
    """A fault fails the page with its reason, names the connection, and shows no secret, token, value or parameter."""
    here.tenant.put("BPCUSTOMER", {"BPCNUM": "0", "BPCNAM": PLANTED})
    here.tenant.faults.append(fault)
    slow = fault.kind in {"hang", "delay", "drip"}
    async with here.source(timeout=0.15 if slow else 20.0, caps=TIGHT) as given:
        with pytest.raises(SourceError) as error:
            await read_two(given)
    assert error.value.reason is reason
    assert 'connection "aldgate"' in str(error.value)
    if fault.headers:
        assert error.value.retry_after == 7.0
    tokens = list(here.tenant.credentials.tokens)
    words = told(error.value)
    for hidden in [here.secret(), *tokens, PLANTED, "orderBy", "count=", "Bearer", "elsewhere.example"]:
        assert hidden not in words


@pytest.mark.parametrize("kind", ["next_loop", "next_back", "empty", "date_skew", "close", "slow_first"])
async def test_what_is_for_others_to_judge_comes_through(here: Site, kind: Any) -> None:
    """A loop, an empty answer, a wrong clock with a good token, a closed connection: pages all the same."""
    here.tenant.faults.append(Fault(kind, seconds=0.01 if kind == "slow_first" else 7200.0))
    async with here.source() as given:
        for _ in range(3):
            page = await given.page(CUSTOMERS, Query(10))
            assert given.split(page) == [] or kind != "empty"


TOKEN_FAULTS = [
    (Fault("status", path="/auth/token", status=500), Reason.SERVER_ERROR),
    (Fault("status", path="/auth/token", status=503, body="html"), Reason.GATEWAY_ERROR),
    (Fault("html_login", path="/auth/token"), Reason.MAINTENANCE_PAGE),
    (Fault("redirect", path="/auth/token"), Reason.MAINTENANCE_PAGE),
    (Fault("hang", path="/auth/token"), Reason.TIMEOUT),
    (Fault("raw_socket", path="/auth/token"), Reason.CONNECTION_RESET),
    (Fault("gzip_bomb", path="/auth/token"), Reason.PAYLOAD_TOO_LARGE),
    (Fault("raw_body", path="/auth/token", body='{"access_token":'), Reason.OAUTH_ERROR),
    (Fault("raw_body", path="/auth/token", body='{"access_token":"x\\r\\ny"}'), Reason.OAUTH_ERROR),
]


@pytest.mark.parametrize(
    ("fault", "reason"), TOKEN_FAULTS, ids=[f"{fault.kind}-{fault.status}" for fault, _ in TOKEN_FAULTS]
)
async def test_a_broken_token_endpoint_does_not_blame_the_secret(here: Site, fault: Fault, reason: Reason) -> None:
    """Faults of the token endpoint keep their own reasons, and say nothing secret."""
    here.tenant.faults.append(fault)
    async with here.source(timeout=0.15 if fault.kind == "hang" else 20.0) as given:
        with pytest.raises(SourceError, match="token endpoint") as error:
            await given.page(CUSTOMERS, Query(10))
    assert error.value.reason is reason
    assert here.secret() not in told(error.value)


@pytest.mark.parametrize("form", ["json_401", "plain_401", "redirect_302", "html_200"])
async def test_revoked_tokens_and_rotated_secrets_heal_unseen(here: Site, form: Any) -> None:
    """However a tenant refuses a token, a new one and the same page follow; a rotated secret is read again."""
    here.move(bad_credentials=form)
    async with here.source() as given:
        before = await given.page(CUSTOMERS, Query(10))
        here.tenant.revoke_tokens()
        after = await given.page(CUSTOMERS, Query(10))
        assert (after.records, after.requests) == (before.records, 3)
        here.tenant.rotate_secret()
        here.tenant.revoke_tokens()
        again = await given.page(CUSTOMERS, Query(10))
        assert (again.records, again.requests) == (before.records, 4)


@pytest.mark.parametrize("errors", ["rfc6749", "gateway"])
@pytest.mark.parametrize("way", ["both", "form", "basic"])
async def test_each_way_of_identifying_the_client_works(here: Site, errors: Any, way: Any) -> None:
    """Form or Basic, RFC 6749 or the gateway's messages: the right secret gets in, a wrong one has its reason."""
    here.move(token_errors=errors, token_auth=way)
    async with here.source() as given:
        assert given.split(await given.page(CUSTOMERS, Query(10)))
    auth = ClientCredentials(f"{here.url}{here.tenant.token_path}", here.tenant.client_id, Secret("wrong"))
    async with here.source(auth=auth) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(10))
    assert error.value.reason is Reason.OAUTH_INVALID_CLIENT


async def test_a_tenant_without_client_credentials_says_so(here: Site) -> None:
    """The gateway's `Invalid grant type` is an `oauth_error`, never a success and never the secret's fault."""
    here.move(grant="refused", token_errors="gateway")
    async with here.source() as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(10))
    assert error.value.reason is Reason.OAUTH_ERROR


async def test_basic_gets_in_where_it_may(here: Site) -> None:
    """HTTP Basic reads; refused, it is `unauthorized`."""
    here.move()
    async with here.basic() as given:
        assert given.split(await given.page(CUSTOMERS, Query(10)))
    here.tenant.switches.basic_auth = "refused"
    async with here.basic() as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(10))
    assert error.value.reason is Reason.UNAUTHORIZED


@pytest.mark.parametrize("code", [400, 404, 500])
@pytest.mark.parametrize("body", ["diagnoses", "html"])
async def test_wrong_addresses_have_their_reason_whatever_the_code(here: Site, code: Any, body: Any) -> None:
    """Endpoint, class, representation, folder, watermark and facet are told apart under every code and body."""
    here.move(error_code=code, error_body=body)

    async def reason(resource: Resource, since: str | None = None, **changes: Any) -> Reason:
        async with here.basic(**changes) as given:
            with pytest.raises(SourceError) as error:
                await given.page(resource, Query(5, since=since))
            return error.value.reason

    assert await reason(CUSTOMERS, endpoint="NOWHERE") is Reason.FOLDER_NOT_FOUND
    assert await reason(CUSTOMERS, folder="OTHER", endpoint="ALDGATE") is Reason.FOLDER_NOT_FOUND
    assert await reason(Resource("a", "ZCLASS", "ZCLASS", ("K",))) is Reason.RESOURCE_NOT_FOUND
    assert await reason(Resource("a", "BPCUSTOMER", "ZREP", ("BPCNUM",))) is Reason.RESOURCE_NOT_FOUND
    assert await reason(CUSTOMERS, "2026-01-01") is Reason.RESOURCE_NOT_FOUND
    assert await reason(Resource("a", "BPCUSTOMER", "BPCUSTOMER", ("NOKEY",))) is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("facet", ["refused_400", "refused_403", "refused_500"])
@pytest.mark.parametrize("body", ["diagnoses", "html"])
async def test_a_refused_facet_is_forbidden_and_not_a_missing_record(here: Site, facet: Any, body: Any) -> None:
    """Where `$details` may not be read, no record is taken for missing."""
    here.move(details_facet=facet, error_body=body)
    async with here.basic() as given:
        with pytest.raises(SourceError) as error:
            await given.details(ORDERS, b'["SON00000001"]')
    assert error.value.reason is Reason.FORBIDDEN


@pytest.mark.parametrize("missing", ["diagnoses_200", "not_found_404"])
@pytest.mark.parametrize("body", ["diagnoses", "html"])
async def test_a_missing_record_is_none_in_every_form(here: Site, missing: Any, body: Any) -> None:
    """200 with diagnosis 721 and 404, as JSON or as a page, all say that there is no such record."""
    here.move(missing_record=missing, error_body=body)
    async with here.basic() as given:
        assert (await given.details(ORDERS, b'["NONE"]')).record is None


@pytest.mark.parametrize("name", sorted(set(Switches.positions()) - set(Switches.refusing)))
async def test_every_switch_can_be_read_through(here: Site, name: str) -> None:
    """Under every position of every reading switch, all pages and all details give the tenant's records exactly."""
    for position in Switches.positions()[name]:
        here.move(cap=15, **{name: position})
        async with here.source() as given:
            assert await whole(given, CUSTOMERS) == expected(here.tenant, "BPCUSTOMER", "$query")
            for key, record in list(expected(here.tenant, "SORDER", "$details").items())[:12]:
                assert plain((await given.details(ORDERS, key)).record) == record


async def whole(given: X3Source, resource: Resource) -> dict[bytes, Any]:
    found: dict[bytes, Any] = {}
    query = Query(20)
    for _ in range(20):
        page = await given.page(resource, query)
        slices = given.split(page)
        for key, each in zip(given.keys(resource, slices), slices, strict=True):
            assert key not in found
            found[key] = plain(given.decode(each))
        if page.next is None:
            return found
        query = Query(20, next=page.next)
    raise AssertionError("no end")


def expected(tenant: Tenant, name: str, facet: Any) -> dict[bytes, Any]:
    return {msgspec.json.encode(key): plain(record) for key, record in tenant.records(name, facet=facet).items()}


def plain(value: Any) -> Any:
    """Leave out what begins with `$`, and what held nothing else; take each number as the decimal it was spelt as."""
    if isinstance(value, dict):
        kept = {name: plain(inner) for name, inner in value.items() if not name.startswith("$")}
        return {name: inner for name, inner in kept.items() if inner != {} or value[name] == {}}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


KEYS = [
    "O'Brien",
    "A~B",
    "two words",
    " lead",
    "trail ",
    "ñandú",
    "客户7",
    "a/b?c#d&e=f+g%41",
    '"q"',
    "x\\y",
    "('z')",
    "ﬁ",
    "\U0001f600",
]


@pytest.mark.parametrize("key", KEYS)
async def test_awkward_keys_survive_every_address(here: Site, key: str) -> None:
    """Quotes, `~`, blanks, signs and other scripts in keys come back from pages, cursors and details."""
    here.tenant.put("BPCUSTOMER", {"BPCNUM": key, "BPCNAM": "odd"})
    async with here.basic() as given:
        page = await given.page(CUSTOMERS, Query(100))
        found = list(given.keys(CUSTOMERS, given.split(page)))
        place = [given.decode(each)["BPCNUM"] for each in given.split(page)].index(key)
        after = await given.page(CUSTOMERS, Query(100, after=found[place]))
        start = await given.page(CUSTOMERS, Query(100, start=found[place]))
        assert list(given.keys(CUSTOMERS, given.split(after))) == found[place + 1 :]
        assert list(given.keys(CUSTOMERS, given.split(start))) == found[place:]
        chain, query = list[bytes](), Query(1)
        while query.next is not None or not chain:
            page = await given.page(CUSTOMERS, query)
            chain += given.keys(CUSTOMERS, given.split(page))
            if page.next is None:
                break
            query = Query(1, next=page.next)
        assert chain == found
        record = (await given.details(CUSTOMERS, found[place])).record
        assert record is not None
        assert record["BPCNUM"] == key
