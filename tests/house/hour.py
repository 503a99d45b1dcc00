"""Hundreds of connections under faults at random, and the daemon killed at times: whether it is as it was afterwards.

`python -m tests.house.endurance --faults` runs it.
"""

import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import anyio
from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.simulator import serving
from tests.bench.daemon import listens_at
from tests.house.reckoning import Reckoning, reckon
from tests.house.sampling import Sample, Watched, grown, sampled, summary
from tests.house.storm import Storm
from tests.house.town import CLASSES, Town, business
from tests.house.waiting import until_swept

CALM: float = 60.0
"""Seconds at the end, at most a quarter of the whole, in which nothing befalls anybody."""
WARM: float = 120.0
"""Seconds after which a daemon's memory is looked at: by then what it needs at once has been needed."""
WELL = frozenset({"ok", "degraded"})
"""States of a connection that is polled and answers."""


@dataclass
class Outcome:
    """What was seen."""

    samples: list[Sample] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    states: Counter[str] = field(default_factory=Counter)
    """Of the connections, in the end."""
    restored: float = 0.0
    """Seconds from the end of the faults until every class had been read twice more."""
    reckoning: Reckoning = field(default_factory=Reckoning)
    broken: list[str] = field(default_factory=list)


class Lives:
    """A daemon that is killed and started again."""

    def __init__(self, place: Path, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self.number = 0
        self.daemon = self._start()

    def _start(self) -> Watched:
        log = self._folder / f"log-{self.number}"
        daemon = Watched(self._place, log)
        daemon.url = listens_at(daemon, log)
        return daemon

    def kill(self) -> None:
        """SIGKILL, and another one in its place."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.number += 1
        self.daemon = self._start()

    def reload(self) -> None:
        """Have it read its configuration anew, as whoever puts a secret right does."""
        self.daemon.process.send_signal(signal.SIGHUP)

    def end(self) -> int:
        """Tell it to end, and return its exit code."""
        self.daemon.process.send_signal(signal.SIGTERM)
        return self.daemon.process.wait(60)

    @property
    def log(self) -> str:
        """What all of them logged."""
        return "".join((self._folder / f"log-{number}").read_text() for number in range(self.number + 1))


def run(town: Town, seconds: float, every: float, folder: Path, kills: int = 0) -> Outcome:
    """Poll a town for so long, under faults but for the end of it, and compare when all is over."""
    farm, outcome = town.farm(), Outcome()
    farm.warm()
    storm = Storm(folder, town.seed, pace=max(1.0, town.tenants / 80))
    with serving(farm, "0.0.0.0") as server:
        lives = Lives(town.configuration(farm, folder, urlsplit(server.url).port or 0), folder)
        try:
            until_swept(folder / "data", len(farm) * len(CLASSES), 0)
            calm = min(CALM, seconds / 4)
            with business(farm, town.pace, town.seed):
                with storm.over(farm, lives.reload):
                    outcome.samples = list(_watched(lives, (seconds - calm, every), kills, town.seed))
                begun = time.monotonic()
                later = sampled(lambda: lives.daemon, calm, every)
                outcome.samples += [each | {"seconds": each["seconds"] + seconds - calm} for each in later]
            lives.reload()  # whoever was refused until now does not wait for an hour
            outcome.broken += _read_again(folder / "data", len(farm) * len(CLASSES), lives)
            outcome.restored = time.monotonic() - begun
            outcome.states = _settled(lives.daemon, len(farm))
        finally:
            code = lives.end()
    outcome.strikes, outcome.kills = storm.strikes, lives.number
    outcome.reckoning = anyio.run(reckon, farm, folder / "data")
    outcome.broken += [*_broken(outcome), *([f"the daemon ended with {code}"] if code else [])]
    outcome.broken += [f"a bug: {line[:300]}" for line in lives.log.splitlines() if "by a bug" in line]
    return outcome


def _watched(lives: Lives, times: tuple[float, float], kills: int, seed: int) -> Iterator[Sample]:
    """Look at the daemon, and kill it so often within the first half."""
    chance = Random(f"{seed}/kills")
    planned = sorted(chance.uniform(0, times[0] / 2) for _ in range(kills))
    for sample in sampled(lambda: lives.daemon, *times):
        if planned and sample["seconds"] >= planned[0]:
            lives.kill()
            del planned[0]
        else:
            yield sample | {"life": float(lives.number)}


def _read_again(data_dir: Path, resources: int, lives: Lives) -> list[str]:
    """Wait until all was read twice, as the first reading may have begun before; else say what was logged last."""
    try:
        for _ in range(2):
            until_swept(data_dir, resources)
    except RuntimeError as error:
        named = re.findall(r"'(\w+)', '", str(error))
        lines = [line for line in lives.log.splitlines() if any(f"connection={name} " in line for name in named)]
        return [str(error), *lines[-8:]]
    return []


def _settled(daemon: Watched, connections: int) -> Counter[str]:
    """Wait for a minute until every connection is well, and return the states of all."""
    states: Counter[str] = Counter()
    for _ in range(60):
        families = parsed(daemon.text())
        samples = [each for family in families for each in family.samples if each.name == "driftd_connection_state"]
        states = Counter(each.labels["state"] for each in samples if each.value)
        if sum(states[each] for each in WELL) == connections:
            break
        time.sleep(1)
    return states


def _broken(outcome: Outcome) -> list[str]:
    """Name the laws that were broken."""
    last = [each for each in outcome.samples if each.get("life", outcome.kills) == outcome.kills]
    warm = [each for each in last if each["seconds"] >= last[0]["seconds"] + WARM]
    broken = [*outcome.reckoning.wrong, *grown(warm)]
    if not outcome.reckoning.told:
        broken.append("nothing was told")
    if set(outcome.states) - WELL:
        broken.append(f"not well again: {dict(outcome.states)}")
    return broken


def table(outcome: Outcome) -> str:
    """Render what was seen."""
    found, told = outcome.reckoning, outcome.reckoning.told
    strikes = ", ".join(f"{count} {name}" for name, count in outcome.strikes.most_common())
    lines = [
        *summary(outcome.samples),
        f"{outcome.strikes.total()} faults: {strikes}",
        f"killed {outcome.kills} times",
        f"after the faults all were read twice within {outcome.restored:.1f} s: {dict(outcome.states)}",
        f"{found.moves} changes made, told: {told['c']} c, {told['u']} u, {told['d']} d; {found.records} records",
        f"lost {found.lost}, invented {found.invented}",
    ]
    return "\n".join([*lines, *(f"BROKEN {each}" for each in outcome.broken[:20])])
