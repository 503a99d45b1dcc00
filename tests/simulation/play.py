"""One seed, played: daemons come and go while troubles strike, then everything must be as at the tenants."""

import asyncio
import gc
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import anyio

from driftd.adapters.x3 import dial, transport
from driftd.core.reasons import State
from driftd.errors import FencedError
from driftd.runtime import book, lag
from driftd.simulator import oauth
from tests.fakes import virtual
from tests.fakes.patching import patched
from tests.simulation.business import Business
from tests.simulation.disk import Killed
from tests.simulation.inline import inlined
from tests.simulation.life import TICK, Life
from tests.simulation.network import Asked
from tests.simulation.outputs import shown_wrongly
from tests.simulation.scene import Drawn, Scene, chance
from tests.simulation.shape import PLENTY, Shape, shape
from tests.simulation.stores import FileShelf, MemoryShelf, Shelf
from tests.simulation.strikes import Strikes
from tests.simulation.troubles import LIFE, Trouble, plan
from tests.simulation.truth import Place
from tests.simulation.verdict import Verdict

FENCED = 2 * 3600.0 + TICK
"""Seconds within which a daemon must end whose store another one has taken: it learns so when it writes."""
AFTER = 5.0
"""Seconds until a new daemon is started."""
LOOK = 300.0
TASKS, PER_RESOURCE = 25, 8
"""Tasks that a daemon and the play may have, and those for each resource polled."""
SPINS = 10_000
"""Rounds of the loop at one instant that count as spinning."""


def simulate(seed: int, hours: float = 6.0) -> Verdict:
    """Play a seed: so many hours under faults, then as many quiet ones as it takes; the same seed, the same trace."""
    verdict = Verdict(seed, hours)
    collecting = gc.isenabled()
    gc.disable()  # a seed is over before its cycles are worth a walk
    try:
        with tempfile.TemporaryDirectory(prefix="driftd-sim", dir=_quick()) as folder:
            _played(shape(seed, hours), verdict, Path(folder))
    finally:
        if collecting:
            gc.enable()
    verdict.end()
    return verdict


def _played(given: Shape, verdict: Verdict, folder: Path) -> None:
    scene = Scene.of(given, verdict)
    shelf: Shelf = FileShelf(folder, scene) if given.sqlite else MemoryShelf(scene)
    with ExitStack() as stack:
        stack.callback(shelf.close)
        stack.enter_context(patched(transport, "connect", scene.network.connect))
        stack.enter_context(patched(dial, "resolved", scene.network.resolved))
        stack.enter_context(patched(book, "EVERY", 30.0))
        stack.enter_context(patched(lag, "PERIOD", 120.0))
        stack.enter_context(patched(virtual, "_MOST_ROUNDS", SPINS))
        stack.enter_context(patched(oauth, "secrets", Drawn(chance(given, "secrets"))))
        stack.enter_context(inlined(ahead=given.ahead) if given.sqlite else nullcontext())
        stack.enter_context(_chance_of_all(given.seed))
        try:
            virtual.virtual_run(Play(scene, shelf).run)
        except virtual.DeadlockError as error:
            verdict.broken(0.0, f"STUCK {error}")


class Play:
    """One seed while it is played."""

    def __init__(self, scene: Scene, shelf: Shelf) -> None:
        self._scene = scene
        self._shelf = shelf
        self._business = Business(scene)
        self._strikes = Strikes(scene)
        self._over = False
        self._next = anyio.Event()
        """Set when a further daemon is to be started."""
        scene.network.shift = self._shift

    async def run(self) -> None:
        """Play it."""
        scene = self._scene
        ends = scene.shape.hours * 3600
        async with anyio.create_task_group() as group:
            self._group = group
            scene.verdict.stop = group.cancel_scope.cancel
            group.start_soon(self._lives)
            group.start_soon(self._business.run)
            group.start_soon(self._sizes)
            troubles = plan(scene.shape, [each.name for each in scene.tenants])
            self._troubles = 2 * len(troubles)
            for trouble in troubles:
                group.start_soon(self._strikes.run, trouble)
                if trouble.kind in LIFE:
                    group.start_soon(self._end, trouble)
            await anyio.sleep(ends + 0.001)
            self._business.rest()
            await self._settled(ends)
            self._over = True
            for told in shown_wrongly(scene):
                scene.oracle.broken(told)
            group.cancel_scope.cancel()
        scene.verdict.simulated = scene.now / 3600
        if self._over:
            scene.oracle.follow()
            self._shelf.check()

    def _shift(self, asked: Asked) -> None:
        """Let things happen while a request is under way."""
        self._strikes.aim(asked)
        self._business.shift(asked)

    # --- daemons

    async def _lives(self) -> None:
        """Start a daemon whenever one has ended, or has to meet another one."""
        scene = self._scene
        while not self._over:
            life = Life(scene.around, len(scene.lives))
            scene.lives.append(life)
            scene.verdict.lives += 1
            self._next = anyio.Event()
            self._group.start_soon(self._live, life)
            await self._next.wait()

    async def _live(self, life: Life) -> None:
        scene = self._scene
        try:
            await life.live(self._shelf.opened)
        except* Killed:
            pass
        except* FencedError:
            if life is scene.lives[-1]:
                scene.oracle.broken("a daemon ended as if another one owned its store")
            scene.happened("the daemon that lost its store ended")
        except* Exception as errors:
            scene.oracle.broken(f"ENDED {errors.exceptions[0]!r}")
        life.ended = True
        if life is not scene.lives[-1] or self._over:
            return
        scene.happened("the daemon ended")
        scene.network.cut()
        scene.manners.reborn(life.ending.dead)
        scene.oracle.follow()
        await anyio.sleep(AFTER)
        self._next.set()

    async def _end(self, trouble: Trouble) -> None:
        """Have the daemon end, or meet another one."""
        await anyio.sleep(trouble.begins)
        scene, life = self._scene, self._scene.lives[-1]
        if trouble.kind in {"killed", "cancelled"}:
            scene.manners.struck(trouble.kind, "")
            life.ending.arm(int(60 * trouble.number), kill=trouble.kind == "killed")
        elif trouble.kind == "stopped":
            scene.manners.struck(trouble.kind, "")
            await life.stop()
        elif trouble.kind == "second_daemon":
            self._shelf.visited()
        elif life.running is not None and not life.ended and self._shelf.unlocked():
            await self._usurped(life)

    async def _usurped(self, life: Life) -> None:
        """Start a second daemon on the store of one that lives: the first must end, and write nothing more."""
        scene = self._scene
        scene.manners.struck("usurped", "")
        scene.manners.forgotten()
        self._next.set()
        await anyio.sleep(0.001)
        life.ending.usurped = True
        await anyio.sleep(FENCED)
        if not life.ended:
            scene.oracle.broken("a daemon lives on although a later one owns its store")
            life.ending.scope.cancel()

    async def _sizes(self) -> None:
        """See that tasks stay few, whatever fails."""
        resources = len(self._scene.places)
        while True:
            await anyio.sleep(1801)
            tasks = len(asyncio.all_tasks()) - len(self._scene.active)
            most = TASKS + PER_RESOURCE * resources + self._troubles
            if tasks > most:
                self._scene.oracle.broken(f"{tasks} tasks live, more than {most}")

    # --- the end

    async def _settled(self, ends: float) -> None:
        """Wait until everything has been swept again and is as it is at the tenants."""
        given, scene = self._scene.shape, self._scene
        days = 4 if given.budget < PLENTY else 0  # a clock put back lives days again whose requests are used up
        bound = 3 * given.sweep + 4 * 3600 + days * 86_400
        while True:
            await anyio.sleep(LOOK)
            told = {place: self._unsettled(place, ends) for place in scene.places}
            if not any(told.values()):
                return
            if scene.now > ends + bound:
                for (name, each), wrong in told.items():
                    if wrong:
                        scene.oracle.broken(f"{name} {each}: {wrong}, {bound / 3600:.1f} h after the last fault")
                return

    def _unsettled(self, place: Place, ends: float) -> str:
        told, running = self._scene.oracle.settled(place, ends), self._scene.lives[-1].running
        if told or running is None:
            return told or "nothing runs"
        status = next((each for each in running.status().connections if each.name == place[0]), None)
        if status is None:
            return "it is not polled"
        return "" if status.state is State.OK else f"the connection is {status.state}"


def _quick() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextmanager
def _chance_of_all(seed: int) -> Iterator[None]:
    """Seed what draws from the module's own generator, and give it back as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
