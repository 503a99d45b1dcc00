"""``driftd db``: the database itself."""

from pathlib import Path
from typing import Final

import click

from driftd.cli import daily, erase, migrate, prune
from driftd.cli.options import FILE, PRESENT, config_option, configured, format_option
from driftd.cli.saying import say, tell

_NEXT: Final = "`driftd run` sets it aside and goes on from the newest backup"
_NEXT_OF_FILE: Final = "restore another backup, or take a new one with `driftd db backup`"


@click.group("db", short_help="Back the database up, restore, check, prune and migrate it; erase a person.")
def command() -> None:
    """Look after the database."""


@command.command("backup", short_help="Copy the database while it is in use.")
@config_option
@click.option("--to", "target", type=FILE, metavar="FILE", help="Default: a new file in backup_dir.")
@format_option
def backup(config_path: Path | None, target: Path | None, form: str) -> int:
    """Copy the database, whether a daemon runs or not. The copy is checked before it has its name.

    In backup_dir the newest of `backups_kept` stay; a FILE must not be there yet.
    """
    from driftd import app
    from driftd.app.storage import back_up

    taken = back_up(configured(config_path, stored=False), target, app.now())
    if form == "json":
        tell({"path": str(taken.path), "bytes": taken.size})
    else:
        say(f'"{taken.path}" holds a backup of {taken.size:,} bytes')
    return 0


@command.command("restore", short_help="Put a backup in the place of the database.")
@click.argument("source", type=PRESENT, metavar="FILE")
@config_option
@format_option
def restore(source: Path, config_path: Path | None, form: str) -> int:
    """Put FILE in the place of the database, which is set aside with all that belongs to it and never deleted.

    Exit code 3 while a daemon runs. Consumers find a marker for each resource in `driftd changes`, and read its records
    anew; what changed since the backup is told by the next sweeps.
    """
    from driftd import app
    from driftd.app.storage import put_back

    done = put_back(configured(config_path, stored=False), source, app.now())
    if form == "json":
        aside = str(done.aside) if done.aside else None
        tell({"restored": str(source), "aside": aside, "after_seq": done.seq})
        return 0
    say(f'"{source}" is restored; changes go on after {done.seq}')
    if done.aside:
        say(f'what was there before is in "{done.aside}"')
    return 0


@command.command("check", short_help="Tell whether the database, or a backup, is whole.")
@click.argument("path", type=PRESENT, metavar="[FILE]", required=False)
@config_option
@click.option("--full", is_flag=True, help="Also compare indexes with tables, and references: takes twice as long.")
@format_option
def check(path: Path | None, config_path: Path | None, form: str, *, full: bool) -> int:
    """Look through the database, or FILE, whether a daemon runs or not. Exit code 1 if it is damaged."""
    from driftd.app.storage import examine

    looked, found = examine(configured(config_path, stored=False), path, full=full)
    if form == "json":
        tell({"path": str(looked), "full": full, "ok": not found, "found": list(found)})
        return int(bool(found))
    if not found:
        say(f'"{looked}" is whole')
        return 0
    say(f'"{looked}" is damaged: {len(found)} findings, such as')
    for each in found[:5]:
        say(f"  {each}")
    say(f"next: {_NEXT if path is None else _NEXT_OF_FILE}; see docs/storage.md")
    return 1


command.add_command(prune.command)
command.add_command(daily.command)
command.add_command(migrate.command)
command.add_command(erase.command)
