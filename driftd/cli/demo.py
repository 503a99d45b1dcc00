"""``driftd demo``: eight incidents befall simulated tenants, and the daemon tells of each; leaves nothing behind."""

from typing import TYPE_CHECKING

import click

from driftd.cli.options import Numbers, listen_option

if TYPE_CHECKING:
    from driftd.cli.telling import Speaker


@click.command("demo", short_help="Show what is found when things befall simulated tenants.")
@listen_option("127.0.0.1:0")
@click.option("--speed", type=Numbers(0.01), default=1.0, metavar="N", help="So many times as fast.")
@click.option("--exit-after", type=Numbers(0), metavar="S", help="End after S seconds, not before nor later.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Or each event as a JSON object."
)
def command(address: tuple[str, int], speed: float, exit_after: float | None, form: str) -> int:
    """Run the daemon on five simulated Sage X3 tenants, have eight incidents befall them, and print what it tells.

    --listen is where the daemon serves its metrics meanwhile. The story takes two to three minutes and ends by itself
    or on Ctrl-C; with --exit-after it is cut short, or the daemon goes on until then. Nothing is left behind. Exit code
    1 if an incident was not found or a false alert was told.
    """
    from driftd.cli.loop import run
    from driftd.cli.scene import played

    return 0 if run(played, address, speed, exit_after, _speaker(form)) else 1


def _speaker(form: str) -> "Speaker":
    import time

    from driftd import app
    from driftd.cli.telling import ToPeople, ToPrograms

    return ToPeople(time.monotonic) if form == "text" else ToPrograms(app.now)
