"""``driftd simulator``: the X3 tenants of the demo and the tests, on their own."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from driftd.cli.options import listen_option

if TYPE_CHECKING:
    from driftd.simulator import Farm, Switches


@click.command("simulator", short_help="Serve simulated Sage X3 tenants.")
@listen_option("127.0.0.1:8124")
@click.option("--tenants", type=click.IntRange(1), default=3, show_default=True, metavar="N", help="How many.")
@click.option(
    "--records", type=click.IntRange(0), default=200, show_default=True, metavar="N", help="Records of each class."
)
@click.option("--seed", type=int, default=7, show_default=True, metavar="S", help="Same seed, same business.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="Set a switch; may be repeated.")
@click.option(
    "--live", is_flag=False, flag_value=12.0, type=click.FloatRange(0, min_open=True), metavar="[N]",
    help="Let each tenant's business run by itself, N steps a minute (12 if not given).",
)  # fmt: skip
@click.option("--print-config", is_flag=True, help="Print a configuration that reads these tenants, and end.")
def command(
    address: tuple[str, int],
    tenants: int,
    records: int,
    seed: int,
    switches: Sequence[str],
    *,
    live: float | None,
    print_config: bool,
) -> None:
    """Serve simulated Sage X3 tenants over HTTP until interrupted.

    Every unknown of X3's web services is a switch; a wrong name or position lists what there is. With --live orders
    become deliveries, invoices and journal entries while it serves.
    """
    from driftd.cli.simulated import listening
    from driftd.simulator import Farm

    farm = Farm.build(tenants=tenants, records=records, seed=seed, switches=_switches(switches))
    if print_config:
        host, port = address
        click.echo(_printed(farm, f"http://{f'[{host}]' if ':' in host else host}:{port}"), nl=False)
        return
    with listening(farm, address, live or 0.0) as served:
        click.echo(f"{served.url} serves {', '.join(farm)}; end it with Ctrl-C")
        threading.Event().wait()


def _printed(farm: "Farm", url: str) -> str:
    from driftd.cli.simulated import configuration, variable

    exports = "".join(f"# export {variable(tenant)}={tenant.client_secret}\n" for tenant in farm.values())
    text = configuration(farm, url, data_dir="driftd-data", secret=lambda tenant: f'{{ env = "{variable(tenant)}" }}')
    return f"# The simulator's secrets, to be set before driftd reads it:\n{exports}\n{text}"


def _switches(settings: Sequence[str]) -> "Switches":
    from driftd.simulator import Switches

    switches = Switches()
    shown = switches.shown()
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in shown:
            raise click.UsageError(f'"{setting}" is no switch: use NAME=VALUE with one of {", ".join(shown)}')
        known = shown[name]
        try:
            value = text if isinstance(known, str) else type(known)(text)
            switches.move({name: value})
        except ValueError as error:
            raise click.UsageError(f"{setting}: {error}") from None
    return switches
