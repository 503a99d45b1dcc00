"""``driftd tokens``: what lets programs use driftd's own API."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from driftd.cli.options import TEXT, config_option, configured, format_option
from driftd.cli.saying import say, tell

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.access import Token

_BY = click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")


@click.group("tokens", short_help="Make, list and revoke tokens for driftd's own API.")
def command() -> None:
    """Look after the tokens that let programs use driftd's own API."""


@command.command("create", short_help="Make one, and print it once.")
@click.argument("name", type=TEXT)
@config_option
@click.option("--scope", required=True, type=click.Choice(["read", "operate", "admin"]), help="What its bearers may.")
@click.option("--connection", type=TEXT, metavar="C", help="The only connection that they see and touch.")
@click.option("--expires", metavar="WHEN", help="A span such as 90d, or the last day, such as 2027-03-31 (UTC).")
@click.option("--reason", type=TEXT, default="a new token", show_default=True, metavar="TEXT", help="Why.")
@_BY
def create(
    name: str,
    config_path: Path | None,
    scope: str,
    connection: str | None,
    expires: str | None,
    reason: str,
    by: str | None,
) -> int:
    """Make a token NAME and print its text, alone on standard output: it is shown this once, and only its hash is kept.

    Its bearers send "Authorization: Bearer TEXT". read sees everything, operate also decides and polls, admin also
    changes secrets, keys, connections and tokens. With the first token, nobody is served without one any more.
    """
    from driftd import app
    from driftd.app import tokens
    from driftd.cli.asking import posted
    from driftd.cli.deciding import who
    from driftd.cli.loop import leave_no_core, run
    from driftd.core.access import Scope, Token, digest_of, nameable
    from driftd.core.decision import Word

    leave_no_core()
    if not nameable(name):
        raise click.UsageError(
            'no token can be called so: up to 64 letters, digits and ".", "_", "-", such as "grafana"'
        )
    config, word, text = configured(config_path), Word(who(by), reason), tokens.made()
    digest = digest_of(text.reveal())
    token = Token(name, digest, Scope(scope), app.now(), word.by, connection, _end(expires))
    if app.running(config):
        said = posted(config, "/api/v1/tokens", _body(token, reason))
    else:
        said = run(tokens.make, config, token, word)
    say(text.reveal())
    say(said, err=True)
    return 0


def _end(expires: str | None) -> int | None:
    """Return when a token ends, epoch ms; a day is valid to its end."""
    from driftd import app
    from driftd.config.values import duration

    if expires is None:
        return None
    try:
        day = datetime.combine(date.fromisoformat(expires), datetime.min.time(), UTC)
        return round((day + timedelta(days=1)).timestamp() * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        return app.now() + round(duration(expires) * 1000)
    except ValueError:
        message = f'"{expires}" is no end: give a span such as 90d, or a day such as 2027-03-31'
        raise click.BadParameter(message, param_hint="--expires") from None


def _body(token: "Token", reason: str) -> dict[str, Any]:
    from driftd.core.document import moment

    return {
        "name": token.name,
        "digest": token.digest.hex(),
        "scope": str(token.scope),
        "connection": token.connection,
        "expires_at": moment(token.expires_at),
        "by": token.made_by,
        "reason": reason,
    }


@command.command("revoke", short_help="Let its bearers in no more.")
@click.argument("name", type=TEXT)
@config_option
@click.option("--reason", type=TEXT, default="revoked", show_default=True, metavar="TEXT", help="Why.")
@_BY
def revoke(name: str, config_path: Path | None, reason: str, by: str | None) -> int:
    """Revoke the token NAME: from this moment on it lets nobody in. Exit code 1 if there is none."""
    from driftd import app
    from driftd.app import tokens
    from driftd.cli.asking import posted
    from driftd.cli.deciding import who
    from driftd.cli.loop import run
    from driftd.core.decision import Word

    config, word = configured(config_path), Word(who(by), reason)
    if app.running(config):
        body = {"by": word.by, "reason": word.reason}
        say(posted(config, f"/api/v1/tokens/{quote(name, safe='')}/revoke", body))
    else:
        say(run(tokens.revoke, config, name, word))
    return 0


@command.command("list", short_help="List them.")
@config_option
@format_option
def listed(config_path: Path | None, form: str) -> int:
    """List the tokens: what their bearers may, until when, and when each was last used. None of them is shown."""
    from driftd import app
    from driftd.core.document import of_token

    config, now = configured(config_path), app.now()
    found = _found(config)
    if form == "json":
        tell({"tokens": [of_token(each, now) for each in found]})
    else:
        _show(found, now)
    return 0


def _found(config: "Config") -> "list[Token]":
    from driftd.app import tokens
    from driftd.cli.loop import run

    return list(run(tokens.listed, config))


def _show(found: "list[Token]", now: int) -> None:
    from driftd.cli.moments import local
    from driftd.cli.tables import show_table

    if not found:
        say("there are no tokens")
        return
    rows = [
        (
            each.name,
            str(each.scope),
            each.connection or "all",
            each.made_by,
            "never" if each.expires_at is None else local(each.expires_at),
            "never" if each.used_at is None else local(each.used_at),
            "no" if each.expired(now) else "yes",
        )
        for each in found
    ]
    show_table(("token", "scope", "connection", "made by", "expires", "last used", "valid"), rows, ())
