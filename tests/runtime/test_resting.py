"""A tenant that may not be asked yet: a failed token is rested, and its failure is the answer meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from driftd.config import ConnectionConfig
from driftd.core.model import Page, Query, Resource
from driftd.core.reasons import State
from driftd.errors import Reason, SourceError
from driftd.ports import Source, Traffic
from tests.runtime.rig import Rig, Slow, connection

REST = 30.0
BEGINNINGS = 200
"""Cycles that two resources of two connections may begin in an hour and a half."""


class Resting(Slow):
    """Answers the latest failure without asking, for half a minute after it."""

    failed: SourceError | None = None
    since = 0.0
    begun = 0

    async def page(self, resource: Resource, query: Query) -> Page:
        self.begun += 1
        if self.failed is not None and anyio.current_time() - self.since < REST:
            raise SourceError(self.failed.reason, str(self.failed), hint="wait")
        try:
            return await super().page(resource, query)
        except SourceError as error:
            self.failed, self.since = error, anyio.current_time()
            raise


@pytest.mark.parametrize("many", [1, 2])
def test_what_fails_before_anything_is_asked_is_not_begun_again_at_once(many: int) -> None:
    """Whether its breaker is open or not, and whoever gives up a trial: nobody asks all the time."""
    sources: list[Resting] = []

    @asynccontextmanager
    async def opened(each: ConnectionConfig, traffic: Traffic) -> AsyncIterator[Source]:
        sources.append(Resting(rig.tenant(each.name), traffic))
        yield sources[-1]

    async def story(rig: Rig) -> None:
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in names))
        for tenant in rig.tenants.values():
            tenant.failing(Reason.CONNECTION_REFUSED)
        await anyio.sleep(3600)
        for tenant in rig.tenants.values():
            tenant.well()
        assert await rig.until(lambda: all(rig.status(name).state is State.OK for name in names)) < 900
        assert sum(each.begun for each in sources) < BEGINNINGS

    names = [f"c{number}" for number in range(many)]
    rig = Rig([connection(name, host="one") for name in names])
    rig.world.open_source = opened
    rig.run(story)


def test_the_first_answer_after_an_outage_may_ask_for_a_wait() -> None:
    """A host that is reached again and answers 503 with ``Retry-After`` is left alone for so long."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("c").state is State.OK)
        tenant = rig.tenants["c"]
        tenant.failing(Reason.CONNECTION_REFUSED)
        await rig.until(lambda: rig.ways.of(rig.connections[0]).opens_in is not None)
        tenant.failing(Reason.GATEWAY_ERROR, status=503, retry_after=900.0)
        tenant.sent.clear()
        await rig.until(lambda: bool(tenant.sent))
        await anyio.sleep(890)
        assert len(tenant.sent) == 1

    Rig([connection("c", classes=("ONE",))]).run(story)
