"""One seed, played: tenants whose business goes on, daemons that come and go, troubles that strike, and the verdict."""

import asyncio
import gc
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import anyio

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.opening import DATABASE, LOCK
from driftd.adapters.x3 import transport
from driftd.core.reasons import State
from driftd.errors import FencedError, LockedError
from driftd.runtime import book, lag
from driftd.simulator import oauth
from driftd.simulator import Tenant as X3Tenant
from tests.fakes.memory_logbook import MemoryLogbook
from tests.fakes.memory_store import MemoryStore
from tests.fakes.patching import patched
from tests.fakes.virtual import DeadlockError, VirtualClock, virtual_run
from tests.simulation.disk import Disk, Ending, Killed
from tests.simulation.inline import at_once, inlined, looking
from tests.simulation.life import Life, Surroundings
from tests.simulation.manners import Manners
from tests.simulation.network import Asked, Network
from tests.simulation.oracle import Oracle, Reading
from tests.simulation.shape import PLENTY, Shape, config_of, farm_of, shape
from tests.simulation.troubles import LIFE, WAY, Trouble, plan
from tests.simulation.truth import Place, Truth
from tests.simulation.verdict import Verdict

EPOCH = 1_793_000_000_000
"""When it begins, epoch ms: later than the stamps of the simulator's first records."""
PACE = 700.0
"""Seconds between two changes at the tenants, on average."""
SHIFTS = 0.12
"""Share of the requests under which something changes."""


def simulate(seed: int, hours: float = 6.0) -> Verdict:
    """Play a seed: so many hours under faults, then as many quiet ones as it takes; the same seed, the same trace."""
    verdict = Verdict(seed, hours)
    collecting = gc.isenabled()
    gc.disable()  # a seed is over before its cycles are worth a walk
    try:
        with tempfile.TemporaryDirectory(prefix="driftd-sim", dir=_quick()) as folder:
            Play(shape(seed, hours), verdict, Path(folder)).run()
    finally:
        if collecting:
            gc.enable()
    verdict.end()
    return verdict


def _quick() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class Play:
    """One seed while it is played."""

    def __init__(self, given: Shape, verdict: Verdict, folder: Path) -> None:
        self.shape, self.verdict = given, verdict
        self.clock = VirtualClock(EPOCH)
        self.farm = farm_of(given)
        self.farm.clock = self._time
        self.farm.wall = lambda: EPOCH / 1000 + self._time()
        *names, intruder = self.farm
        self.tenants = [self.farm[name] for name in names]
        self.places: list[Place] = [(name, each) for name in names for each in given.classes]
        self.truth = Truth(self.farm, self._time)
        self.oracle = Oracle(self.truth, verdict, self._time)
        self.oracle.watermarked = given.watermark
        self.manners = Manners(given, verdict, self.oracle, self._time)
        self.manners.wall = self.clock.now
        self.network = Network(self.farm, intruder, self.manners, self._chance("network"), given.latency)
        self.network.shift = self._shift
        self.active = self.network.active
        self.business = self._chance("business")
        self.around = Surroundings(
            config_of(given, self.tenants),
            self.clock,
            self._chance("daemon"),
            Disk(self.active, self._chance("disk"), self.manners.struck),
            self.oracle,
            {each.name: each.client_secret for each in self.tenants},
        )
        self.shelf = _Files(folder, self) if given.sqlite else _Memory(self)
        self.lives: list[Life] = []
        self._quiet = False
        self._over = False
        self._armed: list[Trouble] = []

    def run(self) -> None:
        """Play it."""
        with ExitStack() as stack:
            stack.enter_context(patched(transport, "connect", self.network.connect))
            stack.enter_context(patched(book, "EVERY", 30.0))
            stack.enter_context(patched(lag, "PERIOD", 120.0))
            stack.enter_context(patched(oauth, "secrets", _Drawn(self._chance("secrets"))))
            stack.enter_context(inlined(ahead=self.shape.ahead) if self.shape.sqlite else nullcontext())
            stack.enter_context(_chance_of_all(self.shape.seed))
            try:
                virtual_run(self._played)
            except DeadlockError as error:
                self.verdict.broken(0.0, f"DEADLOCK {error}")
        self.shelf.close()

    async def _played(self) -> None:
        ends = self.shape.hours * 3600
        async with anyio.create_task_group() as group:
            group.start_soon(self._lives)
            group.start_soon(self._business, ends)
            for trouble in plan(self.shape, [each.name for each in self.tenants]):
                group.start_soon(self._trouble, trouble)
            await anyio.sleep(ends)
            await self._settled(ends)
            self._over = True
            life = self.lives[-1]
            if life.running is not None:
                self._outputs(life)
            life.ending.scope.cancel()
        self.oracle.follow()
        self.verdict.simulated = self._time() / 3600
        self.shelf.check()

    # --- daemons

    async def _lives(self) -> None:
        while not self._over:
            life = Life(self.around, len(self.lives))
            self.lives.append(life)
            self.verdict.lives += 1
            await self._life(life)
            self.network.dead = False

    async def _life(self, life: Life) -> None:
        try:
            await life.live(self.shelf.opened)
        except* Killed:
            self.network.dead = True
        except* FencedError:
            if not life.ending.usurped:
                raise
            self.verdict.happened(self._time(), "the daemon that lost its store ended")
        killed = life.ending.dead
        if life is self.lives[-1]:
            self.network.cut()
            self.manners.reborn(killed)
            self.oracle.follow()
        if not self._over:
            await anyio.sleep(5)

    # --- tenants

    async def _business(self, ends: float) -> None:
        while True:
            await anyio.sleep(self.business.expovariate(1 / PACE))
            if self._time() >= ends:
                break
            tenant = self.business.choice(self.tenants)
            self._change(tenant, self.business.choice(self.shape.classes))
        for tenant in self.farm.values():
            tenant.settle()

    def _shift(self, asked: Asked) -> None:
        """Let something change while a page is read."""
        place = (asked.tenant, asked.resource)
        for each in self._armed:
            if (each.tenant, each.resource) == place and self.manners.sweeping(asked) and asked.facet == "$query":
                self._armed.remove(each)
                self._omit(each, place)
                break
        if asked.resource and place in self.places and not self._quiet and self.business.random() < SHIFTS:
            self._change(self.farm[asked.tenant], asked.resource)

    def _change(self, tenant: X3Tenant, name: str) -> None:
        there, chance = tenant.ledger.size(name), self.business
        tenant.advance(
            create=chance.choice([0, 1, 2]) if there < self.shape.records * 1.4 else 0,
            update=chance.choice([0, 1, 3]),
            update_lines=0,
            delete=chance.choice([0, 0, 1]) if there > self.shape.records * 0.7 else 0,
            late=chance.choice([0, 0, 0, 1, 2]),
            late_by=chance.choice([20.0, 200.0, 500.0]),
            resource=name,
        )

    # --- troubles

    async def _trouble(self, trouble: Trouble) -> None:
        await anyio.sleep(trouble.begins)
        self.verdict.happened(self._time(), f"trouble begins: {trouble}")
        self.active.append(trouble)
        end = self._begun(trouble)
        await anyio.sleep(max(0.0, trouble.ends - self._time()))
        self.active.remove(trouble)
        if end is not None:
            end()
        self.verdict.happened(self._time(), f"trouble ends: {trouble.kind}")

    def _begun(self, trouble: Trouble) -> Callable[[], None] | None:
        """Begin what is no matter of single requests; return how it ends."""
        tenant = self.farm[trouble.tenant]
        places = [(tenant.name, each) for each in self.shape.classes if trouble.resource in {"", each}]
        kind = trouble.kind
        if kind in WAY:
            return self._down()
        if kind in LIFE:
            self._ended(trouble)
        elif kind in {"clock_ahead", "clock_back"}:
            self._counted(trouble)
            self.clock.jump(round((1 if kind == "clock_ahead" else -1) * 21_600_000 * trouble.number))
        elif kind == "revoked":
            self._counted(trouble)
            tenant.revoke_tokens()
        elif kind == "rotated":
            return self._rotated(trouble, tenant)
        elif kind == "tenant_clock":
            self._counted(trouble)
            tenant.switches.clock_skew = 7200 * (trouble.number - 0.5)
            return partial(setattr, tenant.switches, "clock_skew", 0.0)
        elif kind in {"forbidden", "unlicensed"}:
            tenant.set_access({each: kind for _, each in places})
            return lambda: tenant.set_access({each: "open" for _, each in places})
        elif kind == "filtered":
            return self._filtered(trouble, tenant)
        elif kind == "emptied":
            return self._hidden(places[0])
        elif kind == "omitted":
            self._armed.append(trouble)
            return lambda: self._armed.remove(trouble) if trouble in self._armed else None
        elif kind in {"giant", "keyless", "twins"}:
            return self._bad_record(trouble, tenant, places[0][1])
        return None

    def _counted(self, trouble: Trouble) -> None:
        self.manners.struck(trouble.kind, "")

    def _down(self) -> Callable[[], None]:
        self.manners.down(is_down=True)
        self.network.cut()

        def up() -> None:
            self.manners.down(is_down=any(each.kind in WAY for each in self.active))

        return up

    def _rotated(self, trouble: Trouble, tenant: X3Tenant) -> Callable[[], None]:
        self._counted(trouble)
        fresh = tenant.rotate_secret()
        tenant.revoke_tokens()

        def mended() -> None:
            self.around.secrets[tenant.name] = tenant.client_secret
            self.manners.secrets.add(fresh)

        return mended

    def _hidden(self, place: Place) -> Callable[[], None]:
        """Note that records of a class are concealed from now on; return how that ends."""
        self.oracle.concealed[place] = float("inf")
        return lambda: self.oracle.concealed.update({place: self._time()})

    def _filtered(self, trouble: Trouble, tenant: X3Tenant) -> Callable[[], None]:
        name = trouble.resource
        keys = sorted(self.truth.now((tenant.name, name)))
        kept = set(keys[:: 4 + int(4 * trouble.number)])
        key = tenant.classes[name].key
        tenant.filter(name, lambda record: tuple(record.get(each) for each in key) in kept)
        self._counted(trouble)
        shown = self._hidden((tenant.name, name))

        def end() -> None:
            tenant.filter(name)
            shown()

        return end

    def _omit(self, trouble: Trouble, place: Place) -> None:
        """Conceal one record or two for less than a second look waits."""
        tenant, name = self.farm[place[0]], place[1]
        keys = sorted(self.truth.now(place))
        if not keys:
            return
        gone = {keys[int(trouble.number * len(keys))], keys[-1 - int(trouble.number * len(keys))]}
        key = tenant.classes[name].key
        tenant.filter(name, lambda record: tuple(record.get(each) for each in key) not in gone)
        self._counted(trouble)
        shown = self._hidden(place)

        def end() -> None:
            tenant.filter(name)
            shown()

        asyncio.get_running_loop().call_later(25.0, end)

    def _bad_record(self, trouble: Trouble, tenant: X3Tenant, name: str) -> Callable[[], None] | None:
        known = self.truth.now((tenant.name, name))
        if not known:
            return None
        self._counted(trouble)
        key = sorted(known)[int(trouble.number * len(known))]
        record: dict[str, Any] = known[key]
        number = next(each for each in ("OST", "BASPRI") if each in record)
        if trouble.kind == "giant":
            giants = [2**70 + 1, Decimal("0.1234567890123456789"), Decimal("12345678901234567890.25"), -(2**63) - 5]
            for digit, giant in enumerate(giants):
                tenant.put(name, record | {number: giant if (digit + int(9 * trouble.number)) % 2 else giants[0]})
            return None
        names = tenant.classes[name].key
        if trouble.kind == "keyless":
            tenant.put(name, record | dict.fromkeys(names))
            return lambda: _removed(tenant, name, (None,) * len(names))
        tenant.put_duplicate(name, key, {number: 42})

        def end() -> None:
            _removed(tenant, name, key)
            tenant.put(name, record)

        return end

    def _ended(self, trouble: Trouble) -> None:
        """Have the daemon end, or meet another one."""
        life, calls = self.lives[-1], int(60 * trouble.number)
        if trouble.kind in {"killed", "cancelled"}:
            self._counted(trouble)
            life.ending.arm(calls, kill=trouble.kind == "killed")
        elif trouble.kind == "stopped" and life.running is not None:
            self._counted(trouble)
            asyncio.get_running_loop().create_task(life.stop())
        elif trouble.kind in {"usurped", "second_daemon"}:
            self.shelf.visited(trouble)

    # --- the end

    async def _settled(self, ends: float) -> None:
        """Wait until everything has been swept again and is as it is at the tenants."""
        self._quiet = True
        bound = 3 * self.shape.sweep + 4 * 3600 + (40 * 3600 if self.shape.budget < PLENTY else 0)
        while True:
            await anyio.sleep(300)
            wrong = [f"{name} {each}: {told}" for name, each in self.places if (told := self._unsettled((name, each), ends))]
            if not wrong:
                return
            if self._time() > ends + bound:
                for each in wrong:
                    self.oracle.broken(f"{each}, {bound / 3600:.1f} h after the last fault")
                return

    def _unsettled(self, place: Place, ends: float) -> str:
        told = self.oracle.settled(place, ends)
        running = self.lives[-1].running
        if told or running is None:
            return told or "nothing runs"
        status = next(each for each in running.status().connections if each.name == place[0])
        return "" if status.state is State.OK else f"the connection is {status.state}"

    def _outputs(self, life: Life) -> None:
        """Look for secrets in everything that is shown."""
        assert life.running is not None
        secrets = self._secrets()
        for what, text in (("the status", repr(life.running.status())), ("the log", repr(self.around.lines))):
            if any(secret in text for secret in secrets):
                self.oracle.broken(f"a secret stands in {what}")
        bugs = [f"{event}: {facts!r}" for level, event, facts in self.around.lines if "bug" in event]
        for each in bugs[:3]:
            self.oracle.broken(f"BUG {each}")

    def _secrets(self) -> set[str]:
        found: set[str] = set()
        for tenant in self.tenants:
            found |= {tenant.client_secret, *tenant.credentials.former, *tenant.credentials.tokens}
        return found

    def _chance(self, of: str) -> Random:
        return Random(f"{self.shape.seed}/{of}")

    def _time(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 0.0


class _Memory:
    """The store in memory, which outlives its daemons."""

    def __init__(self, play: Play) -> None:
        ids = count(1)
        self.store, self.logbook = MemoryStore(lambda: f"{next(ids):032x}"), MemoryLogbook()
        self._play = play
        play.oracle.reading = Reading(
            lambda seq: at_once(self.store.read_changes(seq, 10_000)),  # type: ignore[arg-type] # a coroutine
            self._snapshot,
        )

    @asynccontextmanager
    async def opened(self, ending: Ending) -> AsyncIterator[tuple[Any, Any]]:
        del ending
        yield self.store, self.logbook

    def _snapshot(self, place: Place) -> dict[bytes, tuple[bytes, int | None]] | None:
        page: Any = at_once(self.store.read_records(*place, after=None, limit=10_000))  # type: ignore[arg-type]
        return {each.key: (each.body, each.absent_since) for each in page.records}

    def visited(self, trouble: Trouble) -> None:
        """A store in memory has one daemon."""

    def check(self) -> None:
        """Nothing of it is on a disk."""

    def close(self) -> None:
        """Nothing is open."""


class _Files:
    """The store in files: of each daemon that is killed the next one gets a copy, as it was at that moment."""

    def __init__(self, folder: Path, play: Play) -> None:
        self._play = play
        self._folder = folder
        self._numbers = count()
        self._ids = count(1)
        self._directory = folder / f"{next(self._numbers)}"
        self._stack = ExitStack()
        self._reader: SqliteStore | None = None
        play.oracle.reading = Reading(self._changes, self._snapshot)

    @asynccontextmanager
    async def opened(self, ending: Ending) -> AsyncIterator[tuple[Any, Any]]:
        ending.at_death = partial(self._copied, self._directory)
        clock = self._play.clock
        ids = self._ids
        async with SqliteStore.open(
            self._directory,
            clock_now=clock.now,
            cycle_id=lambda: f"{next(ids):032x}",
            monotonic=clock.monotonic,
        ) as store:
            self._look()
            yield store, store.logbook

    def _copied(self, directory: Path) -> None:
        """Keep what a kill leaves."""
        if directory != self._directory:
            return
        self.close()
        self._directory = self._folder / f"{next(self._numbers)}"
        shutil.copytree(directory, self._directory, ignore=shutil.ignore_patterns("*-shm", LOCK))
        self._look()

    def _look(self) -> None:
        self.close()
        self._reader = self._stack.enter_context(looking(self._directory))

    def _changes(self, seq: int) -> Any:
        return at_once(self._reader.read_changes(seq, 10_000)) if self._reader else ()  # type: ignore[arg-type]

    def _snapshot(self, place: Place) -> dict[bytes, tuple[bytes, int | None]] | None:
        assert self._reader is not None
        page: Any = at_once(self._reader.read_records(*place, after=None, limit=10_000))  # type: ignore[arg-type]
        return {each.key: (each.body, each.absent_since) for each in page.records}

    def visited(self, trouble: Trouble) -> None:
        """Have a second daemon come: it finds the lock, or takes the store where the lock was lost."""
        play = self._play
        if trouble.kind == "second_daemon":
            play.manners.struck("second_daemon", "")
            try:
                at_once(SqliteStore.open(self._directory, clock_now=play.clock.now).__aenter__())  # type: ignore[arg-type]
            except LockedError:
                return
            except RuntimeError:
                pass
            play.oracle.broken("a second daemon could open the store")

    def check(self) -> None:
        """Look for secrets in the file."""
        stored = (self._directory / DATABASE).read_bytes()
        if any(secret.encode() in stored for secret in self._play._secrets()):
            self._play.oracle.broken("a secret stands in the database")

    def close(self) -> None:
        """Close what the oracle reads."""
        self._stack.close()
        self._stack = ExitStack()
        self._reader = None


class _Drawn:
    """Takes the place of `secrets`: tokens from the seed."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def token_urlsafe(self, size: int) -> str:
        """Return a token."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return "".join(self._chance.choices(alphabet, k=size * 4 // 3))


@contextmanager
def _chance_of_all(seed: int) -> Iterator[None]:
    """Seed what draws from the module's own generator, and give it back as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _removed(tenant: X3Tenant, name: str, key: tuple[Any, ...]) -> None:
    if tenant.ledger.tables[name].twins(key):
        tenant.remove(name, key)
