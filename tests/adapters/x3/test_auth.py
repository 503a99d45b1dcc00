"""Tokens are asked for once, renewed in time and shared; a refused secret is told as such."""

import base64
from collections.abc import Callable
from urllib.parse import parse_qs

import anyio
import httpx
import pytest

from driftd.adapters.x3.settings import Basic, ClientCredentials, Proof
from driftd.core.secret import Secret
from driftd.errors import ConfigError, Mistake, Reason, SourceError
from tests.adapters.x3.scripted import (
    CUSTOMERS,
    TOKEN_URL,
    ScriptedTenant,
    SetClock,
    diagnosed,
    json_page,
    login_page,
    settings,
    source,
)
from tests.adapters.x3.signing import PAGE, REFUSED, bearer
from tests.faults.observing import Observe

pytestmark = pytest.mark.anyio


def form(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def only(accepted: str, refusal: Callable[[], httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: json_page() if bearer(request) == f"Bearer {accepted}" else refusal()


async def reason(tenant: ScriptedTenant, **changes: object) -> Reason:
    async with source(tenant, given=settings(**changes)) as given:  # type: ignore[arg-type]
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        return error.value.reason


async def test_a_token_is_asked_for_once_and_used_until_it_is_due() -> None:
    """A token serves every request until 15 minutes before its end, then is renewed before the next."""
    tenant, clock = ScriptedTenant(life=3600), SetClock()
    async with source(tenant, clock) as given:
        for _ in range(3):
            await given.page(CUSTOMERS, PAGE)
        clock.advance(2699)
        await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 1
        clock.advance(1)
        await given.page(CUSTOMERS, PAGE)
    assert [bearer(each) for each in tenant.read] == ["Bearer token-1"] * 4 + ["Bearer token-2"]


@pytest.mark.parametrize(("life", "renewed_at"), [(300.0, 150.0), (None, 150.0), (1800.0, 900.0), (10.0, 5.0)])
async def test_a_short_token_is_renewed_at_half_its_life(life: float | None, renewed_at: float) -> None:
    """The margin is never more than half the life, which is 300 s where the answer does not say."""
    tenant, clock = ScriptedTenant(life=life), SetClock()
    async with source(tenant, clock) as given:
        await given.page(CUSTOMERS, PAGE)
        clock.advance(renewed_at - 0.01)
        await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 1
        clock.advance(0.01)
        await given.page(CUSTOMERS, PAGE)
    assert len(tenant.tokens) == 2


@pytest.mark.fault(7)
async def test_a_jump_of_the_wall_clock_changes_nothing(observe: Observe) -> None:
    """Token lives are reckoned on the monotonic clock."""
    tenant, clock = ScriptedTenant(life=3600), SetClock()
    async with source(tenant, clock) as given:
        for jump in (0, 86_400_000, -86_400_000):
            clock.ms += jump
            await given.page(CUSTOMERS, PAGE)
    observe(f"a day ahead and back: {len(tenant.tokens)} token asked for, as its life is monotonic")
    assert len(tenant.tokens) == 1


@pytest.mark.fault(21)
@pytest.mark.parametrize("moment", ["first", "due", "refused"])
async def test_many_calls_share_one_renewal(moment: str, observe: Observe) -> None:
    """Fifty calls at once cause exactly one token request, at the start, when it is due, and when it was revoked."""
    tenant, clock = ScriptedTenant(life=3600), SetClock()

    async def slowly(_request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return tenant.issue()

    tenant.token = slowly
    async with source(tenant, clock) as given:
        if moment != "first":
            await given.page(CUSTOMERS, PAGE)
        if moment == "due":
            clock.advance(3000)
        if moment == "refused":
            tenant.answer = only("token-2", lambda: httpx.Response(401))
        before = len(tenant.tokens)
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(given.page, CUSTOMERS, PAGE)
    observe(f"50 calls at once, token {moment}: {len(tenant.tokens) - before} asked for")
    assert len(tenant.tokens) == before + 1


async def test_a_cancelled_renewal_leaves_the_next_call_to_renew() -> None:
    """Whoever waits behind a cancelled renewal renews itself; nothing is remembered of the cancelled one."""
    tenant, entered = ScriptedTenant(), anyio.Event()

    async def never(_request: httpx.Request) -> httpx.Response:
        entered.set()
        await anyio.sleep_forever()
        raise AssertionError

    tenant.token = never
    async with source(tenant) as given:
        async with anyio.create_task_group() as group:
            group.start_soon(given.page, CUSTOMERS, PAGE)
            await entered.wait()
            tenant.token = None
            group.cancel_scope.cancel()
        await given.page(CUSTOMERS, PAGE)
    assert len(tenant.tokens) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: httpx.Response(401),
        login_page,
        lambda: httpx.Response(302, headers={"Location": "https://x3.aldgate.example/auth/login/page"}),
    ],
)
async def test_a_revoked_token_costs_one_renewal_and_one_replay(refusal: Callable[[], httpx.Response]) -> None:
    """A refused token, by 401 or by a login page, is renewed once and the same page is asked for again."""
    tenant = ScriptedTenant()
    async with source(tenant) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.answer = only("token-2", refusal)
        page = await given.page(CUSTOMERS, PAGE)
    assert page.records == b"[]"
    assert page.requests == 3
    assert [bearer(each) for each in tenant.read] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert tenant.read[1].url == tenant.read[2].url


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda _r: httpx.Response(401), Reason.UNAUTHORIZED),
        (lambda _r: diagnosed(401, "Token has expired"), Reason.TOKEN_EXPIRED),
        (
            lambda _r: httpx.Response(401, headers={"WWW-Authenticate": 'Bearer error_description="expired"'}),
            Reason.TOKEN_EXPIRED,
        ),
        (lambda _r: httpx.Response(401, text="Error 21: token issued in the future"), Reason.CLOCK_SKEW),
        (lambda _r: httpx.Response(401, headers={"Date": "Fri, 15 Jan 2027 08:02:01 GMT"}), Reason.CLOCK_SKEW),
        (lambda _r: httpx.Response(401, headers={"Date": "Fri, 15 Jan 2027 08:00:59 GMT"}), Reason.UNAUTHORIZED),
        (lambda _r: login_page(), Reason.MAINTENANCE_PAGE),
    ],
)
@pytest.mark.fault(21)
async def test_a_second_refusal_is_final(
    answer: Callable[[httpx.Request], httpx.Response], expected: Reason, observe: Observe
) -> None:
    """A fresh token that is refused is asked for no third time; its words and the clocks say why."""
    tenant = ScriptedTenant(answer=answer)
    found = await reason(tenant)
    observe(f"refused again with a new token: {found} after {len(tenant.read)} tries")
    assert found is expected
    assert len(tenant.read) == 2
    assert len(tenant.tokens) == 2


async def test_after_a_failed_renewal_there_is_a_rest() -> None:
    """For 30 s the same failure is the answer, without a request; then one more is made."""
    tenant, clock = ScriptedTenant(token=lambda _r: httpx.Response(400, json={"error": "invalid_grant"})), SetClock()
    async with source(tenant, clock) as given:
        for _ in range(5):
            with pytest.raises(SourceError, match="invalid_grant") as error:
                await given.page(CUSTOMERS, PAGE)
            assert error.value.reason is Reason.OAUTH_ERROR
            assert error.value.status == 400
            clock.advance(7)
        assert len(tenant.tokens) == 1
        tenant.token = None
        await given.page(CUSTOMERS, PAGE)
    assert len(tenant.tokens) == 2
    assert len(tenant.read) == 1


async def test_calls_that_wait_together_fail_together() -> None:
    """One refused renewal answers everyone who waited for it."""
    tenant = ScriptedTenant(token=lambda _r: httpx.Response(503, headers={"Retry-After": "9"}))
    reasons: list[tuple[Reason, float | None]] = []

    async def ask() -> None:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        reasons.append((error.value.reason, error.value.retry_after))

    async with source(tenant) as given, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert reasons == [(Reason.GATEWAY_ERROR, 9.0)] * 20
    assert len(tenant.tokens) == 1


async def test_an_outage_of_the_token_endpoint_does_not_end_a_living_token() -> None:
    """While the token in hand lives, a renewal that fails on the way is tried again later; then it is a failure."""
    tenant, clock = ScriptedTenant(life=3600), SetClock()
    async with source(tenant, clock) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.token = lambda _r: httpx.Response(500)
        clock.advance(2800)
        await given.page(CUSTOMERS, PAGE)
        await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 2
        clock.advance(800)
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        assert error.value.reason is Reason.SERVER_ERROR


async def test_a_refused_secret_is_known_before_its_last_token_ends() -> None:
    """A renewal that the endpoint refuses fails at once: the admin hears of it while there is still time."""
    tenant, clock = ScriptedTenant(life=3600), SetClock()
    async with source(tenant, clock) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
        clock.advance(2800)
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
    assert error.value.reason is Reason.OAUTH_INVALID_CLIENT


async def test_a_client_that_is_refused_in_the_form_tries_basic_once() -> None:
    """Which of RFC 6749's two ways the endpoint takes is found out once and remembered."""
    tenant, clock = ScriptedTenant(life=300), SetClock()
    tenant.token = lambda request: (
        tenant.issue() if "Authorization" in request.headers else httpx.Response(401, json=REFUSED)
    )
    async with source(tenant, clock, settings(secret=Secret("a b:c/é"))) as given:
        await given.page(CUSTOMERS, PAGE)
        clock.advance(200)
        await given.page(CUSTOMERS, PAGE)
    assert [("Authorization" in each.headers, "client_secret" in form(each)) for each in tenant.tokens] == [
        (False, True),
        (True, False),
        (True, False),
    ]
    sent = base64.b64decode(tenant.tokens[1].headers["Authorization"].removeprefix("Basic "))
    assert sent == b"driftd:a+b%3Ac%2F%C3%A9"
    assert form(tenant.tokens[1]) == {"grant_type": "client_credentials"}


async def test_a_refused_password_is_not_shown_by_every_call() -> None:
    """Once and, as the second look, once more: accounts are locked after a few. Another one is shown at once."""
    tenant, clock, passwords = ScriptedTenant(), SetClock(), ["old"]
    shown: list[str] = []

    def judged(request: httpx.Request) -> httpx.Response:
        shown.append(base64.b64decode(bearer(request).removeprefix("Basic ")).decode())
        return json_page() if shown[-1] == "driftd:new" else httpx.Response(401)

    tenant.answer = judged
    basic = settings(Basic("driftd", lambda: passwords[0]), proof=Proof(second_look=10.0))
    async with source(tenant, clock, basic) as given:
        for seconds in (0, 9.0, 0.5, 0.5, 0, 9.5):
            clock.advance(seconds)
            with pytest.raises(SourceError) as error:
                await given.page(CUSTOMERS, PAGE)
            assert error.value.reason is Reason.UNAUTHORIZED
        assert shown == ["driftd:old"] * 2
        passwords[0] = "new"
        clock.advance(0.5)
        await given.page(CUSTOMERS, PAGE)
    assert shown == [*["driftd:old"] * 3, "driftd:new"]


@pytest.mark.parametrize("scope", [None, "x3.read x3.more"])
async def test_a_scope_is_asked_for_where_one_is_configured(scope: str | None) -> None:
    """In the form, whichever way the client identifies itself; elsewhere there is no such word."""
    tenant = ScriptedTenant()
    tenant.token = lambda request: (
        tenant.issue() if "Authorization" in request.headers else httpx.Response(401, json=REFUSED)
    )
    auth = ClientCredentials(TOKEN_URL, "driftd", Secret("s"), scope)
    async with source(tenant, given=settings(auth)) as given:
        await given.page(CUSTOMERS, PAGE)
    assert [form(each).get("scope") for each in tenant.tokens] == [scope, scope]


async def test_a_way_that_worked_is_not_doubted() -> None:
    """Once the form has worked, a refused secret costs one request: the other way would count towards a lock-out."""
    tenant, clock = ScriptedTenant(life=300), SetClock()
    async with source(tenant, clock) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
        clock.advance(300)
        with pytest.raises(SourceError):
            await given.page(CUSTOMERS, PAGE)
    assert len(tenant.tokens) == 2


async def test_a_rotated_secret_is_read_again_when_the_old_one_is_refused() -> None:
    """A secret given by file or environment is read at first use and again when refused; once, if it changed."""
    stored, good, reads = ["old"], ["old"], list[str]()

    def read() -> str:
        reads.append(stored[0])
        return stored[0]

    tenant, clock = ScriptedTenant(life=300), SetClock()
    tenant.token = lambda request: (
        tenant.issue() if form(request)["client_secret"] == good[0] else httpx.Response(401, json=REFUSED)
    )
    async with source(tenant, clock, settings(secret=read)) as given:
        await given.page(CUSTOMERS, PAGE)
        clock.advance(200)
        await given.page(CUSTOMERS, PAGE)
        assert reads == ["old"]
        good[0] = stored[0] = "new"
        clock.advance(200)
        await given.page(CUSTOMERS, PAGE)
        assert reads == ["old", "new"]
        good[0] = "newer"
        clock.advance(200)
        with pytest.raises(SourceError):
            await given.page(CUSTOMERS, PAGE)
    assert [form(each)["client_secret"] for each in tenant.tokens] == ["old", "old", "old", "new", "new"]


@pytest.mark.parametrize("error", [FileNotFoundError("x"), KeyError("x"), ConfigError([Mistake("", "is empty")])])
async def test_a_secret_that_cannot_be_read_is_a_matter_of_configuration(error: Exception) -> None:
    """Without its secret a connection fails before anything is sent."""

    def read() -> str:
        raise error

    tenant = ScriptedTenant()
    assert await reason(tenant, secret=read) is Reason.CONFIG_ERROR
    assert tenant.tokens == []


async def test_basic_goes_with_every_call() -> None:
    """HTTP Basic needs no token; its header stands in each request."""
    tenant = ScriptedTenant()
    async with source(tenant, given=settings(Basic("üser", Secret("p:w")))) as given:
        await given.page(CUSTOMERS, PAGE)
        await given.page(CUSTOMERS, PAGE)
    assert tenant.tokens == []
    assert {base64.b64decode(bearer(each).removeprefix("Basic ")).decode() for each in tenant.read} == {"üser:p:w"}


async def test_a_refused_password_is_read_again_and_tried_once_if_it_changed() -> None:
    """A 401 on Basic is final unless the password has changed since it was read."""
    stored = iter(["old", "new", "new"])
    tenant = ScriptedTenant(
        answer=lambda request: json_page() if bearer(request).endswith("dTpuZXc=") else httpx.Response(401)
    )
    async with source(tenant, given=settings(Basic("u", lambda: next(stored)))) as given:
        await given.page(CUSTOMERS, PAGE)
        assert len(tenant.read) == 2
        tenant.answer = lambda _r: httpx.Response(
            401, text="expired", headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
        )
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
    assert error.value.reason is Reason.UNAUTHORIZED
    assert len(tenant.read) == 3
