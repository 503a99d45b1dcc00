"""A secret as it is given: typed unseen, or on standard input. It stands in no argument and no variable."""

import sys
from collections.abc import Sequence

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


def secrets_given(name: str, fields: Sequence[str], *, stdin: bool) -> list[Secret]:
    """Return the secrets of a connection as they are given, each on a line of its own on standard input; raises as
    `secret_given` does.
    """
    if not stdin or len(fields) == 1:
        return [secret_given(f'{field} of "{name}"', stdin=stdin) for field in fields]
    lines = _text(len(fields)).removesuffix("\n").split("\n") if fields else []
    if len(lines) != len(fields):
        wanted = f"give {len(fields)} on standard input, a line each: {', then '.join(fields)}"
        raise click.UsageError(f'"{name}" needs {len(fields)} secrets, and {len(lines)} came: {wanted}')
    return [_checked(line.removesuffix("\r"), field) for field, line in zip(fields, lines, strict=True)]


def _read() -> Secret:
    return _checked(_text(1).removesuffix("\n").removesuffix("\r"), "secret")


def _text(secrets: int) -> str:
    from driftd.core.sealed import LONGEST

    try:
        return sys.stdin.buffer.read(secrets * (LONGEST + 3)).decode()
    except UnicodeDecodeError:
        raise click.UsageError("what stands on standard input is not UTF-8 text") from None


def _checked(text: str, which: str) -> Secret:
    """Return a secret that may be the one that was issued; one that is too long is told by who seals it."""
    from driftd.core.sealed import LONGEST

    secret = Secret(text)
    odd = flaw(secret) if len(text) <= LONGEST else None
    if odd is not None:
        raise click.UsageError(f"the {which} on standard input is hardly the one that was issued: {odd}")
    return secret
