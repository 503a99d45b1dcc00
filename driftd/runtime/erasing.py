"""A person's record is erased: at once, from all that is stored of it, with a row in the audit log that names nobody.

It waits for the end of a cycle of the resource and holds off the next, so that no cycle writes it again. What stands
for it afterwards is a hash of its key with a key that is not in the database: by it the next sweep passes it over.
What was interrupted goes on by what the store remembers of it: nobody has to name the record again.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec.structs import replace

from driftd.core import diff
from driftd.core.alerts.model import Deed
from driftd.core.decision import Removal, check_removal
from driftd.core.model import Confidence, JsonObject, KeyBytes, Kind, Resource
from driftd.errors import DamagedStoreError, DecisionError, FencedError, FullStoreError, StoreError
from driftd.ports import Clock, Detected, Erased, Erasure, Store
from driftd.runtime.checks import Start
from driftd.runtime.decisions import Names, idle
from driftd.runtime.detect import Detector
from driftd.runtime.settling import Site
from driftd.runtime.tally import Tally
from driftd.runtime.veiling import erasure

TRIES: Final = 20
"""How often the logs are asked to let go of what was erased, half a second apart."""
BEGUN: Final = "the erasure has begun, and goes on by itself with `driftd run`, or with the next `driftd db erase`"
NO_ROOM: Final = "there is not enough room to write its resource anew: free disk space"


def _any() -> None:
    """Return that there is no bound to the room."""


class Erasing:
    """Carries erasures out."""

    def __init__(
        self, detector: Detector, store: Store, clock: Clock, sites: Callable[[], Mapping[Names, Site]]
    ) -> None:
        self._detector = detector
        self._store = store
        self._clock = clock
        self._sites = sites

    async def erase(self, wanted: Removal) -> str:
        """Erase a record and say what was done.

        Raises `DecisionError` for a key of which nothing is known, or while a cycle runs; `SourceError` where the key
        of hashes is not to be had; `StoreError` where it is not written.
        """
        check_removal(wanted)
        names = wanted.connection, wanted.resource
        site = self._sites().get(names)
        if site is None:
            hint = "see which there are: `driftd check config`"
            raise DecisionError(f'"{names[1]}" of "{names[0]}" is not configured', hint=hint, unknown=True)
        try:
            return await self._carried_out(site.resource, wanted)
        except (FencedError, DamagedStoreError):
            raise
        except StoreError as error:
            if names not in await self._store.unfinished():
                raise
            raise StoreError(f"{error}; {BEGUN}") from error

    async def unfinished(self) -> Sequence[Names]:
        """Return the resources of which an erasure has not come to its end; raises `StoreError`."""
        return sorted(await self._store.unfinished())

    async def resume(self, names: Names, spare: Callable[[], int | None] = _any) -> bool | None:
        """Go on with what was interrupted of a resource, once no cycle of it runs, configured or not.

        Returns whether nothing is left of it; None where there was nothing to do. Raises `FullStoreError` where it
        could take more than the bytes that `spare` gives (None: however many), and `StoreError`.
        """
        async with self._detector.busy[names], self._detector.locks[names]:
            if names not in await self._store.unfinished():
                return None
            async with self._taken_out(names):
                room = spare()
                if room is not None and not await self._store.fits(*names, room):
                    raise FullStoreError(NO_ROOM)
                return await self._store.wipe(*names)

    async def _carried_out(self, resource: Resource, wanted: Removal) -> str:
        names = resource.connection, resource.name
        async with idle(self._detector.busy[names], names), self._detector.locks[names]:
            key = await self._known(resource, wanted)
            done = await self._erased(resource, key, wanted)
            async with self._taken_out(names):
                wiped = await self._wiped(names)
        return _said(resource, done, wanted, wiped=wiped)

    @asynccontextmanager
    async def _taken_out(self, names: Names) -> AsyncIterator[None]:
        """Have what bears the keys of erased records be gone, in memory too, so that it is not written again."""
        keys = await self._store.resume(*names)
        with self._detector.alarms.untold(*names, keys):
            yield

    async def _known(self, resource: Resource, wanted: Removal) -> KeyBytes:
        """Return the key that is meant: of a record that is stored, or of one that was erased before."""
        stored = await self._store.known(resource, wanted.keys)
        found = next((key for key in wanted.keys if key in stored), None)
        if found is not None:
            return found
        erased = await self._store.erased(resource)
        hashed = {await self._hash(resource, key): key for key in wanted.keys} if erased else {}
        again = next((key for record, key in hashed.items() if record in erased), None)
        waiting = (await self._store.unfinished()).get((resource.connection, resource.name), frozenset())
        if again is not None and (wanted.forget or await self._hash(resource, again) in waiting):
            return again
        names = f"of {resource.name} of {resource.connection}"
        if again is not None:
            hint = "with --forget the next sweep sees it as new"
            raise DecisionError(f"this record {names} was erased before", hint=hint)
        hint = "`driftd records` lists the keys there are, and takes a key in the same form"
        raise DecisionError(f"no record {names} has this key", hint=hint, unknown=True)

    async def _erased(self, resource: Resource, key: KeyBytes, wanted: Removal) -> Erased:
        now, record = self._clock.now(), await self._hash(resource, key)
        detected = await self._without(resource, key, now)
        deed = Deed(
            at=now,
            by=wanted.by.strip(),
            action="erase",
            connection=resource.connection,
            resource=resource.name,
            subject=record.hex(),
            reason=wanted.reason.strip(),
            after="may be seen again" if wanted.forget else "",
        )
        what = Erasure(key, record, now, replace(detected, deeds=[deed]), forget=wanted.forget)
        done = await self._store.erase(resource, what)
        self._detector.found((resource.connection, resource.name), detected.facts)
        return done

    async def _without(self, resource: Resource, key: KeyBytes, now: int) -> Detected:
        """Return what detection remembers once the record is gone: what it added is taken back."""
        stored = (await self._store.known(resource, [key])).get(key)
        if stored is None or stored.deleted_at is not None:
            return Detected()
        start = Start(resource, Kind.PROBE, now, await self._store.standing(resource), erasing=True)
        names = (resource.connection, resource.name)
        others = {name: site.resource for (connection, name), site in self._sites().items() if connection == names[0]}
        detection = self._detector.begin(start, others.get, _nothing)
        row, change = diff.deleted(stored, resource, Confidence.OBSERVED, page=0, row=0, now=now)
        await detection.changed([row], [change])
        verdict = await detection.conclude(None, Tally(resource, Kind.PROBE), now)
        self._detector.decided[names] += 1
        found = verdict.detected or Detected()
        memory = found.memory and replace(found.memory, review=_other(found.memory.review, key))
        return Detected(memory=memory, facts=found.facts)

    async def _hash(self, resource: Resource, key: KeyBytes) -> bytes:
        return erasure(await self._detector.secret(resource.connection), resource.name, key)

    async def _wiped(self, names: Names) -> bool:
        for _ in range(TRIES):
            if await self._store.wipe(*names):
                return True
            await self._clock.sleep(0.5)
        return False


def _nothing(_record: bytes) -> JsonObject:
    raise RuntimeError("nothing is read here")


def _other(review: KeyBytes | None, key: KeyBytes) -> KeyBytes | None:
    """Return how far a review has come, without naming the record: it then begins again."""
    return b"" if review == key else review


def _said(resource: Resource, done: Erased, wanted: Removal, *, wiped: bool) -> str:
    said = [f"erased from {resource.name} of {resource.connection}: the record and {done.events} change events"]
    if wanted.forget:
        said.append("the next sweep sees it as new if the tenant still shows it")
    else:
        said.append("it is not seen again: --forget lifts that")
    if done.naming:
        said.append(f"{done.naming} records of other classes still name its key; erase them too if they are to go")
    if not wiped:
        said.append(f"a reader still holds on to pages of before; {BEGUN}")
    said.append("backups made before still have it, until they are deleted")
    return "\n".join(said)
