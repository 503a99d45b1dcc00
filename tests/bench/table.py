"""The figures: medians, rates beside the plain script's, one table and the same as JSON.

As the performance guide says, driftd's *net* time is its wall clock less that of `driftd version`: what its start costs
whatever it then does. From the scripts nothing is taken; what an empty Python takes is shown beside the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from tests.bench.contenders import OURS
from tests.bench.works import Run

_HEADS = (
    *("work", "contender", "n", "wall s", "least", "most", "net s", "cpu s", "µs/rec", "cpu µs/rec", "x plain"),
    *("x cpu", "peak MB", "db B/rec", "records", "r", "c", "u", "d", "pending", "counts"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One contender at one work; times are medians, in seconds."""

    work: str
    contender: str
    n: int
    wall: float
    least: float
    most: float
    net: float
    cpu: float
    cpu_net: float
    wall_ratio: float | None
    """The plain script's wall clock over the net one: how many times its rate."""
    cpu_ratio: float | None
    peak: int
    records: int
    stored: int
    counts: Mapping[str, int]
    pending: int
    held: int
    wrong: tuple[str, ...]


def lines(runs: Iterable[Run], start: tuple[float, float]) -> list[Line]:
    """Summarise runs; `start` is wall clock and processor time of `driftd version`."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.work, run.contender), []).append(run)
    return [_line(group, groups.get((work, "plain")), start) for (work, _), group in groups.items()]


def _line(group: Sequence[Run], plain: Sequence[Run] | None, start: tuple[float, float]) -> Line:
    last = group[-1]
    ours = last.contender in OURS
    wall, cpu = median(run.wall for run in group), median(run.cpu for run in group)
    net, cpu_net = (wall - start[0], cpu - start[1]) if ours else (wall, cpu)
    return Line(
        work=last.work,
        contender=last.contender,
        n=len(group),
        wall=wall,
        least=min(run.wall for run in group),
        most=max(run.wall for run in group),
        net=net,
        cpu=cpu,
        cpu_net=cpu_net,
        wall_ratio=median(run.wall for run in plain) / max(net, 1e-6) if plain else None,
        cpu_ratio=median(run.cpu for run in plain) / max(cpu_net, 1e-6) if plain else None,
        peak=max(run.peak for run in group),
        records=last.records,
        stored=last.stored,
        counts=last.told.counts,
        pending=last.told.pending,
        held=last.told.held,
        wrong=tuple(dict.fromkeys(difference for run in group for difference in run.wrong)),
    )


def rendered(found: Sequence[Line]) -> str:
    """Return the table as text."""
    rows = [_HEADS, *(_cells(line) for line in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_row(row, widths) for row in rows)


def as_json(found: Sequence[Line]) -> list[dict[str, object]]:
    """Return the table as JSON, with the rows' own names."""
    return [asdict(line) for line in found]


def _cells(line: Line) -> tuple[str, ...]:
    seconds = [f"{value:.2f}" for value in (line.wall, line.least, line.most, line.net, line.cpu)]
    each = [f"{1e6 * value / line.records:.1f}" if line.records else "" for value in (line.net, line.cpu_net)]
    ratios = ["" if value is None else f"{value:.1f}" for value in (line.wall_ratio, line.cpu_ratio)]
    room = f"{line.stored / line.records:.0f}" if line.stored and line.records else ""
    counts = [str(line.counts.get(op, "")) for op in "rcud"]
    waiting = str(line.pending + line.held) if line.counts else ""
    verdict = "WRONG" if line.wrong else "ok" if line.counts else ""
    end = [f"{line.peak / 1e6:.0f}", room, str(line.records), *counts, waiting, verdict]
    return (line.work, line.contender, str(line.n), *seconds, *each, *ratios, *end)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return names set to the left, figures to the right."""
    pairs = enumerate(zip(cells, widths, strict=True))
    return "  ".join(cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in pairs).rstrip()
