"""``driftd version``: what support asks first."""

import json
import platform
import sqlite3

import click

import driftd
from driftd.cli.options import format_option
from driftd.cli.saying import say, tell


@click.command("version")
@format_option
def command(form: str) -> None:
    """Show the versions of driftd and of what it runs on."""
    facts = {
        "version": driftd.__version__,
        "revision": revision(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
    }
    if form == "json":
        tell(facts)
        return
    say(f"driftd {facts['version']}")
    for name, value in list(facts.items())[1:]:
        say(f"{name:<9} {value or 'unknown'}")


def revision() -> str | None:
    """Return the commit that pip installed from, where it recorded one (PEP 610)."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        recorded = distribution("driftd").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    revision = json.loads(recorded or "{}").get("vcs_info", {}).get("commit_id")
    return revision if isinstance(revision, str) else None
