"""What every `Logbook` promises."""

from collections.abc import Sequence

import pytest

from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, Flip, ResourceHealth, Result
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.errors import FencedError, Reason
from driftd.ports import KEPT, Entries, Hour, Logbook, Polled, Remembered
from tests.contracts.logbooks import Kept
from tests.contracts.noted import (
    DAY,
    HOUR,
    NOW,
    connection_health,
    failed,
    flip,
    group,
    poll,
    polled,
    resource_health,
)

ODD = ("", "a b", "Ünï-цод-名", 'it\'s "quoted" %_*', "nul\0inside", "a\nline", "😀" * 100, "acme", "ACME")
"""Names that a careless query takes for another, or for several."""


async def _history(book: Logbook, connection: str = "acme", limit: int = 1_000) -> Sequence[Flip | Polled | Hour]:
    return await book.history(connection, since=0, until=2 * NOW, limit=limit)


async def _all(book: Logbook, *connections: str) -> object:
    return await book.recall(), [await _history(book, name) for name in connections]


class TestRecalling:
    async def test_a_new_logbook_knows_nothing(self, book: Logbook) -> None:
        """Before the first entry all is empty."""
        assert await book.recall() == Remembered()
        assert await book.recall(["acme"]) == Remembered()
        assert await _history(book) == []
        assert (await book.flips("acme", 0), await book.prune(NOW)) == (0, 0)

    async def test_what_was_written_is_recalled_as_it_was(self, book: Logbook) -> None:
        """Every member of every noun comes back equal, and of its own type."""
        written = Entries(
            connections={"acme": connection_health(7)},
            usage={"acme": Usage("2024-02-29", 12, 345)},
            resources={("acme", "BPCUSTOMER"): resource_health()},
        )
        await book.write(written)
        recalled = await book.recall()
        assert recalled == Remembered(written.connections, written.usage, written.resources)
        health = recalled.resources["acme", "BPCUSTOMER"]
        assert [type(reason) for reason in health.failures] == [Reason]
        assert {type(op) for op in health.changes} == {Op}
        assert isinstance(recalled.connections["acme"].state, State)

    async def test_a_later_entry_replaces_only_those_of_its_name(self, book: Logbook) -> None:
        """What a group does not name stays as it was."""
        await book.write(group(1))
        name, resource = "tenant-0", ("tenant-0", "CLASS1")
        health, usage, detail = connection_health(99), Usage("2024-03-01"), resource_health()
        await book.write(Entries(connections={name: health}, usage={name: usage}, resources={resource: detail}))
        first = group(1)
        assert await book.recall() == Remembered(
            {**first.connections, name: health}, {**first.usage, name: usage}, {**first.resources, resource: detail}
        )

    async def test_only_those_asked_for_are_recalled(self, book: Logbook) -> None:
        """Named connections, each once, and nothing of those never written."""
        await book.write(group(1, connections=4))
        recalled = await book.recall(iter(["tenant-3", "nobody", "tenant-1", "tenant-1", "tenant"]))
        assert set(recalled.connections) == set(recalled.usage) == {"tenant-1", "tenant-3"}
        assert {name for name, _ in recalled.resources} == {"tenant-1", "tenant-3"}
        assert len(recalled.resources) == 6
        assert await book.recall([]) == Remembered()

    async def test_an_empty_group_changes_nothing(self, book: Logbook) -> None:
        """Writing nothing is allowed."""
        await book.write(group(1))
        before = await _all(book, "tenant-0")
        await book.write(Entries())
        assert await _all(book, "tenant-0") == before

    async def test_names_are_taken_as_they_are(self, book: Logbook) -> None:
        """Whatever stands in a name, its entries are its own."""
        names = {name: connection_health(number) for number, name in enumerate(ODD)}
        await book.write(
            Entries(
                connections=names,
                resources={(name, other): ResourceHealth(polls=len(other)) for name in ODD for other in ODD},
                flips=[flip(NOW + len(name), connection=name) for name in ODD],
                polls=[polled(each, name, name) for name in ODD for each in (poll(), failed())],
            )
        )
        assert (await book.recall()).connections == names
        for name in ODD:
            recalled = await book.recall([name])
            assert dict(recalled.connections) == {name: names[name]}
            assert dict(recalled.resources) == {(name, other): ResourceHealth(polls=len(other)) for other in ODD}
            assert {each.connection for each in await _history(book, name)} == {name}
            assert len(await _history(book, name)) == 3

    async def test_a_great_group_is_one_group(self, book: Logbook) -> None:
        """10,000 entries are written and recalled like one."""
        great = group(3, connections=500, resources=17)
        assert len(great.connections) + len(great.usage) + len(great.flips) + len(great.resources) == 10_000
        await book.write(great)
        assert await book.recall() == Remembered(great.connections, great.usage, great.resources)


class TestAllOrNothing:
    async def test_a_group_that_fails_leaves_nothing(self, kept: Kept) -> None:
        """After a failure everything is as before, and the next group would be too."""
        await kept.book.write(group(1))
        before = await _all(kept.book, "tenant-0", "tenant-1")
        kept.usurp()
        for _ in range(2):
            with pytest.raises(FencedError):
                await kept.book.write(group(2))
        with pytest.raises(FencedError):
            await kept.book.prune(2 * NOW)
        assert await _all(kept.book, "tenant-0", "tenant-1") == before


class TestHistory:
    async def test_it_is_told_from_the_newest_on(self, book: Logbook) -> None:
        """Flips, failures and hours in one order, whatever the order and the groups in which they were written."""
        flips = [flip(NOW + at) for at in (5, 1, 9)]
        polls = [polled(failed(NOW + at)) for at in (4, 8, 2)]
        for each in flips:
            await book.write(Entries(flips=[each]))
        await book.write(Entries(polls=[*polls, polled(poll(NOW + 7))]))
        hour = Hour("acme", "BPCUSTOMER", NOW, 1, 0.5, 0)
        told = [flips[2], polls[1], flips[0], polls[0], polls[2], flips[1], hour]
        assert await _history(book) == told
        for limit in range(9):
            assert await _history(book, limit=limit) == told[:limit]

    async def test_of_what_happened_at_once_the_later_is_told_first(self, book: Logbook) -> None:
        """A flip follows from a poll, a poll belongs to its hour; of one kind the one written later is newer."""
        flips = [flip(after=State.RETRYING), flip(after=State.UNREACHABLE)]
        polls = [polled(failed(reason=reason)) for reason in (Reason.TIMEOUT, Reason.DNS_FAILURE)]
        await book.write(Entries(flips=flips[:1], polls=[*polls[:1], polled(poll(), "A"), polled(poll(), "B")]))
        await book.write(Entries(flips=flips[1:], polls=polls[1:]))
        hours = [Hour("acme", name, NOW, 1, 0.5, 0) for name in "BA"]
        assert await _history(book) == [*reversed(flips), *reversed(polls), *hours]

    async def test_a_range_holds_its_beginning_and_not_its_end(self, book: Logbook) -> None:
        """From `since` to before `until`; an hour is where it began."""
        times = [NOW - HOUR, NOW - 1, NOW, NOW + 1, NOW + HOUR]
        await book.write(
            Entries(
                flips=[flip(at) for at in times],
                polls=[polled(each) for at in times for each in (failed(at), poll(at))],
            )
        )
        told = await book.history("acme", since=NOW - 1, until=NOW + 1, limit=99)
        assert told == [
            flip(NOW),
            polled(failed(NOW)),
            Hour("acme", "BPCUSTOMER", NOW, 2, 1.0, 0),
            flip(NOW - 1),
            polled(failed(NOW - 1)),
        ]
        assert await book.history("acme", since=NOW, until=NOW, limit=99) == []

    async def test_failures_may_be_told_alone(self, book: Logbook) -> None:
        """Without hours the limit counts what is left; a partial poll is told with its failures."""
        partial = polled(poll(NOW + 2, Result.PARTIAL, reason=Reason.KEY_NOT_UNIQUE, changes={Op.CREATE: 5}))
        oks = [polled(poll(NOW + at * HOUR)) for at in range(9)]
        await book.write(Entries(flips=[flip()], polls=[*oks, partial, polled(failed(NOW + 1))]))
        told = await book.history("acme", since=0, until=2 * NOW, limit=3, failures=True)
        assert told == [partial, polled(failed(NOW + 1)), flip()]
        assert len(await _history(book)) == 12

    async def test_it_is_told_of_one_connection(self, book: Logbook) -> None:
        """Others' rows neither show nor count."""
        for name in ("acme", "globex"):
            await book.write(
                Entries(
                    flips=[flip(NOW + n, connection=name) for n in range(5)],
                    polls=[polled(each, "SORDER", name) for each in (poll(), failed())],
                )
            )
        told = await _history(book, "globex", limit=6)
        assert [each.connection for each in told] == ["globex"] * 6
        assert len(await _history(book, "globex")) == 7


class TestHours:
    async def test_successes_add_up_by_resource_and_hour(self, book: Logbook) -> None:
        """An hour grows with each poll in it, from one group to the next; failures are not in it."""
        for start in (0, 30):
            polls = [
                poll(NOW + (start + n) * 60_000, seconds=0.25, changes={Op.CREATE: n, Op.UPDATE: 1}) for n in (0, 9)
            ]
            await book.write(Entries(polls=[polled(each) for each in polls]))
        await book.write(Entries(polls=[polled(failed(NOW)), polled(poll(NOW + HOUR - 1, Result.PARTIAL))]))
        await book.write(Entries(polls=[polled(poll(NOW + HOUR), "SORDER"), polled(poll(NOW + HOUR))]))
        hours = [each for each in await _history(book) if isinstance(each, Hour)]
        assert hours == [
            Hour("acme", "SORDER", NOW + HOUR, 1, 0.5, 0),
            Hour("acme", "BPCUSTOMER", NOW + HOUR, 1, 0.5, 0),
            Hour("acme", "BPCUSTOMER", NOW, 4, 1.0, 22),
        ]

    async def test_a_health_unchanged_by_history(self, book: Logbook) -> None:
        """Polls of history are no health: only what is written as health is recalled."""
        await book.write(Entries(polls=[polled(poll()), polled(failed())], flips=[flip()]))
        assert await book.recall() == Remembered()


class TestFlips:
    async def test_they_are_counted_from_a_moment_on(self, book: Logbook) -> None:
        """The moment itself counts; other connections do not."""
        flips = [flip(NOW + n) for n in (0, 5, 5, 9)]
        await book.write(Entries(flips=[*flips, flip(NOW + 5, connection="globex")]))
        counts = {since: await book.flips("acme", NOW + since) for since in (0, 1, 5, 6, 9, 10)}
        assert counts == {0: 4, 1: 3, 5: 3, 6: 1, 9: 1, 10: 0}
        assert await book.flips("nobody", 0) == 0


class TestPruning:
    @pytest.mark.parametrize("kind", [Hour, Polled, Flip])
    async def test_each_kind_has_its_age(self, book: Logbook, kind: type) -> None:
        """What is exactly as old as it may be stays; a moment later it goes, and nothing else."""
        entries = Entries(polls=[polled(poll(NOW)), polled(failed(NOW))], flips=[flip(NOW)])
        await book.write(entries)
        there = {type(each) for each in await _history(book)}
        assert there == {Hour, Polled, Flip}
        older = {each for each in there if KEPT[each] < KEPT[kind]}
        assert await book.prune(NOW + KEPT[kind]) == len(older)
        assert {type(each) for each in await _history(book)} == there - older
        assert await book.prune(NOW + KEPT[kind] + 1) == 1
        assert {type(each) for each in await _history(book)} == there - older - {kind}

    async def test_it_goes_by_slices(self, book: Logbook) -> None:
        """No more than 1,000 rows at once, over all kinds and connections, until nothing is left to remove."""
        names = [f"tenant-{n}" for n in range(7)]
        old = [NOW - KEPT[Flip] - DAY - n * HOUR for n in range(60)]
        await book.write(
            Entries(
                connections={"tenant-0": ConnectionHealth()},
                flips=[flip(at, connection=name) for name in names for at in [*old, NOW]],
                polls=[polled(each(at), "A", name) for name in names for at in [*old, NOW] for each in (poll, failed)],
            )
        )
        gone: list[int] = []
        while not gone or gone[-1]:
            gone.append(await book.prune(NOW))
        assert gone == [1_000, 260, 0]
        assert [len(await _history(book, name)) for name in names] == [3] * 7
        assert dict((await book.recall()).connections) == {"tenant-0": ConnectionHealth()}
