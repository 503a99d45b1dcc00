"""``driftd run``: the daemon."""

from pathlib import Path

import click

from driftd.cli.options import config_option, config_place


@click.command("run", short_help="Run the daemon.")
@config_option
def command(config_path: Path | None) -> int:
    """Poll every connection for ever, and serve metrics.

    SIGHUP reloads the configuration, SIGTERM ends in order. Logs go to stderr. Exit code 3 if another daemon owns the
    data directory.
    """
    import os
    import sys

    from driftd import app
    from driftd.app import daemon
    from driftd.cli.loop import raise_limit, run, share_one_arena
    from driftd.cli.version import revision
    from driftd.config import Config, load

    place = config_place(config_path)

    def loaded() -> Config:
        return load(place, app.catalogue())

    raise_limit()
    share_one_arena()
    run(daemon.run, loaded(), daemon.Process(loaded, sys.stderr, os.environ, revision() or "unknown"))
    return 0
