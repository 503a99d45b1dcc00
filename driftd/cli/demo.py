"""``driftd demo``: what driftd does, in half a minute, on simulated tenants; leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import listen_option

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.simulator import Farm

_RECORDS = {
    "BPCUSTOMER": 120, "ITMMASTER": 80, "ITMMVT": 60, "SORDER": 60, "SDELIVERY": 20, "PORDER": 20, "PINVOICE": 12,
    "GACCENTRY": 20, "BALANCE": 48,
}  # fmt: skip


@click.command("demo", short_help="Show capture on simulated tenants.")
@listen_option("127.0.0.1:0")
@click.option("--speed", type=click.FloatRange(0.01), default=1.0, metavar="N", help="So many times as fast.")
@click.option("--exit-after", type=click.FloatRange(0), metavar="S", help="Go on until S seconds have passed.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Or each change event as JSON."
)
def command(address: tuple[str, int], speed: float, exit_after: float | None, form: str) -> int:
    """Start simulated Sage X3 tenants, poll them while their business goes on, and print each change as captured.

    Ends by itself or on Ctrl-C; nothing is left behind.
    """
    from driftd.cli.loop import run
    from driftd.cli.simulated import listening
    from driftd.cli.story import Story
    from driftd.cli.telling import Telling
    from driftd.simulator import Farm

    farm = Farm.build(tenants=3, records=_RECORDS)
    with listening(farm, address) as served, _configured(farm, served.url, speed) as config:
        telling = Telling(speed, json_lines=form == "json")
        telling.opening(served.url, [tenant.name for tenant in farm.values()])
        return 0 if run(Story(farm, config, telling).play, exit_after) else 1


@contextmanager
def _configured(farm: "Farm", url: str, speed: float) -> "Iterator[Config]":
    """Write a configuration with its secrets and its data directory to a folder that goes at the end."""
    from tempfile import TemporaryDirectory

    from driftd import app
    from driftd.cli.simulated import configuration
    from driftd.config import load

    with TemporaryDirectory(prefix="driftd-demo-") as name:
        folder = Path(name)
        for tenant in farm.values():
            (folder / tenant.name).write_text(tenant.client_secret)
        text = configuration(
            farm,
            url,
            data_dir="data",
            secret=lambda tenant: f'{{ file = "{tenant.name}" }}',
            second_look=f"{0.5 / max(1.0, speed):.4f}s",
        )
        (folder / "driftd.toml").write_text(text)
        yield load(folder / "driftd.toml", app.catalogue())
