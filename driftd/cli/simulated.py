"""A simulated farm being served, and the configuration with which driftd reads it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from driftd.simulator import Farm, Replay, Serving, Tenant

Setting: TypeAlias = str | int | float
"""A plain value of the configuration."""


@contextmanager
def listening(farm: "Farm", address: tuple[str, int], pace: float = 0.0) -> "Iterator[Serving]":
    """Serve a farm whose tenants take `pace` steps of business a minute.

    An address that cannot be had is the user's mistake.
    """
    from driftd.cli.loop import settle
    from driftd.simulator import serving

    settle()
    host, port = address
    with ExitStack() as stack:
        try:
            served = stack.enter_context(serving(farm, host, port, pace=pace))
        except OSError as error:
            reason = error.strerror or error
            raise click.UsageError(f"cannot listen on {host}:{port} ({reason}): give another --listen") from None
        yield served


def variable(tenant: "Tenant") -> str:
    """Return the environment variable that holds a tenant's secret."""
    return f"{tenant.name.upper()}_SECRET"


def configuration(
    farm: "Farm",
    url: "str | Callable[[Tenant], str]",
    *,
    secret: "Callable[[Tenant], str]",
    tables: Mapping[str, Mapping[str, Setting]],
    only: Sequence[str] = (),
) -> str:
    """Return the TOML that reads every tenant of a farm served at `url`, all at one or each at its own.

    `secret` gives the place of a tenant's secret as TOML; `tables` are settings by table, such as ``defaults``. Classes
    other than `only`, where some are named, are not polled.
    """
    lines = [*_reachable(), *(line for name, settings in tables.items() for line in _table(name, settings))]
    for tenant in farm.values():
        lines += _connection(tenant, url if isinstance(url, str) else url(tenant), secret(tenant))
        for name in only:
            lines += ["", "[[connections.resources]]", f'name = "{name}"']
    return "\n".join([*lines, ""])


def replayed(replay: "Replay", url: str, *, data_dir: str, secret: str) -> str:
    """Return the TOML that reads a cassette served at `url`; `secret` is the place of any secret, as TOML."""
    lines = [*_reachable(), *_table("daemon", {"data_dir": data_dir}), *_connection(replay, url, secret)]
    for each in replay.cassette.classes:
        lines += ["", "[[connections.resources]]", f'name = "{each.name}"', f'representation = "{each.representation}"']
        lines += [f"key = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in each.key)}]"]
        lines += [f"details = {str(each.details).lower()}", f"page_size = {each.page_size}"]
        lines += [f'watermark = "{each.watermark}"'] if each.watermark else []
    return "\n".join([*lines, ""])


def _reachable() -> Iterator[str]:
    yield "[network]"
    yield from (f'{name} = ["127.0.0.0/8", "::1/128"]' for name in ("allow_networks", "allow_http"))
    yield ""


def _table(name: str, settings: Mapping[str, Setting]) -> Iterator[str]:
    yield f"[{name}]"
    yield from (f"{key} = {json.dumps(value)}" for key, value in settings.items())
    yield ""


def _connection(tenant: "Tenant | Replay", url: str, secret: str) -> Iterator[str]:
    yield ""
    yield "[[connections]]"
    yield f'name = "{tenant.name}"'
    yield f'base_url = "{url}"'
    yield f'folder = "{tenant.folder}"'
    if tenant.endpoint != tenant.folder:
        yield f'endpoint = "{tenant.endpoint}"'
    yield "[connections.auth]"
    yield f'token_url = "{url}{tenant.token_path}"'
    yield f'client_id = "{tenant.client_id}"'
    yield f"client_secret = {secret}"
