"""One ``[[connections.resources]]`` table to a `ResourceConfig`; what it does not set comes from above it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from driftd.config import shape
from driftd.config.model import ClassDefaults, ResourceConfig, Settings
from driftd.config.private import check_private, unruled
from driftd.config.report import Findings, join, near
from driftd.core.calendar import open_minutes
from driftd.core.model import Calendar, Guards, Policy, Resource
from driftd.core.veil import in_force

_LEVEL = shape.Overrides.__struct_fields__
_OF_CONNECTION = ("requests_per_day", "bytes_per_day", "details_per_hour", "max_concurrency", "max_per_host")


def check_level(raw: object, table: shape.Overrides | None, path: str, found: Findings) -> None:
    """Note settings of one table that contradict each other, as written and as read."""
    if isinstance(raw, dict) and {"sweep", "sweep_cron"} <= raw.keys():
        found.add(join(path, "sweep_cron"), "stands beside sweep: give one of the two")
    if table and table.blackout and not open_minutes(table.blackout):
        found.add(join(path, "blackout"), "covers the whole day, so that no hour is left for cycles: shorten it")


def overlaid(above: Settings, table: shape.Overrides | None) -> Settings:
    """Return the settings in force where `table` stands below `above`: the nearest wins."""
    if table is None:
        return above
    own: dict[str, Any] = {name: getattr(table, name) for name in _LEVEL if getattr(table, name) is not None}
    if "sweep" in own:
        own.setdefault("sweep_cron", None)
    if "blackout" in own:
        own["blackout"] = tuple(own["blackout"])
    if "policy" in own:
        own["policy"] = Policy(own["policy"])
    return replace(above, **own)


def standard_resources(
    catalogue: Mapping[str, ClassDefaults], above: tuple[str, Settings]
) -> tuple[ResourceConfig, ...]:
    """Return every class of the catalogue with the connection's settings."""
    connection, settings = above
    return tuple(
        _resolved(shape.Resource(name=name), connection, settings, defaults) for name, defaults in catalogue.items()
    )


def read_resource(
    raw: object, path: str, found: Findings, catalogue: Mapping[str, ClassDefaults], above: tuple[str, Settings]
) -> ResourceConfig | None:
    """Read a resource of the connection `above` (its name and settings); notes its mistakes."""
    before = len(found.mistakes)
    table = found.table(shape.Resource, raw, path)
    check_level(raw, table, path, found)
    if table is None:
        return None
    connection, inherited = above
    settings = overlaid(inherited, table)
    known = catalogue.get(table.name)
    key = tuple(table.key or (known.key if known else ()))
    if not key:
        hint = near(table.name, catalogue)
        found.add(f"{path}.key", f'is missing: the catalogue does not know "{table.name}", so name its key{hint}')
    _check_members(table, key, path, found)
    check_private(table, ClassDefaults(table.name, key) if known is None else replace(known, key=key), path, found)
    _check_limits(table, inherited, path, found)
    if len(found.mistakes) > before:
        return None
    return _resolved(table, connection, settings, ClassDefaults(table.name, key) if known is None else known)


def _resolved(table: shape.Resource, connection: str, settings: Settings, known: ClassDefaults) -> ResourceConfig:
    resource = Resource(
        connection=connection,
        name=table.name,
        representation=table.representation or known.representation,
        key=tuple(table.key or known.key),
        details=known.details if table.details is None else table.details,
        watermark=table.watermark,
        volatile=tuple(table.volatile),
        lines=known.lines,
        page_size=settings.page_size,
        details_per_hour=settings.details_per_hour,
        watermark_overlap=settings.watermark_overlap,
        probe=settings.probe,
        delta=settings.delta,
        sweep=settings.sweep,
        calendar=Calendar(settings.sweep_cron, settings.timezone, settings.blackout),
        guards=Guards(settings.mass_delete_ratio, settings.mass_delete_limit, settings.second_look),
        policy=settings.policy,
        references={**known.references, **table.references},
        rules=known.rules,
        private=in_force(table.private),
    )
    return ResourceConfig(
        resource,
        settings,
        own=frozenset(name for name in _LEVEL if getattr(table, name) is not None),
        personal=unruled(known.personal, table.private),
        references=MappingProxyType(dict(table.references)),
    )


def _check_members(table: shape.Resource, key: tuple[str, ...], path: str, found: Findings) -> None:
    for name in ("key", "volatile"):
        members = getattr(table, name) or ()
        for number, member in enumerate(members):
            if member in members[:number]:
                found.add(join(path, name, number), f'"{member}" stands there twice: name each member once')
    for number, member in enumerate(table.volatile):
        if member in key or member == table.watermark:
            part = "key" if member in key else "watermark"
            found.add(join(path, "volatile", number), f'"{member}" is the {part}: it cannot be volatile')


def _check_limits(table: shape.Resource, inherited: Settings, path: str, found: Findings) -> None:
    for name in _OF_CONNECTION:
        own, above = getattr(table, name), getattr(inherited, name)
        if own is not None and own > above:
            found.add(join(path, name), f"is above the connection's {name} = {above}: lower it, or raise that one")
