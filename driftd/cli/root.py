"""The command line: finds commands, and turns every foreseen failure into words and an exit code.

0 fine · 1 something is wrong with what was asked about · 2 usage or configuration · 3 another daemon owns the data
directory · 130 interrupted · 143 terminated.
"""

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import FrameType

import click

from driftd.cli.failures import OutputError, exit_code, foreseen, render
from driftd.cli.saying import say

INTERRUPTED = 130
TERMINATED = 143
_COMMANDS = (
    "run",
    "poll",
    "status",
    "explain",
    "drift",
    "alerts",
    "history",
    "audit",
    "changes",
    "cursors",
    "records",
    "check",
    "connections",
    "keys",
    "tokens",
    "db",
    "demo",
    "simulator",
    "healthcheck",
    "version",
    "completion",
)


class Commands(click.Group):
    """The commands, each imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        found = import_module(f"driftd.cli.{cmd_name}").command
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command named; suggests a near one where there is none."""
        import difflib

        name = args[0]
        found = difflib.get_close_matches(name, _COMMANDS, n=1)
        if name not in _COMMANDS and found and not name.startswith("-"):
            ctx.fail(f'there is no command "{name}": did you mean "{found[0]}"?')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command; returns its exit code."""
        try:
            return super().invoke(ctx) or 0
        except Exception as error:
            return _told(error)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Notice first when a customer's Sage X3 tenant changes."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    terminated = False

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, terminate)
    _accept_any_text()
    try:
        code = commands.main(list(arguments), prog_name="driftd", standalone_mode=False) or 0
        sys.stdout.flush()
    except click.ClickException as error:
        return _usage(error)
    except OSError as error:
        return _told(error)
    except (KeyboardInterrupt, click.Abort):
        return TERMINATED if terminated else INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return int(code)


def _accept_any_text() -> None:
    """Have texts written that the terminal's encoding, or any, has no letters for; and nothing where it is closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage(error: click.ClickException) -> int:
    """Say what was asked wrongly; the lines of such messages are click's own."""
    told = io.StringIO()
    error.show(told)
    with suppress(OSError):
        for line in told.getvalue().removesuffix("\n").split("\n"):
            say(line.expandtabs(), err=True)
    return error.exit_code


def _told(error: Exception) -> int:
    """Tell of a failure and return its exit code; raise it where it is a bug."""
    found = foreseen(error)
    if found is None:
        raise error
    if isinstance(found, BrokenPipeError | OutputError):
        _silence()
    with suppress(OSError):  # nobody hears
        if not isinstance(found, BrokenPipeError):
            render(found)
    return 0 if isinstance(found, BrokenPipeError) else exit_code(found)


def _silence() -> None:
    """Say nothing more, not even at exit: whoever read our output has gone (``| head``), or it has no room."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
