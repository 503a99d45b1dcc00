"""What every `Casebook` promises, and what a cycle's commit promises of what it detected."""

import pytest
from msgspec.structs import replace

from driftd.core.drift import Check
from driftd.core.memory import Memory
from driftd.core.model import Standing
from driftd.core.schema.model import Baseline, FieldForm, SchemaVersion, Source, ValueKind
from driftd.errors import FencedError, StoreError
from driftd.ports import VERSIONS, Casebook, Detected, Filing, Store
from tests.contracts.detecting import (
    CUSTOMER,
    DELIVERED,
    ORDER,
    ORPHANS,
    alert,
    breach,
    case,
    detected,
    filing,
    form,
    link,
    memory,
    version,
)
from tests.contracts.noted import NOW
from tests.contracts.staged import ELSEWHERE, ORDERS, begin, created, key, poll, sight, stage
from tests.contracts.stores import Subject

ODD = ("", "a b", "Ünï-цод-名", 'it\'s "quoted" %_*', "nul\0inside", "😀" * 100, "acme", "ACME")
"""Names that a careless query takes for another, or for several."""


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


async def test_a_form_of_very_many_fields_is_remembered(store: Store, casebook: Casebook) -> None:
    """10,000 members are a form like another."""
    wide = form(*(f"NAME{n}" for n in range(10_000)))
    each = replace(version(1), form=wide)
    await poll(store, created("a"), detected=Detected(baseline=Baseline(wide), versions=[each]))
    assert await casebook.baseline(*CUSTOMER) == Baseline(wide)
    assert await casebook.versions(*CUSTOMER) == [each]
