"""One ``[[connections]]`` table to a `ConnectionConfig`."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from driftd.config import shape
from driftd.config.address import check_addresses
from driftd.config.auth import Ground, read_auth
from driftd.config.fit import above_limits
from driftd.config.model import (
    ClassDefaults,
    ConnectionConfig,
    ResourceConfig,
    Settings,
)
from driftd.config.report import Findings, join
from driftd.config.resource import check_level, overlaid, read_resource, standard_resources
from driftd.core.network import PUBLIC_ONLY, Egress


class Surroundings(Struct, frozen=True):
    """What stands around a connection."""

    network: Egress | None
    """None where ``[network]`` itself has mistakes."""
    defaults: Settings
    catalogue: Mapping[str, ClassDefaults]
    vault: bool
    """Whether driftd has a key to keep secrets with."""


def read_connection(
    raw: object, path: str, found: Findings, surroundings: Surroundings, folder: Path
) -> ConnectionConfig | None:
    """Read a connection and all below it; notes every mistake and returns None where there are some."""
    before = len(found.mistakes)
    table = found.table(shape.Connection, raw, path)
    if not isinstance(raw, dict):
        return None
    if surroundings.network is not None:
        check_addresses(raw, path, found, surroundings.network)
    auth = read_auth(raw.get("auth"), join(path, "auth"), found, Ground(folder, surroundings.vault))
    check_level(raw, table, path, found)
    if "client_key_file" in raw and "client_cert_file" not in raw:
        found.add(join(path, "client_key_file"), "stands without the client_cert_file that it is the key of: give both")
    settings = overlaid(surroundings.defaults, table)
    name = table.name if table else ""
    classes = _read_resources(raw, path, found, surroundings.catalogue, (name, settings))
    if table is None or auth is None or len(found.mistakes) > before:
        return None
    read = ConnectionConfig(
        name=table.name,
        base_url=table.base_url,
        folder=table.folder,
        endpoint=table.endpoint or table.folder,
        auth=auth,
        settings=settings,
        classes=classes,
        folder_header=tuple(table.folder_header or ["X-Sage-Folder"]),
        proxy=table.proxy,
        customer=table.customer,
        environment=table.environment,
        ca_file=folder / table.ca_file if table.ca_file else None,
        client_cert_file=folder / table.client_cert_file if table.client_cert_file else None,
        client_key_file=folder / table.client_key_file if table.client_key_file else None,
        network=surroundings.network or PUBLIC_ONLY,
        place=f"{found.prefix}{path}",
        listed="resources" in raw,
    )
    above = above_limits(read)
    found.mistakes += above
    return None if above else read


def _read_resources(
    raw: Mapping[str, object],
    path: str,
    found: Findings,
    catalogue: Mapping[str, ClassDefaults],
    above: tuple[str, Settings],
) -> tuple[ResourceConfig, ...]:
    if "resources" not in raw:
        return standard_resources(catalogue, above)
    tables = found.array(raw["resources"], join(path, "resources"), "[[connections.resources]]")
    first: dict[str, str] = {}
    read = []
    for place, each in tables:
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str) and first.setdefault(name, place) != place:
            found.add(f"{place}.name", f'"{name}" is already the name of {first[name]}: name each resource once')
        read.append(read_resource(each, place, found, catalogue, above))
    return tuple(each for each in read if each)
