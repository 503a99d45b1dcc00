"""``driftd connections list``, ``show`` and ``remove``: where connections stand, what is stored of them, their end."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from driftd.cli.moments import brief, local
from driftd.cli.options import TEXT, check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table, style_of

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig, SecretRef
    from driftd.core.decision import Word
    from driftd.core.status import ConnectionStatus
    from driftd.core.stored import StoredTable

_COLUMNS: Final = ("connection", "source", "environment", "state", "since", "reason", "folder", "host", "customer")
_SECONDS: Final = 3600.0
"""For which the answer of a daemon is waited for: all that was captured of a connection may have to go."""


@click.command("list", short_help="List connections, and where each stands.")
@config_option
@format_option
def listed(config_path: Path | None, form: str) -> None:
    """List every connection: whether it stands in the file or in the database, its environment, and how it is."""
    from driftd import app
    from driftd.cli.loop import run
    from driftd.core.document import of_summary

    config = configured(config_path)
    status = run(app.view, config, app.now())
    of = {each.name: each for each in config.connections}
    if form == "json":
        told = [{**of_summary(each), **_stands(of[each.name])} for each in status.connections]
        tell({"connections": told})
    elif status.connections:
        rows = [_row(each, of[each.name], status.at) for each in status.connections]
        show_table(_COLUMNS, rows, (), {"state": style_of}, folded=("connection", "customer"))
    else:
        say("there is no connection: add one with [[connections]] in the file, or PUT /api/v1/connections/NAME")


@click.command("show", short_help="Show a connection, without its secret.")
@click.argument("name", metavar="NAME", type=TEXT)
@config_option
@format_option
def shown(name: str, config_path: Path | None, form: str) -> None:
    """Show the connection NAME: where it stands, where it leads, who we are there, and since when it is so.

    No secret is shown, only where it is kept.
    """
    from driftd import app
    from driftd.app.joining import stored_of
    from driftd.cli.loop import run
    from driftd.core.document import of_connection
    from driftd.core.status import located

    config = configured(config_path)
    check_selection(config, name, None)
    connection = next(each for each in config.connections if each.name == name)
    status = run(app.view, config, app.now())
    found = next(each for each in status.connections if each.name == name)
    kept = stored_of(config, name) if connection.stored else None
    if form == "json":
        tell({**of_connection(found, located(status.connections), status.at), **_stored(connection, kept)})
        return
    for label, text in _facts(found, connection, kept):
        say(f"{label:<12} {text}")


@click.command("remove", short_help="Remove a connection of the database.")
@click.argument("name", metavar="NAME", type=TEXT)
@config_option
@click.option("--keep-data", "keep", is_flag=True, help="Keep what was captured of it.")
@click.option("--erase-data", "erase", is_flag=True, help="Erase all that is stored of it, for good.")
@click.option("--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it stands in the audit log.")
@click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
def removed(name: str, config_path: Path | None, reason: str, by: str | None, *, keep: bool, erase: bool) -> int:
    """Remove the connection NAME of the database, and shred its secret. One of the file is taken out there.

    With --erase-data, snapshot, change events, history and alerts of it go as well; what persons did stays in the audit
    log. That also erases what is left of a connection that was in the file. Backups keep what they have.
    """
    from driftd.cli.deciding import who
    from driftd.core.decision import Word, check_word

    if keep == erase:
        raise click.UsageError("say what becomes of what was captured: either --keep-data or --erase-data")
    word = Word(who(by), reason)
    check_word(word)
    say(_removed(configured(config_path, stored=False), name, word, erase=erase))
    return 0


def _removed(config: "Config", name: str, word: "Word", *, erase: bool) -> str:
    """Remove it through the daemon where one runs, and by ourselves where none does."""
    from urllib.parse import quote, urlencode

    from driftd import app
    from driftd.app import alone
    from driftd.cli.asking import sent
    from driftd.cli.loop import run

    if not app.running(config):
        return run(alone.remove, config, name, word, erase)
    query = urlencode({"data": "erase" if erase else "keep", "reason": word.reason, "by": word.by})
    path = f"/api/v1/connections/{quote(name, safe='')}?{query}"
    return str(sent(config, path, {}, seconds=_SECONDS, method="DELETE").get("says", "done"))


def _stands(connection: "ConnectionConfig") -> dict[str, object]:
    return {"source": _source(connection), "place": connection.place}


def _source(connection: "ConnectionConfig") -> str:
    return "stored" if connection.stored else "file"


def _row(status: "ConnectionStatus", connection: "ConnectionConfig", now: int) -> tuple[str, ...]:
    from driftd.core.reasons import State
    from driftd.core.words import PHRASES, Language

    since = "-" if status.state is State.UNVALIDATED else brief(status.since, now, PHRASES[Language.ENGLISH].units)
    return (
        status.name,
        _source(connection),
        status.environment or "-",
        status.state,
        since,
        status.reason or "-",
        status.folder,
        status.host,
        status.customer or "-",
    )


def _facts(
    status: "ConnectionStatus", connection: "ConnectionConfig", kept: "StoredTable | None"
) -> list[tuple[str, str]]:
    told = [
        ("connection", connection.name),
        ("stands in", "the database" if connection.stored else f"the file, at {connection.place}"),
        ("customer", connection.customer or "-"),
        ("environment", connection.environment or "-"),
        ("address", connection.base_url),
        ("folder", connection.folder),
        ("signs in", _way_in(connection)),
        ("secret", _secret(connection)),
        ("resources", ", ".join(each.name for each in connection.resources)),
        ("state", f"{status.state}{f', {status.reason}' if status.reason else ''}"),
    ]
    if kept is not None:
        told += [("brought", f"{local(kept.made_at)} by {kept.made_by}")]
        told += [("changed", f"{local(kept.changed_at)} by {kept.changed_by}")]
    return told


def _way_in(connection: "ConnectionConfig") -> str:
    from driftd.config import Basic

    auth = connection.auth
    who = auth.username if isinstance(auth, Basic) else auth.client_id
    kind = re.sub("(?<!^)(?=[A-Z])", "_", type(auth).__name__).lower()
    return f"as {who}, by {kind}"


def _secret(connection: "ConnectionConfig") -> str:
    return "; ".join(_place(each) for each in reversed(connection.secrets))


def _place(secret: "SecretRef") -> str:
    if secret.field:
        return f"{secret.field}, which driftd keeps sealed"
    return f'the variable "{secret.env}"' if secret.env is not None else f'the file "{secret.file}"'


def _stored(connection: "ConnectionConfig", kept: "StoredTable | None") -> dict[str, object]:
    from driftd.core.document import moment

    return {
        **_stands(connection),
        "settings": kept.table if kept else None,
        "made": {"at": moment(kept.made_at), "by": kept.made_by} if kept else None,
        "changed": {"at": moment(kept.changed_at), "by": kept.changed_by} if kept else None,
    }
