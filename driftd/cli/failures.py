"""What the user is told when something fails, and the exit code that goes with it."""

import click

from driftd.errors import ConfigError, DecisionError, DriftdError, FencedError, LockedError, SourceError


def foreseen(error: BaseException) -> DriftdError | BrokenPipeError | None:
    """Return the failure to tell of, also out of an exception group; None where there is a bug among them."""
    if isinstance(error, DriftdError | BrokenPipeError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = [foreseen(each) for each in error.exceptions]
        return found[0] if all(found) else None
    return None


def exit_code(error: DriftdError | BrokenPipeError) -> int:
    """Return 2 for the configuration and for what was asked wrongly, 3 for a data directory in use, else 1."""
    if isinstance(error, ConfigError) or (isinstance(error, DecisionError) and error.invalid):
        return 2
    return 3 if isinstance(error, LockedError | FencedError) else 1


def render(error: DriftdError | BrokenPipeError) -> None:
    """Print a failure to stderr: each mistake on its line; else what happened and the next step."""
    if isinstance(error, ConfigError):
        for mistake in error.mistakes:
            click.echo(f"{mistake.path}: {mistake.message}" if mistake.path else mistake.message, err=True)
        return
    reason = f"{error.reason}: " if isinstance(error, SourceError) else ""
    click.echo(f"driftd: {reason}{error}", err=True)
    if isinstance(error, SourceError | DecisionError) and error.hint:
        click.echo(f"next: {error.hint}", err=True)
