"""Seeds played without a guard, and with all of them."""

import time
from dataclasses import dataclass

from tests.guards.table import GUARDS


@dataclass
class Found:
    """What found the loss of a guard; nobody where there is no seed."""

    name: str
    seed: int | None = None
    violation: str = ""
    other: str = ""
    """The first violation of another kind, where one came before."""
    seconds: float = 0.0


def without(name: str, seeds: int) -> Found:
    """Play the seeds without a guard, the known one first, until the law that it keeps is broken."""
    guard = next(each for each in GUARDS if each.name == name)
    found, begun = Found(name), time.process_time()
    with guard.without():
        for seed in dict.fromkeys((guard.seed, *range(1, seeds + 1))):
            told = guard.trial(seed)
            if told is not None and any(each in told for each in guard.expects):
                found.seed, found.violation = seed, told
                break
            found.other = found.other or (f"{seed}: {told}" if told else "")
    found.seconds = time.process_time() - begun
    return found


def undisturbed(seed: int) -> tuple[int, list[str]]:
    """Play a seed with every guard in place."""
    trials = dict.fromkeys(each.trial for each in GUARDS)
    return seed, [told for trial in trials if (told := trial(seed)) is not None]
