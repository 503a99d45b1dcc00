"""What a tenant asks one request of a cycle to wait, those beside it wait as well."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from driftd.core.model import Details, KeyBytes, Page, Query, Resource
from driftd.errors import Reason, SourceError
from driftd.runtime.patient import WAITS, Patient
from driftd.runtime.quota import WORTH
from tests.fakes.source import FakeSource, FakeTable
from tests.fakes.virtual import VirtualClock, virtual_run
from tests.runtime.world import row

ORDERS = Resource("a", "SORDER", "SORDER", ("KEY",), details=True)
KEY = KeyBytes(b'["K00010"]')


class Busy(FakeSource):
    """Pages are refused with ``Retry-After`` as often as `refused` says; a second lies between question and answer."""

    def __init__(self, seconds: float) -> None:
        super().__init__({"SORDER": FakeTable(("KEY",))})
        self.put("SORDER", [row(10)])
        self.seconds = seconds
        self.refused = 0
        self.sent: list[float] = []
        """When each request came."""

    async def page(self, resource: Resource, query: Query) -> Page:
        self.sent.append(anyio.current_time())
        await anyio.sleep(1)
        if self.refused:
            self.refused -= 1
            error = SourceError(Reason.GATEWAY_ERROR, "busy", hint="wait", retry_after=self.seconds)
            error.requests = 1
            raise error
        return await super().page(resource, query)

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        self.sent.append(anyio.current_time())
        await anyio.sleep(1)
        return await super().details(resource, key)


def play(seconds: float, refused: int, story: Callable[[Busy, Patient], Awaitable[None]]) -> Busy:
    """Play a story with a cycle's source that has answered once; `refused` pages are refused from then on."""
    source = Busy(seconds)

    async def run() -> None:
        patient = Patient(source, VirtualClock())
        await patient.page(ORDERS, Query(1))
        source.refused = refused
        await story(source, patient)

    virtual_run(run)
    return source


def test_nothing_is_sent_while_a_request_beside_it_waits() -> None:
    """Ten seconds asked of a page hold the details as well; then both are read, and the refusal is counted."""
    counted = []

    async def story(_source: Busy, patient: Patient) -> None:
        async def page() -> None:
            counted.append((await patient.page(ORDERS, Query(1))).requests)

        async with anyio.create_task_group() as group:
            group.start_soon(page)
            await anyio.sleep(2)
            assert (await patient.details(ORDERS, KEY)).record is not None

    source = play(10.0, 1, story)
    first, refused, *later = source.sent
    assert counted == [2]
    assert [first, refused] == [0.0, 1.0]
    assert later == [12.0, 12.0]


@pytest.mark.parametrize(("seconds", "times"), [(WORTH + 1, 1), (1.0, WAITS + 1)])
def test_nothing_is_sent_after_a_request_beside_it_was_refused(seconds: float, times: int) -> None:
    """Where the wait is not worth it the cycle is over, whoever of its readers asks next."""

    async def story(source: Busy, patient: Patient) -> None:
        with pytest.raises(SourceError, match="busy"):
            await patient.page(ORDERS, Query(1))
        before = len(source.sent)
        with pytest.raises(SourceError, match="busy") as refusal:
            await patient.details(ORDERS, KEY)
        assert refusal.value.retry_after == seconds
        assert len(source.sent) == before

    source = play(seconds, times, story)
    assert len(source.sent) == 1 + times
