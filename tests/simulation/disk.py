"""The store as the daemon has it: slow, full, and the place where most daemons of the simulation die."""

import inspect
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.lowlevel

from driftd.core.model import Details, JsonObject, KeyBytes, Kind, Page, Prototypes, Query, Resource
from driftd.errors import Reason, SourceError, StoreError
from driftd.ports import Outcome, Source
from tests.simulation.network import CALL, NEVER_A_PAGE, Call
from tests.simulation.oracle import Oracle
from tests.simulation.troubles import Trouble
from tests.simulation.truth import Place

_WRITES = frozenset({"begin", "stage", "commit", "write", "file", "prune"})


class Killed(BaseException):
    """The process is no more: whatever it still tries comes to nothing."""


class Ending:
    """How one daemon ends before its time: at the n-th call of store or source from a moment on."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.dead = False
        """Whether it was killed: then nothing of it has an effect any more."""
        self.usurped = False
        """Whether another daemon owns the store: then nothing of it may be written any more."""
        self.at_death: Callable[[], None] = lambda: None
        self._left: int | None = None
        self._kills = False
        self.points = 0

    def arm(self, calls: int, *, kill: bool) -> None:
        """Have it end after so many calls."""
        self._left, self._kills = calls, kill

    async def point(self) -> None:
        """Be a place at which it may end; raises `Killed`."""
        self.points += 1
        if self.dead:
            raise Killed
        if self._left is None:
            return
        self._left -= 1
        if self._left >= 0:
            return
        self._left = None
        self.scope.cancel()
        if self._kills:
            self.dead = True
            self.at_death()
            raise Killed
        await anyio.lowlevel.checkpoint()


class Disk:
    """What the disk does to each call of the store."""

    def __init__(self, active: list[Trouble], chance: Random, struck: Callable[[str, str], None]) -> None:
        self._active = active
        self._chance = chance
        self._struck = struck

    async def serve(self, name: str) -> None:
        """Take the time that a call takes; raises `StoreError` where there is no room."""
        for each in self._active:
            if each.kind == "slow_disk":
                self._struck("slow_disk", name)
                await anyio.sleep(20.0 * each.number * self._chance.random())
            if each.kind == "full_disk" and name in _WRITES and self._chance.random() < each.share:
                self._struck("full_disk", name)
                raise StoreError("the disk is full: free some space")


class Stored:
    """A store, casebook, logbook or open cycle whose every call may be slow, fail, or be the last one."""

    def __init__(self, inner: Any, disk: Disk, ending: Ending) -> None:
        self._inner = inner
        self._disk = disk
        self._ending = ending

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            return await self.served(name, found, *arguments, **named)

        self.__dict__[name] = call
        return call

    async def served(self, name: str, what: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        await self._ending.point()
        await self._disk.serve(name)
        answer = await what(*arguments, **named)
        await self._ending.point()
        return answer


class WatchedStore(Stored):
    """The store of one daemon, with the oracle told of each cycle and commit."""

    def __init__(self, inner: Any, disk: Disk, ending: Ending, oracle: Oracle) -> None:
        super().__init__(inner, disk, ending)
        self._oracle = oracle
        self.casebook = Stored(inner.casebook, disk, ending)

    async def begin(self, resource: Resource, kind: Kind, **named: Any) -> "WatchedCycle":
        place = (resource.connection, resource.name)
        opened = await self.served("begin", self._inner.begin, resource, kind, **named)
        self._oracle.begun(place, kind)
        return WatchedCycle(opened, self._disk, self._ending, self._oracle, place)


class WatchedCycle(Stored):
    """An open cycle."""

    def __init__(self, inner: Any, disk: Disk, ending: Ending, oracle: Oracle, place: Place) -> None:
        super().__init__(inner, disk, ending)
        self._oracle = oracle
        self._place = place

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ending.dead:
            raise Killed
        await self._inner.__aexit__(kind, error, traceback)

    async def commit(self, *arguments: Any) -> Outcome:
        await self._ending.point()
        await self._disk.serve("commit")
        done = False
        try:
            outcome: Outcome = await self._inner.commit(*arguments)
            done = True
        finally:
            self._oracle.committed(self._place, ok=done)
        if self._ending.usurped:
            self._oracle.broken(f"{self._place}: a daemon committed although a later one owns the store")
        await self._ending.point()
        return outcome


class WatchedSource:
    """The source of one connection: what it takes for records must not have been spoilt."""

    def __init__(self, inner: Source, ending: Ending, oracle: Oracle) -> None:
        self._inner = inner
        self._ending = ending
        self._oracle = oracle
        self.split, self.keys = inner.split, inner.keys

    def decode(self, record: bytes) -> JsonObject:
        return self._inner.decode(record)

    async def page(self, resource: Resource, query: Query) -> Page:
        page: Page = await self._asked(resource, "page", self._inner.page, resource, query)
        return page

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        details: Details = await self._asked(resource, "details", self._inner.details, resource, key)
        return details

    async def prototypes(self, resource: Resource) -> Prototypes:
        prototypes: Prototypes = await self._asked(resource, "", self._inner.prototypes, resource)
        return prototypes

    async def _asked(self, resource: Resource, taken: str, what: Callable[..., Any], *arguments: Any) -> Any:
        await self._ending.point()
        call = Call(self._ending)
        mark = CALL.set(call)
        try:
            answer = await what(*arguments)
        except SourceError as error:
            if error.requests and self._oracle.calm() and error.reason is not Reason.BUDGET_EXHAUSTED:
                self._oracle.broken(f"{resource.connection} {resource.name}: {error} where nothing is wrong")
            raise
        finally:
            CALL.reset(mark)
        last = call.answers[-1] if call.answers else ""
        told = getattr(answer, "record", answer) is not None  # else it only says that the record is gone
        if taken and told and last in NEVER_A_PAGE:
            self._oracle.broken(f"{resource.connection} {resource.name}: {last} was taken for a {taken}")
        await self._ending.point()
        return answer
