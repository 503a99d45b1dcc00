"""``driftd drift``: what departs from what was known, and what is decided of it."""

import click

from driftd.cli.deciding import add_decision, add_list, add_mute, add_settling, add_show
from driftd.cli.schemas import add_versions


@click.group("drift", short_help="List drift; accept it, release or keep held deletes.")
def command() -> None:
    """Look at what departs from what was known, and decide.

    ID is the id of a drift, or at least four digits of its beginning.
    """


add_list(
    command, "List what departs from what was known, the gravest first. Exit code 1 if any of it fires.", drifts=True
)
add_show(command)
add_versions(command)
add_decision(
    command,
    "accept",
    "Accept ID: what departs becomes the baseline, the alert ends, and what its policy held back goes on.",
    "Make what departs the new baseline.",
)
add_decision(
    command,
    "undo",
    "Undo the acceptance of ID: the shape is judged by the baseline of before again. The last acceptance first.",
    "Take back an acceptance.",
)
add_mute(command)
add_settling(
    command,
    "release",
    "Release the deletes that ID holds: they were meant, and become change events.",
    "Let held deletes become events.",
)
add_settling(
    command,
    "keep",
    "Keep the records whose deletes ID holds: the candidates are dropped, and the next sweep judges afresh.",
    "Drop held deletes.",
)
