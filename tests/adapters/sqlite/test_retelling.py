"""What was told of an erased record names it no more, and what only looks like its key stays as it was told."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore, retelling
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.alerts.model import Alert, AlertState, Deed, Mute, Notice
from driftd.core.health import Aside, Flip, Pause, Window
from driftd.core.memory import Memory
from driftd.core.model import KeyBytes
from driftd.core.retold import GONE
from driftd.core.scale import Quote, Shift
from driftd.ports import Detected, Entries, Erasure, Filing, Polled
from tests.contracts.detecting import CUSTOMER, ORDER, alert, case, deed, drift, notice
from tests.contracts.noted import NOW, failed, flip, polled
from tests.contracts.staged import CUSTOMERS, created, poll
from tests.contracts.stores import room

T = TypeVar("T")
TURN = Writer._in_turn
WINDOW = Window(NOW, NOW + 9, "upgrade", "jo")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def erasure(key: KeyBytes) -> Erasure:
    return Erasure(key, b"stands for it", 5, Detected())


def named(name: str, resource: str | None, *, state: AlertState = AlertState.FIRING, said: str = "") -> Alert:
    """Return an alert that shows a key, and says something."""
    told = replace(drift(resource=resource), samples=(f'["{name}"]', '["other"]'), hint=said, evidence={"to": name})
    mute = Mute(NOW + 9, name, "ops@example.com", NOW)
    return replace(alert(f"{name} {resource} {state}", state), drift=told, mute=mute)


def message(told: object) -> str:
    """Return what a poll or a flip says."""
    assert isinstance(told, Polled | Flip)
    return told.poll.message if isinstance(told, Polled) else told.message


def remembered(key: KeyBytes) -> Memory:
    shift = Shift(("PRICE",), "10", 1, 2, 2, (key, b'["other"]'))
    return Memory(shifts=(shift,), quotes=(Quote(key, "10"),), review=key)


@pytest.mark.parametrize(
    "word",
    ["firing", "1", "10", "critical", "SOHSOP[].ITMREF", "BPCUSTOMER", "acme", "9f", "samples", "drift", "accept"],
)
async def test_a_key_that_is_a_word_changes_only_what_tells_of_the_record(data_dir: Path, word: str) -> None:
    """It goes from samples, and from what a person said of it, of its own resource, and from nowhere else."""
    key = f'["{word}"]'.encode()
    own, others = named(word, "BPCUSTOMER"), named(word, "SORDER")
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, created(word))
        filed = Filing(
            alerts=[own, others],
            notices=[notice(own), notice(others)],
            deeds=[replace(deed(), reason=word), replace(deed(NOW + 1), resource="SORDER", reason=word)],
            memories={CUSTOMER: remembered(key), ORDER: remembered(key)},
            asides={"acme": Aside(Pause(word, "jo", 2 * NOW), WINDOW), "globex": Aside(Pause(word, "jo", 2 * NOW))},
        )
        await store.casebook.file(filed)
        await store.logbook.write(Entries(polls=[polled(failed())], flips=[flip()]))
        before, logged = (
            await case(store.casebook),
            await store.logbook.history("acme", since=0, until=2 * NOW, limit=9),
        )
        orders = await store.casebook.memory(*ORDER)
        await store.erase(CUSTOMERS, erasure(key))
        after = await case(store.casebook)
        assert await store.logbook.history("acme", since=0, until=2 * NOW, limit=9) == logged
        assert await store.casebook.memory(*ORDER) == orders
        assert await store.casebook.asides() == {
            "acme": Aside(Pause(GONE, "jo", 2 * NOW), WINDOW),
            "globex": Aside(Pause(word, "jo", 2 * NOW)),
        }
    assert own.mute is not None
    retold = replace(own, drift=replace(own.drift, samples=(GONE, '["other"]')), mute=replace(own.mute, reason=GONE))

    def told(each: Alert) -> Alert:
        return retold if each.id == own.id else each

    assert after.alerts == [told(each) for each in before.alerts]
    notices: list[Notice] = [each.notice for each in before.notices]
    assert [each.notice for each in after.notices] == [replace(each, alert=told(each.alert)) for each in notices]
    deeds: list[Deed] = [replace(each, reason=GONE if each.at == NOW else each.reason) for each in before.deeds]
    assert after.deeds == deeds
    shift = replace(before.memory.shifts[0], samples=(b'["other"]',))
    assert after.memory == replace(before.memory, shifts=(shift,), review=b"")
    assert (after.baseline, after.versions) == (before.baseline, before.versions)


@pytest.mark.parametrize(
    ("key", "said", "own", "other"),
    [
        (b'["C001"]', 'no answer: ["C001"]', f"no answer: {GONE}", 'no answer: ["C001"]'),
        (b'["C001"]', "GET BPCUSTOMER('C001')?x", f"GET BPCUSTOMER{GONE}?x", f"GET {GONE}?x"),
        (b'["C001"]', "GET SORDER('C001')", f"GET SORDER{GONE}", "GET SORDER('C001')"),
        (b'["A","B"]', "GET BPCUSTOMER('A~B')", f"GET BPCUSTOMER{GONE}", f"GET {GONE}"),
        (b'["A","B"]', "GET BPCUSTOMER('A%7EB')", f"GET BPCUSTOMER{GONE}", f"GET {GONE}"),
        (b'["M\xc3\xbcller"]', "GET BPCUSTOMER('M%C3%BCller')", f"GET BPCUSTOMER{GONE}", f"GET {GONE}"),
        (b'["C001"]', "GET BPCUSTOMER('C0011'), C001, SUPPLIER", *["GET BPCUSTOMER('C0011'), C001, SUPPLIER"] * 2),
        (b"[1]", "line[1] of [1]", *["line[1] of [1]"] * 2),
    ],
)
async def test_messages_are_told_without_keys_as_they_are_written(
    data_dir: Path, key: KeyBytes, said: str, own: str, other: str
) -> None:
    """As JSON and as in an address; in what is told of another class only with the name of this one before it."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, created("b"))
        await store.logbook.write(
            Entries(
                polls=[polled(replace(failed(), message=said)), polled(replace(failed(), message=said), "SORDER")],
                flips=[replace(flip(), message=said)],
            )
        )
        await store.erase(CUSTOMERS, erasure(key))
        told = await store.logbook.history("acme", since=0, until=2 * NOW, limit=9)
    messages = {getattr(each, "resource", None): message(each) for each in told}
    assert messages == {"BPCUSTOMER": own, None: own, "SORDER": other}


async def test_it_is_all_retold_in_short_transactions(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many of one moment as well: a walk neither stops there nor turns round."""
    monkeypatch.setattr(retelling, "_SLICE", 7)
    said, changed = 'it is ["C001"]', list[int]()

    async def turn(writer: Writer, work: Callable[[sqlite3.Connection], T]) -> T:
        def watched(db: sqlite3.Connection) -> T:
            before = db.total_changes
            done = work(db)
            changed.append(db.total_changes - before)
            return done

        return await TURN(writer, watched)

    states = [AlertState.FIRING, AlertState.RESOLVED]
    alerts = [replace(named(f"{n}", None, state=states[n % 2], said=said), since=NOW + n // 9) for n in range(40)]
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, created("b"))
        deeds = [replace(deed(NOW + n // 9), reason=said) for n in range(30)]
        await store.casebook.file(Filing(alerts=alerts, notices=[notice(each) for each in alerts], deeds=deeds))
        polls = [polled(replace(failed(NOW + n // 9), message=said)) for n in range(30)]
        await store.logbook.write(
            Entries(polls=polls, flips=[replace(flip(NOW + n // 9), message=said) for n in range(30)])
        )
        with monkeypatch.context() as patched:
            patched.setattr(Writer, "_in_turn", turn)
            await store.erase(CUSTOMERS, erasure(b'["C001"]'))
        after, told = await case(store.casebook), await store.logbook.history("acme", since=0, until=2 * NOW, limit=99)
    assert {each.drift.hint for each in after.alerts} == {f"it is {GONE}"}
    assert {each.notice.alert.drift.hint for each in after.notices} == {f"it is {GONE}"}
    assert {each.reason for each in after.deeds} == {f"it is {GONE}"}
    assert {message(each) for each in told} == {f"it is {GONE}"}
    assert (len(after.alerts), len(after.notices), len(after.deeds), len(told)) == (40, 40, 30, 60)
    assert max(changed) == 7
