"""Seeded trials of guards of the store, on a database of its own."""

from random import Random

from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.core.model import KeyBytes, Kind, Page, Query
from driftd.core.retention import DAY, Cursor, Retention
from driftd.runtime.cycle import cycle
from tests.contracts.staged import created, poll
from tests.contracts.stores import Dial, room
from tests.fakes.detection import detector_of
from tests.guards.trials import RECORDS, story
from tests.runtime.world import NAME, World, key, row
from tests.simulation.inline import at_once, inlined


@story
async def halfway(chance: Random) -> str | None:
    """A sweep is written ahead, and looked at from beside before its last page: nothing of it is to be seen."""
    world, keys = World.of(2 * RECORDS), [key(10 * number) for number in range(1, RECORDS + 1)]
    seen: list[KeyBytes] = []
    with room() as data_dir, inlined(ahead=True):
        async with SqliteStore.open(data_dir, clock_now=world.clock.now) as store:
            tenant = replace(world.tenant(store=store), detector=detector_of(store))
            await cycle(tenant, world.resource, Kind.SWEEP)
            before = await store.known(world.resource, keys)

            def look(_name: str, asked: Query | KeyBytes) -> Page | None:
                if isinstance(asked, Query) and asked.after is not None and asked.after >= key(20 * RECORDS - 100):
                    now = at_once(store.known(world.resource, keys))
                    seen.extend(each for each in keys if before[each].body != now[each].body)
                return None

            changed = chance.sample(range(1, RECORDS + 1), chance.randint(15, RECORDS))
            world.source.put(NAME, [row(10 * number, NAME="another") for number in changed])
            world.source.faults = look
            await cycle(tenant, world.resource, Kind.SWEEP)
    return f"INVENTED {seen[0].decode()}, by a sweep that is not over" if seen else None


@story
async def unread(chance: Random) -> str | None:
    """A log is pruned whose events some reader has not read yet; all others are as old as they may become."""
    kept, dial = Retention(), Dial(DAY)
    with room() as data_dir, inlined(ahead=False):
        async with SqliteStore.open(data_dir, clock_now=lambda: dial.now) as store:
            for commit in range(chance.randint(2, 6)):
                await poll(store, *(created(f"{commit} {each}") for each in range(chance.randint(1, 5))))
            last = (await store.changelog.extent()).last
            dial.now += chance.choice([31, 91, 200]) * DAY
            read = chance.randrange(last)
            await store.changelog.move(Cursor("slow", read, dial.now - chance.randint(0, 29) * DAY))
            await store.changelog.prune(kept, dial.now, 60.0)
            extent = await store.changelog.extent()
    if extent.first > read + 1 or extent.whole > read + 1:
        return f"LOST, event {read + 1} went before its reader had read it"
    return None
