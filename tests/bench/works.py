"""What is measured: the works in turn, each by every contender, and what each must have found."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.bench import contenders
from tests.bench.contenders import TELLING, Told
from tests.bench.control import Control
from tests.bench.measure import Measured, measured

WORKS: Final = ("initial", "unchanged", "changed", "volatile")
"""`volatile` is an initial and an unchanged sweep of records with members that are new at every read."""
FETCHED: Final = frozenset({"unchanged", "volatile unchanged"})
"""Where the pages are also read and dropped: the bytes of the other works are nearly the same."""
_STABLE: Final = {"uuid": "stable", "etag": "stable"}
_VOLATILE: Final = {"uuid": "volatile", "etag": "volatile"}


@dataclass(frozen=True, slots=True)
class Run:
    """One contender at one work, once."""

    work: str
    contender: str
    wall: float
    cpu: float
    peak: int
    records: int
    """Of the tenant."""
    told: Told
    stored: int
    """Bytes of its database afterwards."""
    wrong: tuple[str, ...]
    """In what it differs from the ground truth."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a sweep must find."""

    records: int
    counts: Counter[str]


class Round:
    """Every work once, on databases that begin empty."""

    def __init__(self, control: Control, folder: Path, names: Sequence[str], say: Callable[[str], None]) -> None:
        self._control = control
        self._folder = folder
        self._names = names
        self._say = say
        self._environment = contenders.environment(control, folder.parent)

    def runs(self, works: Sequence[str]) -> Iterator[Run]:
        """Run those of the works that were asked for, and what they build on."""
        contenders.prepare(self._control, self._folder)
        self._control.switch(**_STABLE)
        yield from self._work("initial", self._first())
        for work in ("unchanged", "changed"):
            if work in works:
                yield from self._work(work, self._next(changed=work == "changed"))
        if "volatile" in works:
            yield from self._volatile()

    def _volatile(self) -> Iterator[Run]:
        self._folder = self._folder.with_name(f"{self._folder.name}-volatile")
        contenders.prepare(self._control, self._folder)
        self._control.switch(**_VOLATILE)
        try:
            yield from self._work("volatile initial", self._first())
            yield from self._work("volatile unchanged", self._next(changed=False))
        finally:
            self._control.switch(**_STABLE)

    def _first(self) -> Truth:
        records = self._control.records()
        return Truth(records, Counter({"r": records}))

    def _next(self, *, changed: bool) -> Truth:
        before, records = self._control.state(), self._control.records()
        if changed:
            few = max(1, records // 1000)
            self._control.advance(create=few, update=max(1, records // 100), delete=few)
        return Truth(self._control.records(), self._control.truth(before, self._control.state()))

    def _work(self, work: str, truth: Truth) -> Iterator[Run]:
        for name in self._names:
            if name == "fetch" and work not in FETCHED:
                continue
            self._say(f"{work}: {name}")
            volatile = work.startswith("volatile")
            command = contenders.command(name, self._control, self._folder, volatile=volatile)
            done = measured(command, folder=self._folder, environment=self._environment)
            yield judged(work, name, done, truth, contenders.stored(name, self._folder))


def judged(work: str, name: str, done: Measured, truth: Truth, stored: int) -> Run:
    """Compare what a contender told with the truth."""
    if done.code != 0:
        raise RuntimeError(f"{work}: {name} ended with {done.code}: {done.out[-500:]}{done.err[-2000:]}")
    told = contenders.told(name, done.out)
    wrong = tuple(_differences(name, told, truth))
    return Run(work, name, done.wall, done.cpu, done.peak, truth.records, told, stored, wrong)


def _differences(name: str, told: Told, truth: Truth) -> Iterator[str]:
    if name in TELLING:
        found = replace(told, counts={**told.counts, "d": told.counts["d"] + told.pending + told.held})
        for op in "rcud":
            if found.counts[op] != truth.counts[op]:
                yield f"{op}: {found.counts[op]} in place of {truth.counts[op]}"
    waiting = told.pending + told.held
    if told.records is not None and told.records != truth.records + waiting:
        yield f"records: {told.records} in place of {truth.records + waiting}"
