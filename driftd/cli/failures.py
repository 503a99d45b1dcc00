"""What the user is told when something fails, and the exit code that goes with it."""

import errno
from typing import Final

from driftd.cli.saying import say
from driftd.errors import ConfigError, DecisionError, DriftdError, FencedError, LockedError, SourceError


class OutputError(DriftdError):
    """What a command prints cannot be written."""


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def foreseen(error: BaseException) -> DriftdError | BrokenPipeError | None:
    """Return the failure to tell of, also out of an exception group; None where there is a bug among them."""
    if isinstance(error, DriftdError | BrokenPipeError):
        return error
    if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:  # files are named by theirs
        return OutputError(
            f"the output cannot be written ({error.strerror}): give it room; what was asked may be done all the same"
        )
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
            say(f"{mistake.path}: {mistake.message}" if mistake.path else mistake.message, err=True)
        return
    reason = f"{error.reason}: " if isinstance(error, SourceError) else ""
    say(f"driftd: {reason}{error}", err=True)
    if isinstance(error, SourceError | DecisionError) and error.hint:
        say(f"next: {error.hint}", err=True)
