"""A secret is proved beside the token in hand."""

import anyio
import httpx
import pytest

from driftd.adapters.x3.auth import TokenAuthority
from driftd.adapters.x3.settings import Proof
from driftd.core.credential import Issued
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import (
    CUSTOMERS,
    ScriptedTenant,
    SetClock,
    settings,
    source,
)
from tests.adapters.x3.signing import PAGE, REFUSED, bearer


class TestProof:
    """A token that lives says nothing of the secret: it is proved every 270 s, with a second look after 45 s."""

    PROOF = Proof(270, 45)

    async def test_the_secret_is_proved_at_its_pace(self) -> None:
        """Each proof's token serves from then on; between proofs nothing is asked, however many calls there are."""
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            for _ in range(90):
                await given.page(CUSTOMERS, PAGE)
                clock.advance(30)
        assert len(tenant.tokens) == 10
        assert [bearer(each) for each in tenant.read[::9]] == [f"Bearer token-{n}" for n in range(1, 11)]

    async def test_the_token_in_hand_serves_while_the_secret_is_proved(self) -> None:
        """Nobody but who asks waits for the endpoint, and nobody asks twice."""
        tenant, clock, going_on = ScriptedTenant(life=36_000), SetClock(), anyio.Event()

        async def slowly(_request: httpx.Request) -> httpx.Response:
            await going_on.wait()
            return tenant.issue()

        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            tenant.token = slowly
            clock.advance(300)
            async with anyio.create_task_group() as group:
                group.start_soon(given.page, CUSTOMERS, PAGE)
                await anyio.wait_all_tasks_blocked()
                for _ in range(5):
                    await given.page(CUSTOMERS, PAGE)
                going_on.set()
            await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 2
        assert [bearer(each)[-1] for each in tenant.read] == ["1"] * 6 + ["2"] * 2

    async def test_a_rotated_secret_is_found_while_the_token_lives(self) -> None:
        """Refused, it is asked again after the second look's time, not before; refused again, every call fails."""
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
            clock.advance(270)
            for _ in range(9):  # until 44.9 s later
                await given.page(CUSTOMERS, PAGE)
                clock.advance(4.99)
            assert len(tenant.tokens) == 2
            clock.advance(0.1)
            for _ in range(2):
                with pytest.raises(SourceError) as error:
                    await given.page(CUSTOMERS, PAGE)
                assert error.value.reason is Reason.OAUTH_INVALID_CLIENT
            assert len(tenant.tokens) == 3
            clock.advance(45)
            with pytest.raises(SourceError):
                await given.page(CUSTOMERS, PAGE)
            assert len(tenant.tokens) == 4
            tenant.token = None
            clock.advance(45)
            await given.page(CUSTOMERS, PAGE)
        assert {bearer(each)[-1] for each in tenant.read[:-1]} == {"1"}
        assert bearer(tenant.read[-1]) == "Bearer token-5"

    async def test_nothing_is_read_once_the_secret_is_known_to_be_refused(self) -> None:
        """A call that comes while the endpoint is asked again waits for it, whatever the token in hand still could."""
        tenant, clock, going_on = ScriptedTenant(life=36_000), SetClock(), anyio.Event()

        async def slowly(_request: httpx.Request) -> httpx.Response:
            await going_on.wait()
            return httpx.Response(401, json=REFUSED)

        async def ask() -> None:
            with pytest.raises(SourceError):
                await given.page(CUSTOMERS, PAGE)

        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
            clock.advance(300)
            await given.page(CUSTOMERS, PAGE)
            clock.advance(45)
            await ask()
            clock.advance(45)
            tenant.token = slowly
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                going_on.set()
        assert (len(tenant.read), len(tenant.tokens)) == (2, 4)

    @pytest.mark.parametrize("late", [0.0, 40.0])
    async def test_a_rotation_is_found_within_minutes_however_little_is_read(self, late: float) -> None:
        """One request every five minutes, each second one late: the call that fails comes within 15 minutes."""
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
            begun = clock.monotonic()

            async def cycles() -> None:
                for n in range(9):
                    clock.advance(300 + (late if n % 2 == 0 else -late))
                    await given.page(CUSTOMERS, PAGE)

            with pytest.raises(SourceError):
                await cycles()
        assert clock.monotonic() - begun <= (600 if late == 0 else 15 * 60)

    async def test_a_refusal_that_the_second_look_does_not_find_costs_nothing(self) -> None:
        """No call fails, and the next refusal is a first one again."""
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            for _ in range(3):
                clock.advance(270)
                tenant.token = lambda _r: httpx.Response(403, text="The application is disabled")
                await given.page(CUSTOMERS, PAGE)
                clock.advance(45)
                tenant.token = None
                await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 7

    @pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(503), httpx.Response(200, html="<html>")])
    async def test_an_outage_of_the_endpoint_proves_nothing(self, answer: httpx.Response) -> None:
        """The token in hand serves on, and the endpoint is asked again at the pace of proofs, not more often."""
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            await given.page(CUSTOMERS, PAGE)
            tenant.token = lambda _r: answer
            for _ in range(90):
                clock.advance(30)
                await given.page(CUSTOMERS, PAGE)
        assert len(tenant.tokens) == 11

    async def test_a_proof_counts_like_any_request(self) -> None:
        """The call that asks for it says what it cost, and each token is told with its life."""
        told: list[Issued | None] = []
        tenant, clock = ScriptedTenant(life=36_000), SetClock()
        async with source(tenant, clock, settings(proof=self.PROOF)) as given:
            assert isinstance(given._authority, TokenAuthority)
            given._authority._told = told.append
            requests = []
            for _ in range(3):
                requests.append((await given.page(CUSTOMERS, PAGE)).requests)
                clock.advance(200)
            tenant.token = lambda _r: httpx.Response(401, json=REFUSED)
            clock.advance(100)
            await given.page(CUSTOMERS, PAGE)
        assert requests == [2, 1, 2]
        assert told == [Issued(1_800_000_000_000, 36_000), Issued(1_800_000_400_000, 36_000), None]
