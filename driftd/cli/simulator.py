"""``driftd simulator``: the X3 tenants of the demo and the tests, on their own."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from driftd.cli.options import PATH, Numbers, listen_option
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.simulator import Farm, Switches

_OF_A_FARM = ("tenants", "records", "seed", "switches")


@click.command("simulator", short_help="Serve simulated Sage X3 tenants.")
@listen_option("127.0.0.1:8124")
@click.option("--tenants", type=click.IntRange(1), default=3, show_default=True, metavar="N", help="How many.")
@click.option(
    "--records", type=click.IntRange(0), default=200, show_default=True, metavar="N", help="Records of each class."
)
@click.option("--seed", type=int, default=7, show_default=True, metavar="S", help="Same seed, same business.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="Set a switch; may be repeated.")
@click.option(
    "--live", is_flag=False, flag_value=12.0, type=Numbers(0, min_open=True), metavar="[N]",
    help="Let each tenant's business run by itself, N steps a minute (12 if not given).",
)  # fmt: skip
@click.option("--replay", type=PATH, metavar="FILE", help="Serve a recorded cassette instead.")
@click.option("--print-config", is_flag=True, help="Print a configuration that reads these tenants, and end.")
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    address: tuple[str, int],
    tenants: int,
    records: int,
    seed: int,
    switches: Sequence[str],
    *,
    live: float | None,
    replay: Path | None,
    print_config: bool,
) -> None:
    """Serve simulated Sage X3 tenants over HTTP until interrupted.

    Every unknown of X3's web services is a switch; a wrong name or position lists what there is. With --live orders
    become deliveries, invoices and journal entries while it serves. A cassette that "driftd connections test --record"
    wrote is served with --replay.
    """
    from driftd.cli.simulated import listening
    from driftd.simulator import Farm

    if replay is not None:
        _replay(ctx, replay, address, print_config=print_config)
        return
    farm = Farm.build(tenants=tenants, records=records, seed=seed, switches=_switches(switches))
    if print_config:
        click.echo(_printed(farm, _url(address)), nl=False)
        return
    with listening(farm, address, live or 0.0) as served:
        click.echo(f"{served.url} serves {', '.join(farm)}; end it with Ctrl-C")
        threading.Event().wait()


def _replay(ctx: click.Context, file: Path, address: tuple[str, int], *, print_config: bool) -> None:
    """Serve a cassette, or print the configuration that reads it."""
    from driftd.cli.simulated import listening, replayed
    from driftd.simulator import CassetteError, Replay

    given = [name for name in _OF_A_FARM if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        raise click.UsageError(f"--replay serves what was recorded: leave --{given[0].removesuffix('es')} out")
    try:
        replay = Replay.load(file)
    except CassetteError as error:
        raise click.UsageError(str(error)) from None
    if print_config:
        place = '{ env = "REPLAY_SECRET" }'
        text = replayed(replay, _url(address), data_dir="driftd-replay", secret=place)
        click.echo(f"# Any secret will do:\n# export REPLAY_SECRET=any\n\n{text}", nl=False)
        return
    with listening(replay, address) as served:
        say(f"{served.url} serves the cassette {file}; end it with Ctrl-C")
        say(f'base_url = "{served.url}", folder = "{replay.folder}"; --print-config prints the whole configuration')
        threading.Event().wait()


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _printed(farm: "Farm", url: str) -> str:
    from driftd.cli.simulated import configuration, variable

    exports = "".join(f"# export {variable(tenant)}={tenant.client_secret}\n" for tenant in farm.values())
    tables = {"daemon": {"data_dir": "driftd-data"}, "defaults": {"second_look": "2s"}}
    text = configuration(farm, url, secret=lambda tenant: f'{{ env = "{variable(tenant)}" }}', tables=tables)
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
