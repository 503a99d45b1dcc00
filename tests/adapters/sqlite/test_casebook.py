"""What is particular to the casebook on SQLite: other releases' rows, age, readers, the disk."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard
from msgspec import Struct, structs
from msgspec.msgpack import encode

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.boxing import boxed, unboxed
from driftd.core.alerts.model import Alert, AlertState, Deed, Notice
from driftd.core.memory import Memory
from driftd.core.schema.model import Baseline, SchemaVersion
from driftd.errors import StoreError
from driftd.ports import KEPT, Detected, Facts, Filing
from tests.contracts.detecting import (
    CUSTOMER,
    MENU,
    alert,
    breach,
    case,
    deed,
    detected,
    drift,
    filing,
    memory,
    notice,
    version,
)
from tests.contracts.noted import NOW
from tests.contracts.staged import created, poll
from tests.contracts.stores import room


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


def _with(noun: Struct, **members: Any) -> bytes:
    """Box a noun as a release with other members does."""
    return zstandard.compress(encode({**structs.asdict(noun), **members}))


def _spoil(data_dir: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
        assert db.execute(statement, values).rowcount == 1


class TestOtherReleases:
    @pytest.mark.parametrize("box", [b"", b"\x28\xb5\x2f\xfd", b"no frame", zstandard.compress(b"\xc1"), encode({})])
    def test_what_is_no_box_is_none(self, box: bytes) -> None:
        """Damaged or of another make: nothing of it can be used, and nothing breaks."""
        assert unboxed(box, Memory) is None

    def test_a_member_not_understood_is_its_default_alone(self) -> None:
        """What stands beside it stays."""
        assert unboxed(_with(memory(4), learnt="another make", more=1), Memory) == Memory(evaluated=NOW + 4)
        each = alert()
        assert unboxed(_with(each, mute={"for": "ever"}), Alert) == structs.replace(each, mute=None)
        unheard = {**structs.asdict(drift()), "kind": "unheard_of"}
        assert unboxed(_with(each, drift=unheard), Alert) is None

    async def test_rows_of_another_release_do_no_harm(self, store: SqliteStore, data_dir: Path) -> None:
        """What is one is its default, what is one of several is left out, and the others are told."""
        await poll(store, created("a"), detected=detected())
        _spoil(data_dir, "UPDATE memories SET memory = ?", b"later")
        _spoil(data_dir, "UPDATE baselines SET baseline = ?", _with(Baseline(), learnt="later", at=7))
        _spoil(data_dir, "UPDATE schema_versions SET version = ? WHERE source = 'learnt'", _with(version(1), form=0))
        _spoil(data_dir, "UPDATE alerts SET alert = ?, state = 'later' WHERE id = ?", b"", alert("of all").id)
        _spoil(data_dir, "UPDATE breaches SET \"check\" = 'later' WHERE field = ?", MENU[1])
        _spoil(data_dir, "UPDATE sums SET amounts = ?", b"\xc1")
        whole, found = detected(), await case(store.casebook)
        assert (found.memory, found.baseline) == (Memory(), Baseline(at=7))
        assert found.versions == [each for each in whole.versions if each.source == "declared"]
        assert found.alerts == whole.alerts[:1]
        assert (found.breaches, found.breached, found.sums) == ([], {}, {})

    async def test_a_notice_not_understood_does_not_end_the_stream(self, store: SqliteStore, data_dir: Path) -> None:
        """It is passed over, and a page is full or the last one all the same."""
        told = [notice(alert(), NOW + n) for n in range(4)]
        await store.casebook.file(Filing(notices=told))
        for seq in (1, 2):
            _spoil(data_dir, "UPDATE notices SET notice = ? WHERE seq = ?", _with(told[0], telling="later"), seq)
        assert [each.notice for each in await store.casebook.notices(0, 1)] == told[2:3]
        assert [each.seq for each in await store.casebook.notices(0, 9)] == [3, 4]


class TestAge:
    @pytest.mark.parametrize("kind", [Notice, Deed, Alert])
    async def test_each_kind_has_its_age(self, store: SqliteStore, kind: type) -> None:
        """What is as old as it may be stays, a moment later it goes; an alert that is open has no age."""
        one = alert("over", AlertState.RESOLVED, since=NOW)
        old: dict[type, Filing] = {
            Notice: Filing(notices=[notice(one, NOW)]),
            Deed: Filing(deeds=[deed(NOW)]),
            Alert: Filing(alerts=[one]),
        }
        later = NOW + KEPT[kind] + 1
        await store.casebook.file(old[kind])
        await store.casebook.file(
            Filing(
                alerts=[alert("open", since=NOW), alert("later", AlertState.RESOLVED, since=later)],
                notices=[notice(one, later)],
                deeds=[deed(later)],
            )
        )
        before = await case(store.casebook)
        assert await store.logbook.prune(later - 1) == 0
        assert await case(store.casebook) == before
        assert [await store.logbook.prune(later) for _ in range(2)] == [1, 0]
        after = await case(store.casebook)
        assert [each.id for each in after.alerts] == sorted([alert("open").id, alert("later").id])
        assert ([each.notice for each in after.notices], after.deeds) == ([notice(one, later)], [deed(later)])

    async def test_it_goes_by_slices(self, store: SqliteStore) -> None:
        """No more than 1,000 rows at once over all kinds, and a seq that was given is not given again."""
        await store.casebook.file(
            Filing(
                alerts=[alert(f"{n}", AlertState.RESOLVED) for n in range(400)],
                notices=[notice(alert(), NOW + n) for n in range(400)],
                deeds=[deed(NOW + n) for n in range(400)],
            )
        )
        gone = [await store.logbook.prune(2 * NOW) for _ in range(3)]
        assert gone == [1_000, 200, 0]
        await store.casebook.file(Filing(notices=[notice(alert())]))
        assert [told.seq for told in await store.casebook.notices(0, 9)] == [401]


class TestReading:
    async def test_who_only_reads_cannot_file(self, store: SqliteStore, data_dir: Path) -> None:
        """A reading store sees what is committed and filed, and refuses to file."""
        await poll(store, created("a"), detected=structs.replace(detected(), withhold=True))
        async with SqliteStore.reading(data_dir) as reader:
            for _ in range(2):
                assert await case(reader.casebook) == await case(store.casebook)
                with pytest.raises(StoreError, match="reading only"):
                    await reader.casebook.file(filing())
                await store.casebook.file(filing())

    async def test_all_is_there_after_a_restart(self, store: SqliteStore, data_dir: Path) -> None:
        """Closing and opening again shows the same."""
        await poll(store, created("a"), detected=detected())
        await store.casebook.file(filing())
        seen = await case(store.casebook)
        async with SqliteStore.reading(data_dir) as again:
            assert await case(again.casebook) == seen


class TestDurability:
    @pytest.mark.parametrize(
        ("found", "synced"),
        [
            (Detected(memory=memory()), "NORMAL"),
            (Detected(facts=Facts(breaches={"BPCUSTOMER": [breach("a")]}), alerts=[alert()]), "NORMAL"),
            (Detected(withhold=True), "NORMAL"),
            (Detected(withhold=False), "NORMAL"),
            (Detected(notices=[notice(alert())]), "FULL"),
            (Detected(versions=[version(1)]), "FULL"),
            (Detected(baseline=Baseline()), "FULL"),
        ],
    )
    async def test_what_was_told_survives_a_loss_of_power(
        self, store: SqliteStore, found: Detected, synced: str
    ) -> None:
        """A commit without rows is synced for what is told or accepted; all else is found anew with the checkpoint."""
        statements = await _traced(store)
        await poll(store, detected=found)
        assert _syncs(statements)[-1] == synced

    async def test_filing_and_releasing_survive_a_loss_of_power(self, store: SqliteStore) -> None:
        """A seq that a reader has seen is not given to another event."""
        await poll(store, created("a"), detected=Detected(withhold=True))
        statements = await _traced(store)
        await store.casebook.file(Filing(alerts=[alert()]))
        assert _syncs(statements) == ["FULL"]
        await poll(store, detected=Detected(withhold=False))
        assert _syncs(statements)[-1] == "FULL"
        assert len(await store.read_changes(0, 9)) == 1


async def test_a_release_costs_by_the_commit(store: SqliteStore) -> None:
    """A thousand events of one cycle are released by as few statements as one event."""
    counts = []
    for names in (["a"], [f"n{n}" for n in range(1_000)]):
        await poll(store, *map(created, names), detected=Detected(withhold=True))
        statements = await _traced(store)
        await store.casebook.file(Filing(release=[CUSTOMER]))
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert len(await store.read_changes(0, 2_000)) == 1_001


def test_a_box_is_smaller_than_its_noun() -> None:
    """Counts repeat themselves: what every cycle writes is a fraction of them."""
    assert len(boxed(memory())) < 200
    assert isinstance(unboxed(boxed(version(1)), SchemaVersion), SchemaVersion)


async def _traced(store: SqliteStore) -> list[str]:
    assert store._writer is not None
    statements: list[str] = []
    await store._writer._database._thread.set_trace_callback(statements.append)
    return statements


def _syncs(statements: list[str]) -> list[str]:
    """Return how each transaction that wrote something was synced."""
    transactions = "\n".join(statements).split("PRAGMA synchronous = ")[1:]
    return [one.split()[0] for one in transactions if "INSERT INTO" in one or "UPDATE" in one]
