"""What every `Casebook` promises, and what a cycle's commit promises of what it detected."""

import pytest
from msgspec.structs import replace

from driftd.core.alerts.model import Alert, AlertState, Telling
from driftd.core.drift import Check
from driftd.core.invariants.model import SumKey
from driftd.core.memory import Memory
from driftd.core.model import Absence, Standing
from driftd.core.schema.model import Baseline, FieldForm, SchemaVersion, Source, ValueKind
from driftd.errors import FencedError, StoreError
from driftd.ports import VERSIONS, Casebook, Detected, Facts, Filing, Store
from tests.contracts.detecting import (
    CUSTOMER,
    DELIVERED,
    MENU,
    ORDER,
    ORPHANS,
    alert,
    breach,
    case,
    deed,
    detected,
    filing,
    form,
    link,
    memory,
    notice,
    version,
)
from tests.contracts.noted import NOW
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
    sight,
    stage,
)
from tests.contracts.stores import Subject

ODD = ("", "a b", "Ünï-цод-名", 'it\'s "quoted" %_*', "nul\0inside", "😀" * 100, "acme", "ACME")
"""Names that a careless query takes for another, or for several."""


async def _find(store: Store, facts: Facts) -> None:
    await poll(store, detected=Detected(facts=facts))


class TestRemembering:
    async def test_a_new_casebook_knows_nothing(self, casebook: Casebook) -> None:
        """Before the first cycle all is empty."""
        new = await case(casebook)
        assert (new.memory, new.baseline) == (Memory(), Baseline())
        assert not any((new.versions, new.evaluated, new.alerts, new.notices, new.deeds, new.withheld))
        assert not any((new.referring, new.sums, new.breaches, new.breached))
        assert await casebook.alert("0123456789abcdef") is None
        assert await casebook.present(*CUSTOMER, [key("a")]) == frozenset()

    async def test_what_a_cycle_detected_is_remembered_as_it_was(self, store: Store, casebook: Casebook) -> None:
        """Every member of every noun comes back equal, and of its own type."""
        whole = detected()
        await poll(store, created("a"), created("b"), detected=whole)
        found = await case(casebook)
        assert (found.memory, found.baseline, found.versions) == (whole.memory, whole.baseline, whole.versions)
        assert found.evaluated == {CUSTOMER: NOW + 1}
        assert found.alerts == sorted(whole.alerts, key=lambda each: each.id)
        assert [told.notice for told in found.notices] == whole.notices
        assert found.deeds == whole.deeds
        assert found.referring == {"BPCUSTOMER": [link("a", "v1")]}
        assert found.sums == {DELIVERED: ("1.50", "-1")}
        assert found.breaches == [breach("m1")]
        assert await casebook.breaches(*ORDER) == [breach("o", ORPHANS)]
        assert found.baseline.learnt is not None
        field: FieldForm = found.baseline.learnt.fields["A"]
        assert [type(kind) for kind in field.kinds] == [ValueKind, ValueKind]
        assert isinstance(found.breaches[0].check, Check)
        assert isinstance(found.alerts[0].drift.samples, tuple)

    async def test_what_is_not_given_stays(self, store: Store, casebook: Casebook) -> None:
        """A cycle without detection, or that detected nothing, changes nothing of what is remembered."""
        await poll(store, created("a"), detected=detected())
        before = await case(casebook)
        await poll(store, created("b"), created("c"), detected=Detected())
        await poll(store, created("d"))
        await casebook.file(Filing())
        assert await case(casebook) == before

    async def test_a_later_cycle_replaces_what_it_gives(self, store: Store, casebook: Casebook) -> None:
        """The latest memory, baseline and alert count; versions, notices, links and breaches add up."""
        await poll(store, created("a"), detected=detected(1))
        await poll(store, created("b"), detected=detected(2))
        found = await case(casebook)
        assert (found.memory, found.baseline) == (detected(2).memory, detected(2).baseline)
        assert found.versions == [version(n, source) for source in Source for n in (1, 2)]
        assert sorted(each.count for each in found.alerts) == [2, 3, 3]
        assert [told.notice for told in found.notices] == [*detected(1).notices, *detected(2).notices]
        assert found.referring == {"BPCUSTOMER": [link("a", "v2")]}
        assert found.breaches == [breach("m2")]

    async def test_versions_are_so_many_at_most(self, store: Store, casebook: Casebook) -> None:
        """The newest of each source."""
        await poll(store, detected=Detected(versions=[version(1, Source.DECLARED)]))
        await poll(store, detected=Detected(versions=[version(number + 1) for number in range(VERSIONS + 1)]))
        numbers = [(each.source, each.number) for each in await casebook.versions(*CUSTOMER)]
        assert numbers == [*((Source.LEARNT, n + 2) for n in range(VERSIONS)), (Source.DECLARED, 1)]

    async def test_versions_are_listed_by_source_and_number(self, store: Store, casebook: Casebook) -> None:
        """Learnt ones first, 9 before 10; one written again is replaced."""
        numbers = [10, 2, 9, 1]
        for source in (Source.DECLARED, Source.LEARNT):
            await poll(store, detected=Detected(versions=[version(n, source) for n in numbers]))
        again = replace(version(2), n=301)
        await poll(store, detected=Detected(versions=[again]))
        learnt: list[SchemaVersion] = [version(1), again, version(9), version(10)]
        declared = [version(n, Source.DECLARED) for n in (1, 2, 9, 10)]
        assert await casebook.versions(*CUSTOMER) == [*learnt, *declared]

    async def test_only_the_latest_versions_are_kept(self, store: Store, casebook: Casebook) -> None:
        """A schema that changes for ever has a bounded history, each source its own."""
        for numbers in ([1, 2], [3, 500], [501], [502, 503]):
            await poll(store, detected=Detected(versions=[version(n) for n in numbers]))
        await poll(store, detected=Detected(versions=[version(1, Source.DECLARED)]))
        found = [(each.source, each.number) for each in await casebook.versions(*CUSTOMER)]
        assert found == [*((Source.LEARNT, n) for n in (500, 501, 502, 503)), (Source.DECLARED, 1)]

    async def test_only_what_was_evaluated_to_the_end_has_a_time(self, store: Store, casebook: Casebook) -> None:
        """A memory of checks that never came to their end is not among them; a later memory may take the time away."""
        await poll(store, detected=Detected(memory=memory(4)))
        await poll(store, resource=ORDERS, detected=Detected(memory=Memory()))
        await poll(store, resource=ELSEWHERE, detected=Detected(memory=memory(5)))
        assert await casebook.evaluated() == {CUSTOMER: NOW + 4, ("globex", "BPCUSTOMER"): NOW + 5}
        await poll(store, detected=Detected(memory=Memory()))
        assert await casebook.evaluated() == {("globex", "BPCUSTOMER"): NOW + 5}

    async def test_names_are_taken_as_they_are(self, store: Store, casebook: Casebook) -> None:
        """Whatever stands in a name, what is remembered of it is its own, polled or not."""
        await poll(store, detected=detected(1))
        names = [(name, other) for name in ODD for other in ODD]
        await casebook.file(Filing(memories={each: memory(n) for n, each in enumerate(names)}))
        await casebook.file(Filing(alerts=[alert(name, connection=name) for name in ODD]))
        assert [await casebook.memory(*each) for each in names] == [memory(n) for n in range(len(names))]
        assert await casebook.evaluated() == {
            CUSTOMER: NOW + 1,
            **{each: NOW + n for n, each in enumerate(names)},
        }
        for name in {*ODD} - {"acme"}:
            assert await casebook.alerts(connection=name) == [alert(name, connection=name)]

    async def test_what_was_filed_is_remembered(self, store: Store, casebook: Casebook) -> None:
        """Outside of a cycle alerts, notices, deeds, baselines and memories are written, and breaches accepted."""
        await poll(store, created("a"), detected=replace(detected(2), withhold=True))
        await casebook.file(filing())
        found, filed = await case(casebook), filing()
        assert found.baseline == filed.baselines[CUSTOMER]
        assert await casebook.memory(*ORDER) == filed.memories[ORDER]
        assert filed.alerts[0] in found.alerts
        assert [told.notice for told in found.notices] == [*detected(2).notices, *filed.notices]
        assert found.deeds == [*detected(2).deeds, *filed.deeds]
        assert found.breaches == [breach("m2", accepted=True)]
        assert found.withheld == 0


class TestAllOrNothing:
    async def test_nothing_is_remembered_before_the_commit(self, store: Store, casebook: Casebook) -> None:
        """While a cycle stages, and after one that was left, all is as it was."""
        await poll(store, created("a"), detected=detected(1))
        before = await case(casebook)
        async with await begin(store) as cycle:
            await stage(cycle, created("b"), created("c"))
            assert await case(casebook) == before
        assert await case(casebook) == before

    async def test_a_commit_that_fails_leaves_nothing(self, subject: Subject) -> None:
        """Neither a mistaken layout nor a lost store brings anything detected to light."""
        await poll(subject.store, created("a"), detected=detected(1))
        before = await case(subject.casebook), await sight(subject.store)
        later = replace(detected(2), withhold=True)
        with pytest.raises(ValueError, match="layout"):
            await poll(subject.store, created("b"), created("c"), layout=[10_000], detected=later)
        assert (await case(subject.casebook), await sight(subject.store)) == before
        async with await begin(subject.store) as cycle:
            await stage(cycle, created("b"), created("c"))
            subject.usurp()
            with pytest.raises(FencedError):
                await cycle.commit(Standing(), None, later)
        with pytest.raises(FencedError):
            await subject.casebook.file(filing())
        assert (await case(subject.casebook), await sight(subject.store)) == before

    async def test_a_cycle_that_was_dropped_tells_nothing(self, store: Store, casebook: Casebook) -> None:
        """What another cycle of the resource has pushed aside detects nothing."""
        async with await begin(store) as stale:
            await stage(stale, created("a"), created("b"))
            async with await begin(store) as cycle:
                with pytest.raises(StoreError, match="dropped"):
                    await stale.commit(Standing(), None, detected(1))
                await cycle.commit(Standing(), None, detected(2))
        assert (await case(casebook)).memory == memory(2)
        assert [told.notice for told in await casebook.notices(0, 99)] == detected(2).notices


class TestAlerts:
    async def test_open_ones_are_listed_by_id(self, store: Store, casebook: Casebook) -> None:
        """Pending and firing ones of all connections or of one, whoever wrote them."""
        pending = [alert(f"p{n}", AlertState.PENDING) for n in range(5)]
        firing = [alert(f"f{n}", connection="globex") for n in range(5)]
        await poll(store, detected=Detected(alerts=[*pending, alert("over", AlertState.RESOLVED)]))
        await casebook.file(Filing(alerts=firing))
        assert await casebook.alerts() == sorted([*pending, *firing], key=_id)
        assert await casebook.alerts(connection="acme") == sorted(pending, key=_id)
        assert await casebook.alerts(connection="globex") == sorted(firing, key=_id)
        assert await casebook.alerts(connection="nobody") == []

    async def test_those_resolved_lately_may_be_listed_too(self, casebook: Casebook) -> None:
        """From the moment itself on; an open one is listed whenever it began."""
        over = [alert(f"r{n}", AlertState.RESOLVED, since=NOW + n, connection=f"c{n % 2}") for n in range(4)]
        still = alert("open", AlertState.PENDING, since=NOW - 99, connection="c1")
        await casebook.file(Filing(alerts=[*over, still]))
        assert await casebook.alerts() == [still]
        assert await casebook.alerts(resolved_since=NOW + 2) == sorted([*over[2:], still], key=_id)
        assert await casebook.alerts(connection="c0", resolved_since=NOW + 2) == [over[2]]
        assert await casebook.alerts(connection="c1", resolved_since=NOW + 4) == [still]

    async def test_one_is_found_by_its_id_whatever_its_state(self, casebook: Casebook) -> None:
        """An alert is one over time: pending, firing, resolved, and open again."""
        for n, state in enumerate((*AlertState, AlertState.FIRING)):
            each = alert("one", state, count=n)
            await casebook.file(Filing(alerts=[each]))
            assert await casebook.alert(each.id) == each
            assert await casebook.alerts() == ([] if state is AlertState.RESOLVED else [each])


class TestNotices:
    async def test_they_are_told_in_the_order_in_which_they_were_written(
        self, store: Store, casebook: Casebook
    ) -> None:
        """Any reading on from any seq, in pages of any size, gives the same stream; seqs rise."""
        ones = [notice(alert("a", connection="c0"), NOW - n) for n in range(3)]
        others = [notice(alert("b", connection="c1"), NOW + n) for n in range(3)]
        await poll(store, created("a"), detected=Detected(notices=ones))
        await casebook.file(Filing(notices=others))
        whole = await casebook.notices(0, 100)
        assert [told.notice for told in whole] == [*ones, *others]
        assert [told.seq for told in whole] == sorted({told.seq for told in whole})
        for n, told in enumerate(whole, 1):
            assert await casebook.notices(told.seq, 100) == whole[n:]
            assert await casebook.notices(told.seq, 2) == whole[n : n + 2]
            assert await casebook.notices(told.seq, 2, connection="c1") == whole[max(n, 3) : max(n, 3) + 2]
        assert await casebook.notices(0, 0) == []
        assert await casebook.notices(0, 100, connection="c") == []

    async def test_one_that_was_told_is_not_told_again(self, store: Store, casebook: Casebook) -> None:
        """A cycle that runs again after a crash tells what is new only; what was told stays as it was."""
        each = alert()
        first = notice(each)
        await poll(store, detected=Detected(notices=[first]))
        before = await casebook.notices(0, 100)
        again = [replace(first, alert=alert(count=9)), notice(each, telling=Telling.SEVERITY)]
        await poll(store, created("a"), created("b"), detected=Detected(notices=again))
        await casebook.file(Filing(notices=again[:1]))
        told = await casebook.notices(0, 100)
        assert told[:1] == before
        assert [one.notice for one in told] == [first, again[1]]
        assert await casebook.notices(before[0].seq, 100) == told[1:]


class TestDeeds:
    async def test_they_are_told_from_the_newest_on(self, casebook: Casebook) -> None:
        """Of one connection; of those done at once the one written later first."""
        for at, subject in ((5, "a"), (9, "b"), (5, "c"), (1, "d")):
            await casebook.file(Filing(deeds=[deed(NOW + at, subject), deed(NOW, subject, connection="globex")]))
        assert [each.subject for each in await casebook.deeds("acme", 9)] == [*"bcad"]
        assert await casebook.deeds("acme", 2) == [deed(NOW + 9, "b"), deed(NOW + 5, "c")]
        assert [each.connection for each in await casebook.deeds("globex", 3)] == ["globex"] * 3
        assert await casebook.deeds("nobody", 9) == []


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


def _id(each: Alert) -> str:
    return each.id


async def test_a_form_of_very_many_fields_is_remembered(store: Store, casebook: Casebook) -> None:
    """10,000 members are a form like another."""
    wide = form(*(f"NAME{n}" for n in range(10_000)))
    each = replace(version(1), form=wide)
    await poll(store, created("a"), detected=Detected(baseline=Baseline(wide), versions=[each]))
    assert await casebook.baseline(*CUSTOMER) == Baseline(wide)
    assert await casebook.versions(*CUSTOMER) == [each]
