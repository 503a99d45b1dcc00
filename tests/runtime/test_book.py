"""Bookkeeping in groups: nothing is lost while it cannot be written, and no group is too large."""

from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, ResourceHealth
from driftd.errors import StoreError
from driftd.ports import Entries
from driftd.runtime.book import GROUP, Book
from tests.fakes.log import Line, Told
from tests.fakes.memory_logbook import MemoryLogbook
from tests.runtime.world import FakeClock


class Stubborn(MemoryLogbook):
    """Refuses to be written as often as it is told to."""

    refusals = 0

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[Entries] = []

    async def write(self, entries: Entries) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")
        self.groups.append(entries)
        await super().write(entries)


async def test_what_could_not_be_written_is_written_later_behind_what_came_meanwhile() -> None:
    """The later health of a name counts, the failure is told once, and so is its end."""
    logbook, said = Stubborn(), list[Line]()
    book = Book(logbook, FakeClock(), Told(said))
    logbook.refusals = 2
    book.connection("a", ConnectionHealth(requests=1), Usage("2026-11-25", 1, 1))
    book.connection("b", ConnectionHealth(requests=7), Usage())
    await book.write()
    assert book.failing
    book.connection("a", ConnectionHealth(requests=2), Usage("2026-11-25", 2, 2))
    await book.write()
    await book.write()
    remembered = await logbook.recall()
    assert {name: each.requests for name, each in remembered.connections.items()} == {"a": 2, "b": 7}
    assert remembered.usage["a"].requests == 2
    assert [(level, event) for level, event, _ in said] == [
        ("error", "logbook cannot be written"),
        ("info", "logbook is written again"),
    ]
    await book.write()
    assert len(logbook.groups) == 1


async def test_no_group_is_so_large_that_others_wait_for_it() -> None:
    """Ten thousand resources are written all the same."""
    logbook = Stubborn()
    book = Book(logbook, FakeClock(), Told([]))
    for number in range(10_000):
        book._resources["a", f"R{number}"] = ResourceHealth(polls=number)
    await book.write()
    assert max(len(each.resources) for each in logbook.groups) == GROUP
    assert len((await logbook.recall()).resources) == 10_000
