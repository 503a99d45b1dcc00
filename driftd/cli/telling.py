"""How the demo speaks: to people in colour and at a readable pace, to programs in JSON lines."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import click
from rich.text import Text

from driftd.cli.tables import console

if TYPE_CHECKING:
    from driftd.app import CycleReport

_PACE = 0.6
_WIDTH = 40
_SHOWN = 4
_OPS = {"c": ("created", "green"), "u": ("changed", "yellow"), "d": ("deleted", "red")}


class Telling:
    """Prints the story as it goes."""

    def __init__(self, speed: float, *, json_lines: bool) -> None:
        self._speed = speed
        self._json_lines = json_lines
        self._console = console(stderr=json_lines)

    def opening(self, url: str, names: Sequence[str]) -> None:
        """Say what is being watched."""
        self._say(f"Simulated Sage X3 at {url} with the tenants {', '.join(names)}.", "bold")
        self._say("driftd reads each of them once, then again and again while their business goes on.\n")

    def read(self, tenant: str, records: Mapping[str, int]) -> None:
        """Tell of a first reading."""
        counts = ", ".join(f"{count} {resource}" for resource, count in records.items())
        self._say(f"{tenant:<8} read for the first time: {counts}")

    def polled(self, tenant: str, cycles: "Sequence[CycleReport]") -> None:
        """Tell what a poll cost."""
        decoded, records = (
            sum(values) for values in zip(*((e.records_decoded, e.records) for e in cycles), strict=True)
        )
        requests = sum(each.requests for each in cycles)
        seconds = max(each.seconds for each in cycles)
        line = f"\n{tenant:<8} polled: {requests} requests, {seconds:.1f} s, {decoded} of {records} records decoded"
        self._say(line, "bold")

    async def change(self, envelope: bytes, event: Mapping[str, Any]) -> None:
        """Tell of one change event."""
        if self._json_lines:
            sys.stdout.buffer.write(envelope + b"\n")
            sys.stdout.buffer.flush()
        else:
            for line in _lines(event):
                self._console.print(line, soft_wrap=True)
        await anyio.sleep(_PACE / self._speed)

    def trouble(self, message: str) -> None:
        """Tell what did not go well."""
        click.echo(message, err=True)

    def closing(self, count: int, *, right: bool) -> None:
        """Say how it went."""
        if right:
            self._say(f"\n{count} changes captured: exactly those that the tenants made.", "bold green")
        else:
            self._say(f"\n{count} changes captured, which are not those that the tenants made: a bug.", "bold red")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def _lines(event: Mapping[str, Any]) -> Iterator[Text]:
    word, colour = _OPS[event["op"]]
    key = " ".join(str(part) for part in event["key"].values())
    source = event["source"]
    yield Text.assemble(f"  {source['connection']:<8} {source['resource']:<10} {key} ", (word, colour))
    if event["op"] == "u":
        for pointer in event["changed"]:
            before, after = _at(event["before"], pointer), _at(event["after"], pointer)
            yield Text.assemble(f"      {pointer:<24} ", (before, "red"), " → ", (after, "green"))
        return
    for side in ("before", "after"):
        if event[side] is None:
            yield Text(f"      {side:<8} -", "dim")
        else:
            yield Text.assemble(f"      {side:<8} ", (_summary(event[side]), colour))


def _at(record: object, pointer: str) -> str:
    """Return the value at a JSON pointer (RFC 6901), short; ``-`` where there is none."""
    value: Any = record
    for name in pointer.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, TypeError, ValueError):
            return "-"
    return _short(value)


def _summary(record: Mapping[str, object]) -> str:
    plain = [
        (name, value) for name, value in record.items() if isinstance(value, str | int | float) and value not in {"", 0}
    ]
    shown = ", ".join(f"{name} {_short(value)}" for name, value in plain[:_SHOWN])
    return shown + (f", … {len(record)} members" if len(record) > _SHOWN else "")


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{len(value)} values"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
