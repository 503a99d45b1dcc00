"""A plan as tables or JSON: each resource, each connection with its limits, each host, and the sum.

Of a large configuration the tables show the costliest rows; JSON has them all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from driftd.cli.saying import say
from driftd.cli.tables import show_table
from driftd.core.model import Kind

if TYPE_CHECKING:
    from driftd.config import Cost, Plan, Priced, ResourcePlan

_ROWS = 30
"""Rows that a table shows of each kind at most."""
_NUMBERS = ("requests a day", "of at most", "bytes a day", "of at most ", "details a day")


def show(plan: "Plan") -> None:
    """Print the tables."""
    resources = [each for one in plan.connections for each in one.resources]
    if len(resources) <= _ROWS:
        columns = ("connection", "resource", "probe", "delta", "sweep", *_NUMBERS[::2])
        show_table(columns, [_resource(each, one) for one in plan.connections for each in one.resources], columns[5:])
        say()
    _bounded("connection", [(one.connection.name, _connection(one), one.total) for one in plan.connections])
    say()
    hosts = [(name, _host(ones), _sum(ones)) for name, ones in plan.hosts().items()]
    _bounded("host", hosts)
    say()
    total = plan.total
    unknown = sum(not each.known for each in resources)
    beside = "tokens and prototypes" if any(one.tokens.requests for one in plan.connections) else "prototypes"
    say(
        f"{len(plan.connections)} connections, {len(resources)} resources: {total.requests:.0f} requests and "
        f"{_bytes(total.bytes, known=not unknown)} a day with {beside}, without details"
    )
    if unknown:
        say(f"? unknown before the first sweep: what {unknown} of them will cost besides is not counted")


def as_json(plan: "Plan") -> dict[str, object]:
    """Return the whole plan; what is not known is null."""
    return {
        "connections": [_connection_json(each) for each in plan.connections],
        "hosts": [{"host": name, **_cost_json(_sum(ones), ones)} for name, ones in plan.hosts().items()],
        "total": _cost_json(plan.total, plan.connections),
    }


def _bounded(what: str, rows: "Sequence[tuple[str, Sequence[str], Cost]]") -> None:
    columns = (what, *_NUMBERS) if what == "connection" else (what, "connections", *_NUMBERS[::2])
    costliest = sorted(rows, key=lambda row: row[2].requests, reverse=True)[:_ROWS] if len(rows) > _ROWS else rows
    show_table(columns, [(name, *cells) for name, cells, _ in costliest], columns[1:])
    if len(rows) > _ROWS:
        say(f"… the costliest {_ROWS} of {len(rows)} {what}s; --format json has all")


def _resource(each: "ResourcePlan", one: "Priced") -> tuple[str, ...]:
    resource, pace = each.resource, _paces(each)
    return (
        one.connection.name,
        resource.name,
        *(str(pace[kind]) for kind in Kind),
        _requests(each.total, known=each.known),
        _bytes(each.total.bytes, known=each.known),
        _details(each.details),
    )


def _paces(each: "ResourcePlan") -> Mapping[Kind, object]:
    from driftd.config.values import span

    resource = each.resource
    if each.single:
        return {Kind.PROBE: "-", Kind.DELTA: "-", Kind.SWEEP: span(resource.probe)}
    sweep = resource.calendar.sweep_cron or span(resource.sweep)
    delta = span(resource.delta) if each.cycles[Kind.DELTA] else "-"
    return {Kind.PROBE: span(resource.probe), Kind.DELTA: delta, Kind.SWEEP: sweep}


def _connection(one: "Priced") -> tuple[str, ...]:
    from driftd.config.values import volume

    settings = one.connection.settings
    return (
        _requests(one.total, known=one.known),
        str(settings.requests_per_day),
        _bytes(one.total.bytes, known=one.known),
        volume(settings.bytes_per_day - 1),
        _details(one.details),
    )


def _host(ones: "Sequence[Priced]") -> tuple[str, ...]:
    cost, known = _sum(ones), all(each.known for each in ones)
    details = _sum_of(each.details for each in ones)
    return str(len(ones)), _requests(cost, known=known), _bytes(cost.bytes, known=known), _details(details)


def _sum(ones: "Sequence[Priced]") -> "Cost":
    return _sum_of(each.total for each in ones)


def _sum_of(costs: "Iterable[Cost]") -> "Cost":
    from driftd.config.plan import total

    return total(costs)


def _requests(cost: "Cost", *, known: bool) -> str:
    return f"{cost.requests:.0f}" if known else f"{cost.requests:.0f} + ?"


def _bytes(number: float, *, known: bool) -> str:
    from driftd.config.values import volume

    text = volume(number) if number else "0 B" if known else ""
    return text if known else f"{text} + ?" if text else "?"


def _details(cost: "Cost") -> str:
    return f"≤ {cost.requests:.0f}" if cost.requests else "-"


def _connection_json(one: "Priced") -> dict[str, object]:
    connection, settings = one.connection, one.connection.settings
    return {
        "connection": connection.name,
        "base_url": connection.base_url,
        "host": connection.host,
        "folder": connection.folder,
        "requests_per_day": settings.requests_per_day,
        "bytes_per_day": settings.bytes_per_day,
        **_cost_json(one.total, [one]),
        "resources": [_resource_json(each) for each in one.resources],
    }


def _resource_json(each: "ResourcePlan") -> dict[str, object]:
    resource = each.resource
    return {
        "resource": resource.name,
        "probe": resource.probe,
        "delta": resource.delta,
        "sweep": resource.calendar.sweep_cron or resource.sweep,
        "cycles_a_day": {kind.value: round(count, 3) for kind, count in each.cycles.items()},
        "requests_a_day": round(each.total.requests),
        "bytes_a_day": round(each.total.bytes) if each.known else None,
        "details_a_day_at_most": round(each.details.requests),
        "details_bytes_a_day_at_most": round(each.details.bytes) if each.known else None,
        "size_known": each.known,
    }


def _cost_json(cost: "Cost", ones: "Sequence[Priced]") -> dict[str, object]:
    known = all(each.known for each in ones)
    return {
        "requests_a_day": round(cost.requests),
        "bytes_a_day": round(cost.bytes) if known else None,
        "details_a_day_at_most": round(_sum_of(each.details for each in ones).requests),
        "size_known": known,
    }
