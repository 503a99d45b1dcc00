"""A secret as it is given: typed unseen, or on standard input. It stands in no argument and no variable."""

import sys

import click

from driftd.cli.saying import say
from driftd.core.secret import Secret, flaw


def secret_given(asked: str, *, stdin: bool) -> Secret:
    """Return the secret that is given. Raises `click.UsageError` where there is nobody to ask, and for what is odd."""
    if stdin:
        return _read()
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask at: give --secret-stdin")
    while True:
        secret = Secret(click.prompt(asked, hide_input=True, default="", show_default=False, err=True))
        odd = "it is empty" if not secret.reveal() else flaw(secret)
        if odd is None:
            return secret
        say(f"{odd}: give it again", err=True)


def _read() -> Secret:
    from driftd.core.sealed import LONGEST

    try:
        text = sys.stdin.buffer.read(LONGEST + 3).decode()
    except UnicodeDecodeError:
        raise click.UsageError("what stands on standard input is not UTF-8 text") from None
    secret = Secret(text.removesuffix("\n").removesuffix("\r"))
    odd = flaw(secret) if len(text) <= LONGEST else None
    if odd is not None:
        raise click.UsageError(f"the secret on standard input is hardly the one that was issued: {odd}")
    return secret
