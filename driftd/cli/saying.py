"""What a command prints: lines for people, JSON for programs, and neither does anything to a terminal.

Whatever a tenant or a file says passes here, or through `tables`.
"""

import json
import sys

import click

from driftd.core.visible import visible


def say(text: str = "", *, err: bool = False) -> None:
    """Print one line for people."""
    click.echo(visible(text), err=err)


def tell(document: object) -> None:
    """Print a document as one line of JSON, in ASCII where what is written to knows no more."""
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf").lower()
    click.echo(visible(json.dumps(document, ensure_ascii=plain)))


def emit(lines: bytes) -> None:
    """Print lines of JSON, each with its end: byte for byte, but for what a terminal would obey where this is one."""
    if sys.stdout.isatty():
        for line in lines.decode("utf-8", "replace").split("\n")[:-1]:
            say(line)
        return
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()
