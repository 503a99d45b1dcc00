"""Each fault at one tenant of ten: what `explain` says of it, what the other nine notice, and how it ends.

    python -m tests.house.faults [--only NAME] [--part I/N]

prints one row for each fault: what was expected and what was seen, the next step, whether the others were untouched,
after how many polls it was well again, and whether the change log tells exactly what happened.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from driftd.app.view import explain
from driftd.core.card import Card
from driftd.core.reasons import State
from driftd.core.words import Language
from tests.house.cases import CASES, NEXT, Case, Seen
from tests.house.rig import Rig, truth
from tests.house.ten import PATIENCE, STRUCK, Ten, ten
from tests.house.troubled import spelt, told

BOUND: Final = 8
"""Polls of a resource after which it must be well again."""


@dataclass
class Row:
    """What became of one fault."""

    case: Case
    seen: Seen = (State.UNKNOWN, None, None)
    fix: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    """What was logged of the other nine."""
    polled: bool = False
    """Whether each of the others was polled on, and its changes captured, meanwhile."""
    polls: int | None = None
    """Polls that it took to be well again; None where it did not come to that."""
    wrong: tuple[str, ...] = ()
    """Connections whose log does not tell the truth."""
    lost: int = 0
    """Changes that their logs lack."""
    invented: int = 0
    """Changes that they have too many."""
    error: str = ""

    @property
    def sound(self) -> bool:
        """Whether all is as it must be."""
        named = bool(self.fix) and NEXT[self.case.name] in " ".join(self.fix).lower()
        quiet = not self.touched and self.polled and not self.wrong and not self.error
        well = self.polls is not None and self.polls <= BOUND
        return self.seen == self.case.expected and named and quiet and well


async def run(case: Case, directory: Path) -> Row:
    """Switch a fault on at one tenant of ten, see what is told of it, end it, and see it overcome."""
    row = Row(case)
    async with ten(directory, case.patient) as house:
        readers = [_reader(house, each) for each in house.farm]
        for each in readers:
            for one in each.resources:
                each.told[one.name] = await each.snapshot(one.name)
        states = {each.tenant.name: each.tenant.state for each in readers}
        begun = len(house.told)
        try:
            async with case.trouble(house):
                await _during(house, row, readers)
            await _afterwards(house, row)
            await _caught_up(readers)
        except AssertionError as error:
            row.error = str(error)
        row.touched = _touched(house, begun)
        row.wrong = tuple([each.tenant.name for each in readers if not await _tells_the_truth(each, states, row)])
    return row


def _reader(house: Ten, name: str) -> Rig:
    (found,) = (each for each in house.config.connections if each.name == name)
    return Rig(house.sources[name], house.store, house.farm[name], found.resources)


async def _during(house: Ten, row: Row, readers: list[Rig]) -> None:
    """Wait for what must be seen, let business go on everywhere, and see the others go on."""
    await house.until(lambda: _seen(house) == row.case.expected, f"{row.case.expected}")
    for each in readers:
        for one in each.resources:
            each.tenant.advance(create=2, update=3, delete=1, update_lines=0, resource=one.name)
    others = [each for each in readers if each.tenant.name != STRUCK]
    before = {each.tenant.name: house.polls(each.tenant.name) for each in others}
    await house.until(lambda: all(house.polls(name) > n for name, n in before.items()), "the others are polled on")
    await _caught_up(others)
    row.polled = True
    card = await _explained(house, row.case)
    row.seen, row.fix = (card.state, card.reason, card.actor), card.fix


def _seen(house: Ten) -> Seen:
    status = house.status()
    return status.state, status.reason, status.actor


async def _explained(house: Ten, case: Case) -> Card:
    """Return what `driftd explain` says once the logbook has it, as it stands there."""
    card: Card | None = None
    with anyio.move_on_after(PATIENCE):
        while card is None or (card.state, card.reason, card.actor) != case.expected:
            card = await explain(house.config, STRUCK, house.clock.now(), Language.ENGLISH)
            await anyio.sleep(0.05)
    assert card is not None
    return card


async def _afterwards(house: Ten, row: Row) -> None:
    """Count the polls of each resource until it is well itself: it is polled on while others are not yet."""
    before = {each.name: each.health.polls for each in house.status().resources}
    taken: dict[str, int] = {}

    def well() -> bool:
        for each in house.status().resources:
            if each.health.trouble is None:
                taken.setdefault(each.name, each.health.polls - before[each.name])
        return house.status().state is State.OK

    await house.until(well, "it is well again")
    row.polls = max(taken.values())


async def _caught_up(readers: list[Rig]) -> None:
    """Wait until the snapshots are the truth."""
    left = [(each, one.name) for each in readers for one in each.resources]
    with anyio.move_on_after(PATIENCE):
        while left:
            each, name = left[-1]
            mark = each.seq
            found, each.seq = await each.snapshot(name), mark  # the log is followed from where it was
            if found == truth(each.tenant, name, "$query"):
                left.pop()
            else:
                await anyio.sleep(0.05)
    assert not left, f"never captured: {[(each.tenant.name, name) for each, name in left]}"


def _touched(house: Ten, begun: int) -> tuple[str, ...]:
    """Name what was said of the other nine: no poll of theirs failed, and no state changed."""
    said = [
        f"{facts['connection']}: {event} {facts.get('reason') or facts.get('state') or ''}"
        for _, event, facts in house.told[begun:]
        if facts.get("connection", STRUCK) != STRUCK
    ]
    others = [each for each in house.supervisor.statuses if each.name != STRUCK]
    failed = [f"{each.name}: {dict(one.health.failures)}" for each in others for one in each.resources]
    return (*said, *(each for each in failed if not each.endswith("{}")))


async def _tells_the_truth(reader: Rig, states: dict[str, int], row: Row) -> bool:
    """Whether the log lost nothing and invented nothing since the fault began."""
    tenant, name = reader.tenant, reader.tenant.name
    events = await reader.store.read_changes(reader.seq, 100_000, connection=name)
    try:
        await reader.follow()
    except AssertionError:
        return False
    for one in reader.resources:
        if reader.told[one.name] != truth(tenant, one.name, "$query"):
            return False
        said = Counter(spelt(told(each.envelope)) for each in events if each.resource == one.name)
        changes = tenant.truth(states[name], tenant.state, one.name, "$query")
        real = Counter(spelt((each.op, each.key, each.before, each.after)) for each in changes)
        if row.case.exact or name != STRUCK:
            row.lost += (real - said).total()
            row.invented += (said - real).total()
    return not row.lost and not row.invented


def table(rows: Iterable[Row]) -> str:
    """Render the outcome."""
    heads = ("fault", "expected", "observed", "others", "polls to ok", "log", "next step")
    lines = [_cells(row) for row in rows]
    widths = [max(len(line[n]) for line in [heads, *lines]) for n in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *lines]
    )


def _cells(row: Row) -> tuple[str, ...]:
    same = row.seen == row.case.expected
    return (
        row.case.name,
        _said(row.case.expected),
        "as expected" if same else _said(row.seen),
        "; ".join(row.touched) or ("untouched" if row.polled else "?"),
        "never" if row.polls is None else str(row.polls),
        "true" if not row.wrong else f"wrong: {', '.join(row.wrong)}",
        (row.fix[0] if row.fix else "none") + (f" !! {row.error}" if row.error else ""),
    )


def _said(seen: Seen) -> str:
    return "/".join(str(each) for each in seen)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.faults")
    parser.add_argument("--only", default="", help="the name of one fault")
    parser.add_argument("--part", default="0/1", help="the I-th of N parts, as I/N, to run several at once")
    chosen = parser.parse_args()
    part, parts = map(int, chosen.part.split("/"))
    rows = []
    for number, case in enumerate(CASES):
        if chosen.only in {"", case.name} and number % parts == part:
            with tempfile.TemporaryDirectory() as directory:
                rows.append(anyio.run(run, case, Path(directory)))
            print(table(rows[-1:]).splitlines()[1], file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(row.sound for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
