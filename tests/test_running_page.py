"""What docs/running.md says of the log and of waiting after failures is what the code does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.core.alerts.model import Telling
from driftd.core.backoff import Pacing, wait
from driftd.core.reasons import Reach
from driftd.errors import Reason
from driftd.runtime.alarms import _SAID

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "running.md").read_text()
LEVELS = {"debug", "info", "warning", "error"}
PROBE, SECOND_LOOK = 1200.0, 45.0
WAITS = {
    ("up to 30 s", "doubles, each by chance", "the probe interval"): (30.0, 60.0, PROBE),
    ("`second_look`", "15 min, doubles", "1 h"): (SECOND_LOOK, 900.0, 3600.0),
    ("`second_look`", "the probe interval, doubles", "1 h"): (SECOND_LOOK, PROBE, 3600.0),
}
"""Seconds of the first, second and hundredth wait, at most, by the words of the page."""


def said() -> Iterator[tuple[str, str]]:
    """Yield each event that the code logs, with a level at which it does."""
    for telling, event in _SAID.items():
        yield event, "info" if telling is Telling.RESOLVED else "warning"
    outside = {"simulator", "cli"}
    for module in (ROOT / "driftd").rglob("*.py"):
        if outside.isdisjoint(module.relative_to(ROOT).parts):
            for each in ast.walk(ast.parse(module.read_text())):
                if isinstance(each, ast.Call):
                    yield from _event(each)


def _event(call: ast.Call) -> Iterator[tuple[str, str]]:
    match call:
        case ast.Call(func=ast.Attribute(attr=level), args=[ast.Constant(value=str(event))]) if level in LEVELS:
            yield event, level
        case ast.Call(func=ast.Name(id="say"), args=[ast.Constant(value=str(event))]):
            yield from ((event, level) for level in ("warning", "error"))


def test_every_event_of_the_log_is_on_the_page_with_its_levels() -> None:
    rows = re.findall(r"^\| `([a-z ]+)` \| ([a-z, ]+) \|", PAGE, re.MULTILINE)
    shown = {(event, level) for event, levels in rows for level in levels.split(", ")}
    assert shown == set(said())


def test_every_reason_is_in_the_table_of_waits_once() -> None:
    assert sorted(reason for reason, _ in listed()) == sorted(Reason)


def listed() -> list[tuple[str, tuple[str, ...]]]:
    """Return each reason of the table of waits, with the other cells of its row."""
    (section,) = re.findall(r"^## After a failure\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return [(reason, tuple(cells)) for first, *cells in rows[1:] for reason in re.findall(r"`(\w+)`", first)]


@pytest.mark.parametrize(("reason", "cells"), listed(), ids=[reason for reason, _ in listed()])
def test_waits_are_as_the_page_says(reason: str, cells: tuple[str, ...]) -> None:
    reach, *words = cells
    for times, most in zip((1, 2, 100), WAITS[words[0], words[1], words[2]], strict=True):
        least, longest = (
            wait(Pacing(), (Reason(reason), None), times, probe=PROBE, second_look=SECOND_LOOK, chance=chance)
            for chance in (0.0, 0.999999)
        )
        assert {least.reach, longest.reach} == {Reach(reach.removeprefix("the "))}
        assert 0 < least.seconds <= longest.seconds == pytest.approx(most, rel=1e-3)
