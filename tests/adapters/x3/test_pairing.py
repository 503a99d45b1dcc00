"""A pair is renewed once for all that share it, and no interruption loses it where the gateway would still take it."""

from collections.abc import Callable

import anyio
import httpx
import pytest

from driftd.adapters.x3.client import X3Source
from driftd.core.credential import REFRESH_LIFE
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import FencedError, Reason, SourceError, StoreError
from tests.adapters.x3.gatewayed import Customer
from tests.adapters.x3.scripted import CUSTOMERS

pytestmark = pytest.mark.anyio


class Ended(BaseException):
    """The process is killed."""


async def read(source: X3Source) -> None:
    await source.page(CUSTOMERS, Query(5))


async def poll(customer: Customer, name: str = "aldgate") -> None:
    async with customer.source(name) as source:
        await read(source)


async def refused(customer: Customer, name: str = "aldgate") -> SourceError:
    with pytest.raises(SourceError) as error:
        await poll(customer, name)
    shown = f"{error.value!r} {error.value.hint} {error.value.__cause__!r} {error.value.__context__!r}"
    assert customer.book.token not in shown
    assert "s3cret-of-driftd" not in shown
    return error.value


async def test_one_refresh_serves_all_that_share_a_pair() -> None:
    """Fifty calls of three connections at once, at the start, when it is due and when it was revoked: one each time."""
    customer = Customer()
    async with customer.source("a") as first, customer.source("b") as second, customer.source("c") as third:

        async def crowd() -> int:
            before = customer.tokens
            async with anyio.create_task_group() as group:
                for number in range(51):
                    group.start_soon(read, (first, second, third)[number % 3])
            return customer.tokens - before

        assert await crowd() == 1
        customer.advance(240)
        assert await crowd() == 1
        customer.credentials.tokens.clear()
        assert await crowd() == 1
    assert len(customer.book.kept) == 3


@pytest.mark.parametrize(("life", "due"), [(300.0, 240.0), (100.0, 50.0), (3600.0, 3540.0)])
async def test_an_access_token_is_renewed_a_minute_ahead(life: float, due: float) -> None:
    """Or at half its life where that is less."""
    customer = Customer()
    customer.switches.token_life = life
    async with customer.source() as source:
        await read(source)
        customer.advance(due - 0.01)
        await read(source)
        assert customer.tokens == 1
        customer.advance(0.01)
        await read(source)
        assert customer.tokens == 2


async def test_a_use_is_noted_before_it_is_sent_and_its_successor_kept_before_the_access_token_is_used() -> None:
    customer, seen = Customer(), []

    async def sent(_request: httpx.Request) -> None:
        seen.append((customer.book.begun is not None, len(customer.book.kept), len(customer.read)))

    customer.there = customer.back = sent
    await poll(customer)
    assert seen == [(True, 0, 0), (True, 0, 0)]
    assert (customer.book.begun, customer.book.kept, len(customer.read)) == (None, [customer.given.token], 1)


async def ended(_request: httpx.Request) -> None:
    raise Ended


def before_the_note(customer: Customer) -> None:
    async def begin() -> None:
        raise Ended

    customer.book.begin = begin  # type: ignore[method-assign,assignment]


def noted(customer: Customer) -> None:
    customer.there = ended


def answered(customer: Customer) -> None:
    customer.back = ended


def before_it_is_kept(customer: Customer) -> None:
    async def renewed(token: Secret | None) -> None:
        raise Ended

    customer.book.renewed = renewed  # type: ignore[method-assign]


def kept(customer: Customer) -> None:
    keep = customer.book.renewed

    async def renewed(token: Secret | None) -> None:
        await keep(token)
        raise Ended

    customer.book.renewed = renewed  # type: ignore[method-assign]


STEPS: dict[Callable[[Customer], None], bool] = {
    before_the_note: False,
    noted: False,
    answered: True,
    before_it_is_kept: True,
    kept: False,
}
"""Where a process may end, and whether the gateway has replaced the token by then and nobody knows its successor."""


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("ended_as", ["unauthorised", "expired", "not_found"])
@pytest.mark.parametrize("reuse", ["accepted", "refused"])
async def test_a_crash_loses_a_pair_only_where_the_gateway_does_not_take_it_again(
    step: Callable[[Customer], None], ended_as: str, reuse: str
) -> None:
    """Then it is told as an interruption with its time, whatever the gateway says, for as long as it is not mended;
    and a refresh token that is given anew is enough."""
    customer = Customer()
    customer.switches.move({"pairing_reuse": reuse, "pairing_ended": ended_as})
    await poll(customer)
    customer.advance(7_200)
    at = "at 2027-01-15 10:00:00 UTC"
    step(customer)
    with pytest.raises((Ended, BaseExceptionGroup)):
        await poll(customer)
    for each in ("begin", "renewed"):
        vars(customer.book).pop(each, None)
    customer.restarted()
    customer.advance(3_600)
    if STEPS[step] and reuse == "refused":
        for _ in range(2):
            error = await refused(customer)
            assert (error.reason, at in str(error)) == (Reason.OAUTH_ERROR, True), error
            assert "lost by an interruption" in str(error)
            assert "pair anew" in error.hint
            customer.advance(100)
        customer.book.token, customer.book.begun = customer.paired(), None
    await poll(customer)
    assert customer.book.begun is None
    assert customer.book.token == customer.given.token


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError("refused"), Reason.CONNECTION_REFUSED),
        (httpx.ConnectTimeout("late"), Reason.CONNECT_TIMEOUT),
    ],
)
async def test_what_never_reached_the_gateway_leaves_no_note(error: Exception, reason: Reason) -> None:
    """So that an end which comes later is not told as an interruption."""
    customer = Customer()

    async def fail(_request: httpx.Request) -> None:
        raise error

    customer.there = fail
    found = await refused(customer)
    assert (found.reason, customer.book.begun) == (reason, None)


async def test_an_answer_that_never_came_is_an_interruption() -> None:
    """The gateway may have given a successor: it is tried again, and told as lost where that is refused."""
    customer = Customer()

    async def fail(_request: httpx.Request) -> None:
        raise httpx.ReadError("reset")

    customer.back = fail
    error = await refused(customer)
    assert (error.reason, customer.book.begun) == (Reason.CONNECTION_RESET, 1_800_000_000_000)
    customer.restarted()
    assert "lost by an interruption at 2027-01-15 08:00:00 UTC" in str(await refused(customer))


async def test_an_unused_refresh_token_is_told_as_expired() -> None:
    """30 days after it was given, whatever the gateway says; a day before it is as good as new."""
    customer = Customer()
    await poll(customer)
    customer.advance(29 * 86_400)
    await poll(customer)
    customer.advance(REFRESH_LIFE / 1000)
    error = await refused(customer)
    assert (error.reason, "has expired: it was not used since 2027-02-13" in str(error)) == (Reason.OAUTH_ERROR, True)
    assert customer.book.begun is None


async def test_a_revoked_pair_is_neither_lost_nor_expired() -> None:
    customer = Customer()
    await poll(customer)
    customer.given.end()
    customer.advance(300)
    error = await refused(customer)
    assert (error.reason, "or the refresh token" in str(error)) == (Reason.OAUTH_INVALID_CLIENT, True)
    assert customer.book.begun is None


async def test_a_refresh_is_not_cancelled_half_way() -> None:
    """Whoever asked for it may go: its successor is kept, and the next call has its access token."""
    customer, arrived, go = Customer(), anyio.Event(), anyio.Event()

    async def wait(_request: httpx.Request) -> None:
        arrived.set()
        await go.wait()

    customer.back = wait
    async with anyio.create_task_group() as group:
        group.start_soon(poll, customer)
        await arrived.wait()
        group.cancel_scope.cancel()
        go.set()
    assert customer.book.kept == [customer.given.token]
    await poll(customer)
    assert customer.tokens == 1


async def test_a_successor_that_cannot_be_written_is_kept_in_memory() -> None:
    """No access token is used meanwhile, and no other asked for; once there is room, it is written first."""
    customer = Customer()

    async def fill(_request: httpx.Request) -> None:
        customer.book.full = True

    customer.back = fill
    for _ in range(2):
        error = await refused(customer)
        assert (error.reason, customer.tokens, customer.read) == (Reason.STORE_ERROR, 1, [])
    customer.book.full = False
    await poll(customer)
    assert (customer.tokens, customer.book.kept) == (1, [customer.given.token])


async def test_an_access_token_that_has_ended_meanwhile_is_not_used() -> None:
    customer = Customer()

    async def fill(_request: httpx.Request) -> None:
        customer.book.full = True

    customer.back = fill
    await refused(customer)
    customer.book.full, customer.back = False, customer.there
    customer.advance(3_600)
    await poll(customer)
    assert (customer.tokens, len(customer.read)) == (2, 1)


async def test_nothing_is_sent_where_its_use_cannot_be_noted() -> None:
    customer = Customer()
    customer.book.full = True
    assert (await refused(customer)).reason is Reason.STORE_ERROR
    assert customer.tokens == 0


async def test_a_store_that_is_another_process_s_ends_this_one() -> None:
    """It is no failure of the connection."""
    customer = Customer()

    async def begin() -> None:
        raise FencedError("a later process owns the store")

    customer.book.begin = begin  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError):
        await poll(customer)


async def test_a_gateway_that_is_away_is_no_failure_while_the_access_token_lives() -> None:
    customer = Customer()

    async def fail(_request: httpx.Request) -> None:
        raise httpx.ConnectError("refused")

    async with customer.source() as source:
        await read(source)
        customer.advance(250)
        customer.there = fail
        await read(source)
        customer.advance(60)
    assert (await refused(customer)).reason is Reason.CONNECTION_REFUSED


async def test_a_refusal_rests_for_all_but_another_secret_is_tried_at_once() -> None:
    """Each names itself; after half a minute it is asked again."""
    customer = Customer()
    customer.credentials.rotate(0.0, customer.switches)
    assert 'connection "a"' in str(await refused(customer, "a"))
    assert 'connection "b"' in str(await refused(customer, "b"))
    assert customer.tokens == 1
    async with customer.source("b", Secret(customer.credentials.client_secret)) as source:
        await read(source)
    customer.pair.forget()
    await refused(customer)
    customer.advance(30)
    before = customer.tokens
    await refused(customer)
    assert customer.tokens == before + 1


async def test_what_another_client_was_given_is_not_used() -> None:
    """After a reload that names another one, its own is asked for."""
    customer = Customer()
    await poll(customer)
    async with customer.source(client="other") as source:
        with pytest.raises(SourceError, match="no active application"):
            await read(source)


async def test_a_secret_that_is_no_text_is_never_sent() -> None:
    customer = Customer()
    async with customer.source(secret=Secret("\udcff")) as source:
        with pytest.raises(SourceError, match="not UTF-8") as error:
            await read(source)
    assert (error.value.reason, customer.tokens, customer.book.begun) == (Reason.CONFIG_ERROR, 0, None)


async def test_another_refresh_token_takes_the_place_of_the_pair_s() -> None:
    """All that share the pair use what came of it; where it is refused, theirs goes on."""
    customer = Customer()
    await poll(customer)
    book = type(customer.book)("wrong")
    async with customer.source("b") as source:
        with pytest.raises(SourceError):
            await source.adopt(book)
    await poll(customer)
    assert (customer.tokens, book.begun) == (2, None)
    book = type(customer.book)(customer.paired())
    async with customer.source("b") as source:
        await source.adopt(book)
    customer.book.token = book.token
    await poll(customer)
    assert (customer.tokens, book.kept) == (3, [customer.given.token])


async def test_a_successor_that_could_not_be_written_goes_with_its_pair() -> None:
    """Where a person gives another refresh token, that alone counts."""
    customer = Customer()

    async def fill(_request: httpx.Request) -> None:
        customer.book.full = True

    customer.back = fill
    await refused(customer)
    customer.book.full, customer.back = False, customer.there
    book = type(customer.book)(customer.paired())
    async with customer.source() as source:
        await source.adopt(book)
    assert (customer.book.kept, book.kept) == ([], [customer.given.token])
