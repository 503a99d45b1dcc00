"""The table of faults: each is caused for real, and what came of it stands beside what must.

    python -m tests.faults [--only N …] [--processes N]

runs the tests that bear the marker `fault` and prints fault, required, observed, lost, invented. A row without an
executed test counts as failed; the exit code is 1 where a row failed.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults.observing import OBSERVED, Observation
from tests.faults.required import FAULTS


@dataclass
class Seen:
    """What the tests of one row told."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lost: int | None = None
    invented: int | None = None

    @property
    def sound(self) -> bool:
        """Whether every test of the row ran and passed, and said what it saw."""
        ran = bool(self.passed and self.texts) and not self.failed and not self.skipped
        return ran and not self.lost and not self.invented


class Collector:
    """Gathers what tests tell, by the numbers of their rows."""

    def __init__(self, only: Sequence[int]) -> None:
        self.rows: dict[int, Seen] = defaultdict(Seen)
        self._only = frozenset(only)
        self.ids: list[str] = []
        """The tests that are left of those collected."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests of the rows asked for."""
        items[:] = [each for each in items if not self._only or self._only.intersection(numbers(each))]
        self.ids = [each.nodeid for each in items]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Book one phase of one test."""
        told = [
            Observation(*value)
            for name, value in report.user_properties
            if name == OBSERVED and isinstance(value, list)
        ]
        for number in {number for name, number in report.user_properties if name == "fault"}:
            row = self.rows[int(str(number))]
            if report.when == "call" and report.passed:
                row.passed += 1
            if report.failed:
                row.failed.append(f"{report.nodeid.rpartition('::')[2]} ({report.when})")
            if report.skipped:
                row.skipped.append(str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr))
            if report.when == "call":
                for text, lost, invented in told:
                    row.texts += [text] if text not in row.texts else []
                    row.lost = _sum(row.lost, lost)
                    row.invented = _sum(row.invented, invented)


def numbers(item: pytest.Item) -> set[int]:
    """Return the numbers of the rows that a test is of."""
    return {number for mark in item.iter_markers("fault") for number in mark.args}


def _sum(sofar: int | None, more: int | None) -> int | None:
    return sofar if more is None else (sofar or 0) + more


def table(rows: dict[int, Seen], only: Sequence[int]) -> Table:
    """Return what is printed."""
    drawn = Table("#", "fault", "required", "observed", "lost", "invented", "", show_lines=True)
    for number, fault in FAULTS.items():
        if not only or number in only:
            seen = rows.get(number, Seen())
            said = [*seen.texts, *(f"FAILED {each}" for each in seen.failed), *(f"skipped: {s}" for s in seen.skipped)]
            counts = ["–" if each is None else str(each) for each in (seen.lost, seen.invented)]
            text = "\n".join(said) or "no test was run"
            drawn.add_row(str(number), fault.name, fault.required, text, *counts, "ok" if seen.sound else "FAILED")
    return drawn


def main() -> int:
    """Run the tests and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--only", type=int, nargs="+", default=[], metavar="N", help="rows by their numbers")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    collector = Collector(chosen.only)
    common = ["-m", "fault", "-q", "-p", "no:cacheprovider"]
    if chosen.only:  # the processes collect for themselves: they are told by name what to run
        pytest.main([*common, "--collect-only", "-n", "0"], plugins=[collector])
    pytest.main([*common, "-n", str(chosen.processes), *collector.ids], plugins=[collector])
    Console(width=180).print(table(collector.rows, chosen.only))
    asked = chosen.only or FAULTS
    return 0 if all(collector.rows.get(number, Seen()).sound for number in asked) else 1


if __name__ == "__main__":
    sys.exit(main())
