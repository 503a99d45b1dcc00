"""Where a scenario plays: a base that everything begins with, and a copy of it that is hurt and goes on."""

import asyncio
import json
import os
import pickle
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from typing import TypeVar

from tests.crash.differing import Difference, Shown
from tests.crash.polls import settle
from tests.crash.scenarios import Act, Scenario
from tests.crash.shown import shown
from tests.crash.steps import Steps

T = TypeVar("T")

Picks = Callable[[int], Iterable[int]]
"""Given how many points there are, those to try."""


@dataclass
class Row:
    """What became of one scenario."""

    name: str
    steps: Counter[str] = field(default_factory=Counter)
    """What it does to its directory, by kind."""
    counts: Counter[str] = field(default_factory=Counter)
    """Its points, and those after which it survived, or which count as a `Difference` says."""
    differing: list[int] = field(default_factory=list)
    """Points after which something else was shown in the end."""
    first: str = ""
    """How the first of them differs."""

    def met(self, point: int, found: Difference) -> None:
        """Book a point."""
        self.counts.update(["points", *(found.columns or ["survived"])])
        if found.columns:
            self.differing.append(point)
            self.first = self.first or str(found)


def in_child(work: Callable[[], Coroutine[object, object, None]]) -> int:
    """Run `work` in a process of its own, forked while this one has no thread, and return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        asyncio.run(work())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class Ground:
    """The directories of one scenario."""

    def __init__(self, scenario: Scenario, room: Path) -> None:
        self.scenario = scenario
        self.room = room
        self.base = room / "base"
        self.data_dir = room / "hurt"
        room.mkdir(exist_ok=True)

    def prepare(self) -> None:
        """Make the directory that everything begins with."""
        if in_child(lambda: self.scenario.prepare(self.base)):
            raise RuntimeError("what comes before the act failed")
        if self.scenario.after_a_kill:
            steps, _ = self.act(None)
            self.act(steps.total() // 2)
            rmtree(self.base, ignore_errors=True)
            self.data_dir.rename(self.base)

    def copy(self) -> None:
        """Begin anew with what was prepared."""
        rmtree(self.data_dir, ignore_errors=True)
        if self.base.exists():
            copytree(self.base, self.data_dir)

    def act(self, kill_at: int | None) -> tuple[Counter[str], int]:
        """Act on a copy of the base, killed at a point or not; return the steps that were made, and the exit code."""
        self.copy()
        counted = self.room / "steps"

        async def act() -> None:
            steps = Steps(self.data_dir, kill_at)
            steps.watch()
            await self.scenario.act(self.data_dir)
            counted.write_text(json.dumps(steps.counts))

        code = in_child(act)
        return Counter(json.loads(counted.read_text())) if code == 0 else Counter(), code

    def undisturbed(self) -> tuple[Counter[str], Shown]:
        """Return the steps of a run that nothing happens to, and what it shows. Raises `RuntimeError` if it fails."""
        steps, code = self.act(None)
        oracle = self.finish()
        if code or isinstance(oracle, str) or oracle.repeated:
            raise RuntimeError(f"it fails undisturbed, with code {code}: {oracle}")
        return steps, oracle

    def finish(self) -> Shown | str:
        """Let it go on to its end, and return all that is shown then, or why it cannot."""

        async def go_on(data_dir: Path) -> Shown:
            await self.scenario.finish(data_dir)
            await settle(data_dir)
            return await self.scenario.shown(data_dir)

        return self.told(go_on)

    def told(self, read: Callable[[Path], Coroutine[object, object, T]]) -> T | str:
        """Return what `read` makes of the directory, in a process of its own, or why it cannot."""
        said = self.room / "said"
        said.write_bytes(pickle.dumps("it ended"))

        async def tell() -> None:
            try:
                found: T | str = await read(self.data_dir)
            except Exception as error:
                traceback.print_exc()
                found = f"it cannot go on: {error!r}"
            said.write_bytes(pickle.dumps(found))

        in_child(tell)
        answer: T | str = pickle.loads(said.read_bytes())
        return answer


def sample(seed: int, size: int, name: str) -> Picks:
    """Return what picks so many points by chance."""
    chance = Random(f"{seed}/{name}")
    return lambda points: sorted(chance.sample(range(points), min(size, points)))


def warm(act: Act, data_dir: Path) -> None:
    """Import once what is imported late, so that children need not."""
    asyncio.run(act(data_dir))
    asyncio.run(shown(data_dir))
