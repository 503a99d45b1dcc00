"""A class whose cycle ends while another class's cycle finds something of it is judged again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.decision import Removal
from driftd.core.drift import Check
from driftd.core.model import Kind, Resource
from driftd.runtime.agreements import Disagreement
from driftd.runtime.checks import Checks
from driftd.runtime.clearness import Clearness
from driftd.runtime.cycle import cycle
from driftd.runtime.erasing import Erasing
from driftd.runtime.settling import Site
from driftd.runtime.tenant import Tenant
from tests.fakes.detection import detector_of
from tests.fakes.source import FakeTable
from tests.runtime.world import MASTER, NAME, World, key, row

ORDERS = replace(MASTER, name="ORDERS", representation="ORDERS", references={"PRODUCT": NAME})
ORPHANS = (Check.ORPHANS, "PRODUCT")
Meanwhile = Callable[[], Awaitable[None]]


@dataclass
class Between:
    """An object that lets something happen once, at one of its calls: before it is made, or after."""

    inner: Any
    call: str
    happens: Meanwhile
    after: bool = False
    done: list[bool] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return self._cut(found) if name == self.call and not self.done else found

    def _cut(self, made: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def cut(*arguments: Any, **named: Any) -> Any:
            self.done.append(True)
            if not self.after:
                await self.happens()
            answer = await made(*arguments, **named)
            if self.after:
                await self.happens()
            return answer

        return cut


class Trade:
    """Products, and orders that name them."""

    def __init__(self) -> None:
        self.world = World.of(12, replace(MASTER, page_size=50))
        table = FakeTable(("KEY",))
        table.rows = [row(10 * number, PRODUCT=f"K{10 * number:05}") for number in range(1, 13)]
        self.world.source.tables["ORDERS"] = table
        self.detector = detector_of(self.world.store)

    def tenant(self, store: Any = None) -> Tenant:
        tenant = self.world.tenant(store=store)
        return replace(tenant, others={NAME: self.world.resource, "ORDERS": ORDERS})

    async def run(self, resource: Resource, store: Any = None, kind: Kind = Kind.SWEEP) -> None:
        self.world.clock.ms += 60_000
        await cycle(self.tenant(store), resource, kind)

    async def products(self, store: Any = None) -> None:
        await self.run(self.world.resource, store)

    async def orders(self) -> None:
        await self.run(ORDERS)

    async def firing(self) -> set[tuple[str, str | None]]:
        found = await self.world.store.casebook.alerts()
        return {(each.drift.finding, each.drift.field) for each in found if each.firing}


async def trade() -> Trade:
    """Give a trade that is read, in which nothing is left to be judged."""
    given = Trade()
    for _ in range(2):
        await given.products()
        await given.orders()
    assert given.detector.clear.holds(("conn", "ORDERS"), given.world.clock.ms)
    given.world.source.tables[NAME].rows.pop()
    return given


async def found_at_last(given: Trade) -> None:
    """Assert that orders that nothing touches any more are found to name what is gone, within two cycles of theirs."""
    for _ in range(2):
        await given.orders()
    assert await given.firing() == {ORPHANS}


async def test_a_cycle_that_ends_before_what_was_found_of_it_is_written_is_followed_by_a_judgement() -> None:
    """The orders' cycle reads that nothing is wrong, and concludes, just before the products' cycle is committed."""
    given = await trade()

    class Late:
        """A store whose cycles are committed after the orders were."""

        def __getattr__(self, name: str) -> Any:
            return getattr(given.world.store, name)

        async def begin(self, *arguments: Any, **named: Any) -> Any:
            begun: Any = await given.world.store.begin(*arguments, **named)

            class Committing(Between):
                async def __aenter__(self) -> Any:
                    await begun.__aenter__()
                    return self

                async def __aexit__(self, *error: object) -> None:
                    await begun.__aexit__(*error)

            return Committing(begun, "commit", given.orders)

    await given.products(Late())
    assert await given.firing() == set()
    await found_at_last(given)


async def test_a_cycle_that_read_before_and_ends_afterwards_is_followed_by_a_judgement() -> None:
    """The products' cycle comes and goes between what the orders' cycle reads and what it concludes."""
    given = await trade()
    given.world.source.tables["ORDERS"].rows[0]["NAME"] = "another"
    casebook = given.detector.casebook
    given.detector.casebook = Between(casebook, "breached", given.products, after=True)
    await given.orders()
    assert await given.firing() == set()
    given.detector.casebook = casebook
    await found_at_last(given)


@pytest.mark.parametrize(("stirred", "holds"), [(False, True), (True, False)])
def test_what_was_stirred_since_it_was_looked_at_is_not_clear(stirred: bool, holds: bool) -> None:
    clearness, names = Clearness(), ("conn", "ORDERS")
    known = clearness.known(names)
    if stirred:
        clearness.stir(names)
    clearness.rest(names, 10, known)
    assert (clearness.holds(names, 9), clearness.holds(names, 10)) == (holds, False)
    clearness.drop("conn")
    assert not clearness.holds(names, 9)


async def test_what_an_erasure_finds_of_another_class_is_judged_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As what a cycle finds is: sums of another class that agree no more without the record."""
    given = await trade()
    products = given.world.resource

    async def disagreeing(checks: Checks, *_: object) -> list[Disagreement]:
        of_products = checks._resource.name == NAME
        return [Disagreement("ORDERS", Check.BALANCES, "AMOUNT", key(10))] if of_products else []

    monkeypatch.setattr(Checks, "_disagreements", disagreeing)
    sites = {("conn", each.name): Site(each, "host", "FOLDER") for each in (products, ORDERS)}
    removal = Removal("conn", NAME, (key(20),), "jo", "request 17", forget=False)
    await Erasing(given.detector, given.world.store, given.world.clock, lambda: sites).erase(removal)
    assert await given.world.store.casebook.breached("conn", "ORDERS")
    assert not given.detector.clear.holds(("conn", "ORDERS"), given.world.clock.ms)
