"""The command line: finds commands, and turns every foreseen failure into words and an exit code.

0 fine · 1 something is wrong with what was asked about · 2 usage or configuration · 3 another daemon owns the data
directory · 130 interrupted · 143 terminated.
"""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType

import click

from driftd.cli.failures import exit_code, foreseen, render

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
    "changes",
    "cursors",
    "records",
    "check",
    "connections",
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
        except BrokenPipeError:
            return _silence()
        except Exception as error:
            found = foreseen(error)
            if found is None:
                raise
            if isinstance(found, BrokenPipeError):
                return _silence()
            render(found)
            return exit_code(found)


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
    try:
        code = commands.main(list(arguments), prog_name="driftd", standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        return _silence()
    except (KeyboardInterrupt, click.Abort):
        return TERMINATED if terminated else INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return int(code)


def _silence() -> int:
    """Whoever read our output has gone (``| head``): say nothing more, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
