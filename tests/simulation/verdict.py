"""What one seed led to, and the story of it."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST = 40
"""Violations kept of one seed: the first ones say most."""


def _nothing() -> None:
    """Do nothing."""


@dataclass
class Verdict:
    """What a seed broke, and what happened in it."""

    seed: int
    hours: float
    violations: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    """Faults that took effect, by kind."""
    told: Counter[str] = field(default_factory=Counter)
    """Change events, by what they tell."""
    requests: int = 0
    simulated: float = 0.0
    """Hours that passed, the quiet ones at the end included."""
    trace: str = ""
    """Hash of everything in the story, in its order."""
    lives: int = 0
    stop: Callable[[], None] = _nothing
    """Ends the play; called at each violation, as what follows the first is mostly its consequence."""

    def end(self) -> None:
        """Seal the trace, and let go of the play."""
        self.stop = _nothing
        self.trace = hashlib.blake2b("\n".join(self.story).encode(), digest_size=16).hexdigest()

    def broken(self, at: float, what: str) -> None:
        """Note that a law was broken."""
        line = f"{clock(at)} BROKEN {what}"
        self.story.append(line)
        if len(self.violations) < _MOST:
            self.violations.append(line)
        self.stop()

    def happened(self, at: float, what: str) -> None:
        """Note what happened."""
        self.story.append(f"{clock(at)} {what}")

    def fault(self, kind: str) -> None:
        """Count a fault that took effect."""
        self.faults[kind] += 1

    @property
    def replay(self) -> str:
        """The line that plays this seed again."""
        return f"python -m tests.simulation --seed {self.seed} --hours {self.hours:g}"

    def shown(self, most: int = 60) -> str:
        """Return the violations with what went before the first of them."""
        first = next((n for n, line in enumerate(self.story) if " BROKEN " in line), len(self.story))
        before = self.story[max(0, first - most) : first]
        return "\n".join([f"replay: {self.replay}", *before, *self.violations])


def clock(at: float) -> str:
    """Return seconds of the simulation as hours, minutes and seconds."""
    return f"{int(at // 3600):02}:{int(at // 60) % 60:02}:{at % 60:06.3f}"
