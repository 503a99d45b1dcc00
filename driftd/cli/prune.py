"""``driftd db prune``: remove what is older than it is kept, at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import config_option, configured, format_option
from driftd.cli.saying import say, tell

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.retention import Pruned


@click.command("prune", short_help="Remove what is older than it is kept.")
@config_option
@click.option("--dry-run", is_flag=True, help="Only tell what would go now.")
@format_option
def command(config_path: Path | None, form: str, *, dry_run: bool) -> None:
    """Remove what is older than [store] keeps it, and give free space back to the file system.

    A running daemon does this once an hour by itself; where one runs, it does the work here too. What cursors in use
    have not read stays, as do the snapshot, pending and held deletes, and events that are withheld.

    By itself the daemon goes by a clock that tenants confirm. This command takes that of this machine at its word, and
    says first what will go.
    """
    from driftd.app import keeping
    from driftd.cli.loop import run

    config = configured(config_path)
    ripe = run(keeping.ripe, config)
    if not dry_run and ripe.rows:
        say(f"by the clock of this machine, {_now()}: {_told(ripe, 'will go')}", err=True)
    done = ripe if dry_run else _pruned(config)
    if form == "json":
        tell({"dry_run": dry_run, **_as_json(done)})
    else:
        say(_told(done, "would go" if dry_run else "gone"))


def _pruned(config: "Config") -> "Pruned":
    """Prune through the daemon where one runs, and by ourselves where none does."""
    from msgspec import convert

    from driftd import app
    from driftd.app import keeping
    from driftd.cli.asking import sent
    from driftd.cli.loop import run
    from driftd.core.retention import Pruned

    if not app.running(config):
        return run(keeping.prune, config)
    done = Pruned(more=True)
    while done.more:
        done += convert(sent(config, "/api/v1/db/prune", {}), Pruned)
    return done


def _now() -> str:
    from driftd.app.opening import now
    from driftd.core.document import moment

    return moment(now()) or ""


def _as_json(done: "Pruned") -> dict[str, int]:
    return {
        "events": done.removed,
        "bodies": done.stripped,
        "counters": done.counters,
        "tombstones": done.tombstones,
        "cursors": done.cursors,
        "log_bytes": done.log_bytes,
        "bytes_given_back": done.file_bytes,
    }


def _told(done: "Pruned", verb: str) -> str:
    from driftd.config.values import volume

    counts = {
        "events": done.removed,
        "bodies of events": done.stripped,
        "counts of days": done.counters,
        "tombstones": done.tombstones,
        "cursors": done.cursors,
    }
    parts = [f"{number:,} {what}" for what, number in counts.items() if number]
    if not parts and not done.file_bytes:
        return f"nothing {verb}"
    given = f"; {volume(done.file_bytes)} given back to the file system" if done.file_bytes else ""
    return f"{verb}: {', '.join(parts) or 'nothing'} ({volume(done.log_bytes)} of the log){given}"
