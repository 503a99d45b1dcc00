"""What every `Casebook` promises of what was found in records: links, sums, breaches, and which are there."""

from driftd.core.drift import Check
from driftd.core.invariants.model import SumKey
from driftd.core.model import Absence
from driftd.ports import Casebook, Detected, Facts, Filing, Store
from tests.contracts.detecting import CUSTOMER, MENU, ORDER, ORPHANS, breach, link
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    ORDERS,
    Part,
    begin,
    created,
    deleted,
    key,
    poll,
    row,
    segment,
    stage,
)


async def _find(store: Store, facts: Facts) -> None:
    await poll(store, detected=Detected(facts=facts))


class TestLinks:
    async def test_who_refers_is_found_by_what_is_named(self, store: Store, casebook: Casebook) -> None:
        """By the resource whose records refer, within the connection and the class; each link once."""
        own = [link("o1", "x"), link("o1", "y"), link("o2", "x"), link("o1", "x", field="OTHER")]
        await poll(store, resource=ORDERS, detected=Detected(facts=Facts(links=[*own, own[0]])))
        await _find(store, Facts(links=[link("c", "x"), link("c", "x", "BPCUSTOMER")]))
        await poll(store, resource=ELSEWHERE, detected=Detected(facts=Facts(links=[link("e", "x")])))
        assert await casebook.referring("acme", "ITMMASTER", [key("x"), key("z"), key("x")]) == {
            "BPCUSTOMER": [link("c", "x")],
            "SORDER": [own[3], own[0], own[2]],
        }
        assert await casebook.referring("acme", "ITMMASTER", [key("y")]) == {"SORDER": [own[1]]}
        assert await casebook.referring("acme", "BPCUSTOMER", [key("x")]) == {
            "BPCUSTOMER": [link("c", "x", "BPCUSTOMER")]
        }
        assert await casebook.referring("acme", "ITM", [key("x")]) == {}
        assert await casebook.referring("acme", "ITMMASTER", []) == {}

    async def test_links_are_dropped_before_new_ones_count(self, store: Store, casebook: Casebook) -> None:
        """A link that is dropped and given at once is there; one that never was may be dropped."""
        await _find(store, Facts(links=[link("a", "x"), link("b", "x")]))
        await _find(store, Facts(dropped=[link("a", "x"), link("b", "x"), link("q", "x")], links=[link("b", "x")]))
        assert await casebook.referring("acme", "ITMMASTER", [key("x")]) == {"BPCUSTOMER": [link("b", "x")]}

    async def test_no_more_than_ten_thousand_are_given(self, store: Store, casebook: Casebook) -> None:
        """Those to the first keys in byte order."""
        links = [link(f"o{n:05}", value) for value in "xy" for n in range(5_001)]
        await _find(store, Facts(links=links))
        found = await casebook.referring("acme", "ITMMASTER", [key("y"), key("x")])
        assert found == {"BPCUSTOMER": links[:10_000]}


class TestSums:
    async def test_a_sum_has_its_latest_amounts(self, store: Store, casebook: Casebook) -> None:
        """Exactly as written; one without amounts is no more, and a name or resource more is another sum."""
        keys = [SumKey(name, value) for name in ("ordered", "delivered") for value in (b'["A"]', b'["B"]')]
        await _find(store, Facts(sums={each: (f"{n}.10", "0.00") for n, each in enumerate(keys)}))
        await _find(store, Facts(sums={keys[1]: ("9" * 40,), keys[2]: ()}))
        await poll(store, resource=ORDERS, detected=Detected(facts=Facts(sums={keys[2]: ("7",)})))
        wanted = [*keys, SumKey("none", b'["A"]')]
        assert await casebook.sums(*CUSTOMER, wanted) == {
            keys[0]: ("0.10", "0.00"),
            keys[1]: ("9" * 40,),
            keys[3]: ("3.10", "0.00"),
        }
        assert await casebook.sums(*ORDER, keys) == {keys[2]: ("7",)}
        assert await casebook.sums(*CUSTOMER, []) == {}


class TestBreaches:
    async def test_those_judged_longest_ago_come_first(self, store: Store, casebook: Casebook) -> None:
        """Writing one again puts it behind the others; of those written at once the order is by key, check, field."""
        other = (Check.STOCK_SIGNS, "QTY")
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("c"), breach("a", other), breach("a"), breach("b")]}))
        assert [(each.key, each.check) for each in await casebook.breaches(*CUSTOMER)] == [
            (key("a"), MENU[0]),
            (key("a"), other[0]),
            (key("b"), MENU[0]),
            (key("c"), MENU[0]),
        ]
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("b", times=2), breach("d")]}))
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("a", times=2)]}))
        whole = [breach("a", other), breach("c"), breach("b", times=2), breach("d"), breach("a", times=2)]
        assert await casebook.breaches(*CUSTOMER) == whole
        assert await casebook.breaches(*CUSTOMER, limit=2) == whole[:2]
        assert await casebook.breaches(*CUSTOMER, keys=[key("d"), key("a"), key("z"), key("a")]) == [
            whole[0],
            whole[3],
            whole[4],
        ]
        assert await casebook.breaches(*CUSTOMER, keys=[key("d"), key("a")], limit=1) == whole[:1]
        assert await casebook.breaches(*CUSTOMER, keys=[]) == []

    async def test_a_breach_is_kept_until_it_is_mended(self, store: Store, casebook: Casebook) -> None:
        """Mended is what check, field and key name; one that is mended and found at once is a new one."""
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("a"), breach("a", ORPHANS), breach("b")]}))
        await _find(store, Facts(mended=[(*MENU, key("a")), (*ORPHANS, key("b"))]))
        assert await casebook.breaches(*CUSTOMER) == [breach("a", ORPHANS), breach("b")]
        await casebook.file(Filing(accepted={CUSTOMER: [MENU, ORPHANS]}))
        await _find(store, Facts(mended=[(*MENU, key("b"))], breaches={"BPCUSTOMER": [breach("b")]}))
        assert await casebook.breaches(*CUSTOMER) == [breach("a", ORPHANS, accepted=True), breach("b")]

    async def test_a_cycle_may_find_them_in_another_resource(self, store: Store, casebook: Casebook) -> None:
        """They are those of the resource that is named; what is mended is the cycle's own."""
        await poll(store, resource=ORDERS, detected=Detected(facts=Facts(breaches={"SORDER": [breach("a")]})))
        await _find(store, Facts(mended=[(*MENU, key("a"))], breaches={"SORDER": [breach("o", ORPHANS)]}))
        assert await casebook.breaches(*ORDER) == [breach("a"), breach("o", ORPHANS)]
        assert await casebook.breaches(*CUSTOMER) == []

    async def test_they_count_once_found_twice(self, store: Store, casebook: Casebook) -> None:
        """By check and field; first sights and accepted ones are counted apart."""
        found = [
            *(breach(f"m{n}", times=n) for n in range(1, 6)),
            *(breach(f"o{n}", ORPHANS, times=n, accepted=n > 3) for n in range(1, 6)),
        ]
        await _find(store, Facts(breaches={"BPCUSTOMER": found, "SORDER": [breach("x", times=2)]}))
        assert await casebook.breached(*CUSTOMER) == {MENU: (4, 1), ORPHANS: (2, 3)}
        assert await casebook.breached(*ORDER) == {MENU: (1, 0)}

    async def test_what_was_accepted_stays_accepted(self, store: Store, casebook: Casebook) -> None:
        """Those present of check and field, even where a cycle under way had seen them before; later ones are not."""
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("a"), breach("b", ORPHANS)], "SORDER": [breach("o")]}))
        await casebook.file(Filing(accepted={CUSTOMER: [MENU]}))
        await _find(store, Facts(breaches={"BPCUSTOMER": [breach("a", times=2), breach("c")]}))
        assert await casebook.breaches(*CUSTOMER) == [
            breach("b", ORPHANS),
            breach("a", times=2, accepted=True),
            breach("c"),
        ]
        assert await casebook.breaches(*ORDER) == [breach("o")]


class TestPresent:
    async def test_live_records_are_present(self, store: Store, casebook: Casebook) -> None:
        """Those of which a delete is waited for too; tombstones and those of other resources not."""
        held = Part([row("c", absent=Absence.HELD, absent_since=3)])
        await poll(store, created("a"), created("b"), held)
        await poll(store, deleted("b"), created("d"))
        await poll(store, created("e"), resource=ORDERS)
        names = map(key, "abcdef")
        assert await casebook.present(*CUSTOMER, names) == {key("a"), key("c"), key("d")}
        async with await begin(store) as cycle:
            await stage(cycle, deleted("a"), created("f"), segment("c"))
            assert await casebook.present(*CUSTOMER, [key("f"), key("a")]) == {key("a")}
        assert await casebook.present(CUSTOMERS.connection, "NONE", [key("a")]) == frozenset()
