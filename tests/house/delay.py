"""The delays of one fault, and the table of many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Measured:
    """How long it took from a fault to its notice, time after time."""

    fault: str
    required: float
    """Minutes at most."""
    minutes: list[float | None] = field(default_factory=list)
    """None where nothing was told at all."""
    false: list[str] = field(default_factory=list)
    """What was told and no fault accounts for."""

    @property
    def told(self) -> list[float]:
        """The delays of those that were told."""
        return [each for each in self.minutes if each is not None]

    @property
    def met(self) -> bool:
        """Whether each was told in time, and nothing else."""
        return len(self.told) == len(self.minutes) > 0 and max(self.told) <= self.required and not self.false


def table(measured: Sequence[Measured]) -> str:
    """Render delays, in minutes."""
    lines = [f"{'minutes':<36}{'required':>10}{'median':>10}{'greatest':>10}{'times':>7}"]
    for each in measured:
        told = each.told or [float("nan")]
        missed = len(each.minutes) - len(each.told)
        line = f"{each.fault:<36}{each.required:>10.1f}{median(told):>10.2f}{max(told):>10.2f}{len(each.minutes):>7}"
        lines.append(line + (f"  {missed} never told" if missed else "") + ("" if each.met else "  NOT MET"))
        lines += [f"  told without a fault: {false}" for false in each.false[:20]]
    return "\n".join(lines)
