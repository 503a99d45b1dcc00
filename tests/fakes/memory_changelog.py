"""The `Changelog` port on the lists of the memory store."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from msgspec.structs import astuple, replace

from driftd.core import retention as keeping
from driftd.core.envelope import Context, envelope
from driftd.core.model import Change, Op
from driftd.core.retention import DAY, LIVES, Commit, Cursor, Day, Extent, Pruned, Retention
from driftd.errors import DecisionError

if TYPE_CHECKING:
    from tests.fakes.memory_store import MemoryStore


class MemoryChangelog:
    """What the log of a memory store holds."""

    def __init__(self, store: "MemoryStore") -> None:
        self._store = store
        self._first = self._whole = 1
        self._commits: list[Commit] = []
        self._told: dict[int, tuple[Change, Context]] = {}
        self._cursors: dict[str, Cursor] = {}
        self._days: dict[tuple[int, str, str], Day] = {}
        self.free = 0
        """Bytes that `shrink` gives back."""

    def published(self, events: Sequence[tuple[Change, Context]], first: int, at: int) -> None:
        """Take note of events that came to the log at once, as a commit or at the release of one."""
        self._told.update(enumerate(events, first))
        if events:
            self._commits.append(Commit(first, len(events), at))

    def counted(self, events: Sequence[tuple[Change, Context]], at: int) -> None:
        """Count events by the day of their commit."""
        for change, context in events:
            named = (at // DAY, context.connection, context.resource)
            day = self._days.get(named, Day(*named))
            self._days[named] = Day(
                *named,
                day.created + (change.op is Op.CREATE),
                day.updated + (change.op is Op.UPDATE),
                day.deleted + (change.op is Op.DELETE),
            )

    def rewritten(self, connection: str, resource: str, stricter: Callable[[Change], Change]) -> None:
        """Have the events of a resource as field rules have them now."""
        for seq, (change, context) in self._told.items():
            if (context.connection, context.resource) == (connection, resource):
                self._told[seq] = (stricter(change), context)

    def erased(self, seqs: Collection[int]) -> None:
        """Have some events never have been."""
        for seq in seqs:
            self._told.pop(seq, None)

    async def extent(self) -> Extent:
        return Extent(self._first, self._whole, self._store.last_seq, self._bytes())

    async def cursors(self) -> Sequence[Cursor]:
        return [self._cursors[name] for name in sorted(self._cursors)]

    async def move(self, cursor: Cursor) -> None:
        if cursor.name not in self._cursors and len(self._cursors) >= keeping.CURSORS:
            raise DecisionError(f"there are {keeping.CURSORS} cursors already", hint="forget one")
        self._cursors[cursor.name] = cursor

    async def forget(self, name: str) -> bool:
        return self._cursors.pop(name, None) is not None

    async def days(self, since: int, *, connection: str | None = None, resource: str | None = None) -> Sequence[Day]:
        chosen = [each for each in self._days.values() if each.day >= since // DAY]
        chosen = [each for each in chosen if connection in {None, each.connection}]
        return sorted((each for each in chosen if resource in {None, each.resource}), key=astuple)

    async def stamped(self) -> int | None:
        return self._commits[-1].at if self._commits else None

    async def restamp(self, after: int, since: int, until: int) -> int:
        astray = [n for n, each in enumerate(self._commits) if each.first > after and not since <= each.at <= until]
        for number in astray:
            self._commits[number] = self._commits[number]._replace(at=until)
        late = [each for each in self._cursors.values() if each.used_at > until]
        self._cursors.update((each.name, replace(each, used_at=until)) for each in late)
        return len(astray) + len(late)

    async def prune(self, retention: Retention, now: int, budget: float) -> Pruned:
        del budget
        read, before = keeping.read_by_all(self._cursors.values(), now), self._bytes()
        removed, stripped = self._remove(retention, now, read), self._strip(retention, now, read)
        log_bytes = before - self._bytes()
        old = [name for name in self._days if name[0] < (now - retention.counters) // DAY]
        for name in old:
            del self._days[name]
        unused = [each for each in self._cursors.values() if each.used_at < now - max(retention.counters, LIVES)]
        for each in unused:
            del self._cursors[each.name]
        tombstones = sum(shelf.forget(self._first) for shelf in self._store.shelves.values())
        return Pruned(removed, stripped, len(old), tombstones, len(unused), log_bytes)

    async def ripe(self, retention: Retention, now: int) -> Pruned:
        kept = deepcopy(self._store)
        return await kept.changelog.prune(retention, now, 0.0)

    async def shrink(self) -> int:
        given, self.free = min(self.free, 1 << 20), max(0, self.free - (1 << 20))
        return given

    def _remove(self, retention: Retention, now: int, read: int | None) -> int:
        removed = 0
        for commit in self._from(self._first):
            size = keeping.removable(commit, retention, now, read, self._bytes() - retention.log_bytes)
            gone = range(self._first, commit.first + size)
            if not gone:
                break
            removed += sum(self._told.pop(seq, None) is not None for seq in gone)
            self._store.log = [each for each in self._store.log if each.seq >= gone.stop]
            self._first, self._whole = gone.stop, max(self._whole, gone.stop)
            if size < commit.size:
                break
        return removed

    def _strip(self, retention: Retention, now: int, read: int | None) -> int:
        stripped = 0
        for commit in self._from(self._whole):
            bare = range(self._whole, commit.first + keeping.strippable(commit, retention, now, read))
            if not bare:
                break
            for index, each in enumerate(self._store.log):
                if each.seq in bare:
                    change, context = self._told[each.seq]
                    change = replace(change, before=None, after=None)
                    self._store.log[index] = each._replace(envelope=envelope(change, each.seq, context))
                    stripped += 1
            self._whole = bare.stop
            if bare.stop < commit.first + commit.size:
                break
        return stripped

    def _from(self, first: int) -> list[Commit]:
        return [commit for commit in self._commits if commit.first + commit.size > first]

    def _bytes(self) -> int:
        return sum(len(each.envelope) for each in self._store.log)
