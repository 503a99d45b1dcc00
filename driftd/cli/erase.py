"""``driftd db erase``: a person's record is taken out of all that is stored of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftd.cli.options import TEXT, check_selection, config_option, configured
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.decision import Removal

_SECONDS = 3600.0
"""For which the answer of a daemon is waited for: all bodies of a resource are written anew."""


@click.command("erase", short_help="Erase a person's record from all that is stored.")
@config_option
@click.option("--connection", required=True, metavar="C", help="The connection.")
@click.option("--resource", "name", required=True, metavar="R", help="The resource.")
@click.option(
    "--key", type=TEXT, required=True, metavar="K", help="The key's parts joined by ~, or a JSON array of them."
)
@click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="Why, naming nobody: it stays in the audit log."
)
@click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
@click.option("--forget", is_flag=True, help="Keep nothing by which the next sweep would pass it over.")
def command(
    config_path: Path | None, connection: str, name: str, key: str, reason: str, by: str | None, *, forget: bool
) -> int:
    """Erase one record: from snapshot, change log, segments, profiles, alerts and free pages of the database.

    Its change events leave a gap in their numbers. From then on sweeps pass it over, by a hash of its key, unless
    --forget is given; given later, that is lifted. Backups keep what they have until they are deleted.
    """
    from driftd.cli.deciding import who
    from driftd.cli.records import candidates, named
    from driftd.core.decision import Removal, check_removal

    config = configured(config_path)
    check_selection(config, connection, name)
    keys = tuple(candidates(key, named(config, connection, name)))
    removal = Removal(connection, name, keys, who(by), reason, forget)
    check_removal(removal)
    for line in _erased(config, removal).splitlines():
        say(line)
    return 0


def _erased(config: "Config", removal: "Removal") -> str:
    """Erase through the daemon where one runs, and by ourselves where none does."""
    from driftd import app
    from driftd.app import erasure
    from driftd.cli.asking import posted
    from driftd.cli.loop import run

    if app.running(config):
        said = posted(config, "/api/v1/erasures", _body(removal), seconds=_SECONDS)
    else:
        said = run(erasure.erase, config, removal)
    beside = [f'"{each}" is a copy of before: delete it, or wait until it goes' for each in erasure.copies(config)]
    return "\n".join([said, *beside])


def _body(removal: "Removal") -> dict[str, Any]:
    import json

    return {
        "connection": removal.connection,
        "resource": removal.resource,
        "keys": [json.loads(key) for key in removal.keys],
        "reason": removal.reason,
        "by": removal.by,
        "forget": removal.forget,
    }
