"""``driftd alerts``: drift, and what keeps data away."""

import click

from driftd.cli.deciding import add_list, add_mute, add_show


@click.group("alerts", short_help="List alerts; show or mute one.")
def command() -> None:
    """Look at alerts."""


add_list(
    command,
    "List alerts, the gravest first: drift, and what keeps data away. Exit code 1 if any of them fires.",
    drifts=False,
)
add_show(command)
add_mute(command)
