"""A connected application signs its own tokens: what they state, how long they serve, and what refusing them means."""

import base64
import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3.refused import SHOWN
from driftd.adapters.x3.settings import ConnectedApp
from driftd.adapters.x3.signed import BACKDATED, claims, sign
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, ScriptedTenant, SetClock, json_page, settings, source
from tests.adapters.x3.signing import PAGE, bearer

pytestmark = pytest.mark.anyio
AUDIENCE = "https://x3.aldgate.example/xtrem/api"
NOW = 1_800_000_000_000
PLANTED = "planted/s3cret+of=aldgate"


def app(secret: Any = Secret(PLANTED), **changes: Any) -> ConnectedApp:  # noqa: B008 - it does not change
    known = {"client_id": "driftd", "secret": secret, "username": "reader", "audience": AUDIENCE}
    return ConnectedApp(**(known | changes))


def stated(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def token(request: httpx.Request) -> str:
    return bearer(request).removeprefix("Bearer ")


def signed_by(secret: str) -> Callable[[httpx.Request], httpx.Response]:
    """Take what is signed with a secret, and call all else badly signed."""

    def answer(request: httpx.Request) -> httpx.Response:
        good = token(request) == sign(stated(token(request)), Secret(secret))
        return json_page() if good else refusal("Error 50: Invalid token")

    return answer


def refusal(text: str, content_type: str = "text/plain", **headers: str) -> httpx.Response:
    return httpx.Response(401, content=text.encode(), headers={"Content-Type": content_type, **headers})


async def failure(tenant: ScriptedTenant, clock: SetClock | None = None, **changes: Any) -> SourceError:
    async with source(tenant, clock, settings(app(**changes))) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
    return error.value


def test_a_token_is_what_a_library_makes_of_the_same_claims() -> None:
    """Byte for byte as PyJWT 2.15 encodes them."""
    made = sign(claims(app(), NOW), Secret("short"))
    assert made == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        ".eyJpc3MiOiJkcmlmdGQiLCJzdWIiOiJyZWFkZXIiLCJhdWQiOiJodHRwczovL3gzLmFsZGdhdGUuZXhhbXBsZS94dHJlbS9hcGkiLCJpYXQiO"
        "jE3OTk5OTk5NzAsImV4cCI6MTgwMDAwMDI3MH0"
        ".IOO0Sgf12dWt8IbJDfYhQMxNlCq70E9KqDCiLtmiTaY"
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(texts, texts, texts, st.integers(0, 4_102_444_800_000), st.floats(60, 86_400), texts)
def test_a_token_states_who_we_are_and_never_lives_longer_than_it_may(
    client: str, user: str, audience: str, now: int, life: float, secret: str
) -> None:
    """Whatever the clock shows: issued half a minute ago, neither from then nor from now good for more than its life,
    and good for half a minute at least; client, user and audience as they were given."""
    known = app(client_id=client, username=user, audience=audience, token_life=life)
    read = stated(sign(claims(known, now), Secret(secret)))
    assert (read["iss"], read["sub"], read["aud"]) == (client, user, audience)
    assert BACKDATED <= now / 1000 - read["iat"] < BACKDATED + 1
    assert read["exp"] - read["iat"] <= life
    assert read["exp"] <= now / 1000 + life
    assert read["exp"] - now / 1000 >= BACKDATED - 2
    assert all(isinstance(read[each], int) for each in ("iat", "exp"))


async def test_a_token_serves_half_its_life_and_is_asked_for_nowhere() -> None:
    """By the monotonic clock, wherever the wall clock is set to; a live token says so at every use."""
    tenant, clock = ScriptedTenant(), SetClock()
    async with source(tenant, clock, settings(app(token_life=330.0))) as given:
        for seconds in (0, 149.9, 0.2):
            clock.advance(seconds)
            await given.page(CUSTOMERS, PAGE)
        clock.ms += 86_400_000
        await given.page(CUSTOMERS, PAGE)
    first, again, renewed, set_ahead = map(token, tenant.read)
    assert tenant.tokens == []
    assert first == again
    assert renewed == set_ahead
    assert stated(first)["exp"] == NOW // 1000 + 300
    assert stated(renewed)["iat"] == NOW // 1000 + 120


async def test_a_refused_token_costs_one_new_one_and_one_replay() -> None:
    """With the secret read again; where that changed it is all that a rotation costs, and it is remembered."""
    places, reads = ["old"], list[str]()

    def read() -> str:
        reads.append(places[0])
        return places[0]

    tenant, clock = ScriptedTenant(answer=signed_by("old")), SetClock()
    async with source(tenant, clock, settings(app(read))) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.answer = signed_by("new")
        clock.advance(60)
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        assert error.value.reason is Reason.OAUTH_INVALID_CLIENT
        assert (len(tenant.read), reads) == (3, ["old", "old"])
        places[0] = "new"
        assert (await given.page(CUSTOMERS, PAGE)).requests == 2
        clock.advance(600)
        assert (await given.page(CUSTOMERS, PAGE)).requests == 1
    assert reads == ["old", "old", "new"]


async def test_a_token_that_only_the_clocks_made_bad_is_replaced() -> None:
    """After the machine slept, or its clock was put right, one new token serves, and no poll fails."""
    tenant, clock = ScriptedTenant(), SetClock()
    tenant.answer = lambda request: (
        json_page() if stated(token(request))["exp"] > clock.ms / 1000 else refusal("Error 50: Invalid token")
    )
    async with source(tenant, clock, settings(app())) as given:
        await given.page(CUSTOMERS, PAGE)
        clock.ms += 3_600_000
        assert (await given.page(CUSTOMERS, PAGE)).requests == 2


async def test_many_calls_share_one_new_token() -> None:
    """Fifty calls that one rotation refuses read the secret once."""
    reads = iter(["old", "new"])
    tenant = ScriptedTenant(answer=signed_by("old"))

    async def slowly(request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return signed_by("new")(request)

    async with source(tenant, given=settings(app(lambda: next(reads)))) as given:
        await given.page(CUSTOMERS, PAGE)
        tenant.answer = slowly
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(given.page, CUSTOMERS, PAGE)
    assert next(reads, None) is None


@pytest.mark.parametrize(
    ("text", "reason", "names"),
    [
        ("Error 21: Invalid token", Reason.CLOCK_SKEW, "clock"),
        ("Error 41: Invalid token", Reason.OAUTH_INVALID_CLIENT, "client_id"),
        ("Error 42: Invalid token", Reason.CONFIG_ERROR, "set username"),
        ("Error 45: Invalid token", Reason.CONFIG_ERROR, "set audience"),
        ("Error 50: Invalid token", Reason.OAUTH_INVALID_CLIENT, "client secret"),
        ("Error 33: Invalid token", Reason.UNAUTHORIZED, "connected applications"),
        ("Unauthorized", Reason.UNAUTHORIZED, "connected applications"),
        ("jwt expired", Reason.TOKEN_EXPIRED, "clocks"),
    ],
)
async def test_a_refusal_says_what_is_wrong_and_what_to_do(text: str, reason: Reason, names: str) -> None:
    """The code decides, the tenant's words are shown as they stand, and the hint names the setting or who helps."""
    tenant = ScriptedTenant(answer=lambda _: refusal(text))
    found = await failure(tenant)
    assert (found.reason, found.status, len(tenant.read)) == (reason, 401, 2)
    assert f'"{text}"' in str(found)
    assert names in found.hint


@pytest.mark.parametrize("code", [41, 42, 45])
async def test_clocks_that_differ_do_not_hide_what_a_code_says(code: int) -> None:
    """Client, user and audience are wrong whatever the time."""
    found = await failure(
        ScriptedTenant(answer=lambda _: refusal(f"Error {code}: Invalid token", Date="Fri, 15 Jan 2027 09:00:00 GMT"))
    )
    assert found.reason in {Reason.OAUTH_INVALID_CLIENT, Reason.CONFIG_ERROR}


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("Fri, 15 Jan 2027 08:04:29 GMT", Reason.OAUTH_INVALID_CLIENT),
        ("Fri, 15 Jan 2027 08:04:30 GMT", Reason.CLOCK_SKEW),
        ("Fri, 15 Jan 2027 06:00:00 GMT", Reason.OAUTH_INVALID_CLIENT),
    ],
)
async def test_a_token_that_has_ended_by_the_tenants_clock_is_no_bad_signature(date: str, reason: Reason) -> None:
    """X3 has one code for both; the date of its answer tells them apart to the second."""
    found = await failure(ScriptedTenant(answer=lambda _: refusal("Error 50: Invalid token", Date=date)))
    assert found.reason is reason


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain", "{token} is no good, nor {secret}, nor {header}"),
        ("text/plain", "\x1b[31m\u202eError 50: Invalid token " + "and so on " * 500),
        ("text/html", "<html>Error 50: {secret}</html>"),
        ("application/json", '{{"message": "Error 50: {secret}"}}'),
    ],
)
async def test_words_that_are_shown_hold_no_secret_and_move_no_terminal(content_type: str, text: str) -> None:
    """What a tenant repeats of the token or the secret is left out; what is left is short and printable."""

    def answer(request: httpx.Request) -> httpx.Response:
        words = text.format(token=token(request), secret=PLANTED, header=bearer(request))
        return refusal(words, content_type)

    tenant = ScriptedTenant(answer=answer)
    said = str(await failure(tenant))
    assert PLANTED not in said
    assert not any(part in said for request in tenant.read for part in token(request).split("."))
    assert said.isprintable()
    assert len(said) < 2 * SHOWN + 100
    assert not content_type.endswith(("html", "json")) or said.endswith("(401)")


async def test_neither_secret_nor_token_is_shown_by_what_holds_them() -> None:
    """Settings, grant and their parts show themselves without."""
    given = settings(app())
    async with source(ScriptedTenant(), given=given) as here:
        grant = await here._authority.grant(None)  # type: ignore[arg-type]
    shown = repr((given, grant, grant.signed))
    assert PLANTED not in shown
    assert "eyJ" not in shown
