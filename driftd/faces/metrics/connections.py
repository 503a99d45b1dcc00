"""The families of connections and of their resources."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, ResourceStatus
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.family import Family, escaped, labelled, plain, stamps

_STATES: Final = tuple((state, f',state="{state}"}}') for state in State)
_OPS: Final = ((Op.CREATE, ',op="c",'), (Op.UPDATE, ',op="u",'), (Op.DELETE, ',op="d",'))


def connection_families(connections: Sequence[ConnectionStatus]) -> list[Family]:
    """Return what is always exported; of a paused connection only what pausing does not stop."""
    active = [each for each in connections if each.state is not State.PAUSED]
    return [*_standing(connections), *_traffic(active)]


def _standing(connections: Sequence[ConnectionStatus]) -> list[Family]:
    own = [_own(each) for each in connections]
    info = [labelled(connection=each.name, folder=each.folder, host=each.host) for each in connections]
    states = [f"{{{label}{state}" for label in own for _, state in _STATES]
    present = [int(each.state is state) for each in connections for state, _ in _STATES]
    ends = [
        (f'{{{label},credential="{credential}"}}', at)
        for each, label in zip(connections, own, strict=True)
        for credential, at in each.expiry.items()
    ]
    return [
        plain(metric.CONNECTION_INFO, info, [1] * len(info)),
        plain(metric.CONNECTION_STATE, states, present),
        stamps(metric.CONNECTION_STATE_SINCE, _braced(own), [each.since or None for each in connections]),
        stamps(metric.CREDENTIAL_EXPIRY, [label for label, _ in ends], [at for _, at in ends]),
    ]


def _traffic(connections: Sequence[ConnectionStatus]) -> list[Family]:
    labels = _braced(map(_own, connections))
    health = [each.health for each in connections]
    polled = [(label, each.up) for label, each in zip(labels, health, strict=True) if each.up is not None]
    return [
        plain(metric.CONNECTION_UP, [label for label, _ in polled], [int(up) for _, up in polled]),
        plain(metric.TOKEN_REFRESHES, labels, [each.tokens for each in health]),
        plain(metric.TOKEN_REFRESH_FAILURES, labels, [each.token_failures for each in health]),
        plain(metric.TENANT_REQUESTS, labels, [each.requests for each in health]),
        plain(metric.TENANT_BYTES, labels, [each.bytes for each in health]),
        _budgets(connections),
        plain(metric.BREAKER_OPEN, labels, [int(each.breaker_open_until is not None) for each in connections]),
        plain(metric.PAGES, labels, [each.pages for each in health]),
        plain(metric.PAGES_UNCHANGED, labels, [each.pages_unchanged for each in health]),
    ]


def _budgets(connections: Sequence[ConnectionStatus]) -> Family:
    labels, shares = [], []
    for each in connections:
        own, budget, usage = _own(each), each.budget, each.usage
        labels += [f'{{budget="requests",{own}}}', f'{{budget="bytes",{own}}}']
        shares += [usage.requests / max(1, budget.requests), usage.bytes / max(1, budget.bytes)]
    return plain(metric.BUDGET_USED, labels, shares)


def resource_families(connections: Iterable[ConnectionStatus], *, full: bool) -> list[Family]:
    """Return what is exported of each resource of connections that are not paused; those that count most come first."""
    active = [each for each in connections if each.state is not State.PAUSED]
    lines = [_Line(_own(each), f'resource="{escaped(one.name)}"', one) for each in active for one in each.resources]
    labels = [f"{{{line.connection},{line.resource}}}" for line in lines]
    found = _basic(lines, labels)
    return [*found, *_full(lines, labels), *_many(lines)] if full else [*found, *_many(lines)]


class _Line(NamedTuple):
    """A resource, and the two labels that name it."""

    connection: str
    resource: str
    status: ResourceStatus


def _basic(lines: Sequence[_Line], labels: Sequence[str]) -> list[Family]:
    resources = [line.status for line in lines]
    health = [each.health for each in resources]
    return [
        stamps(metric.LAST_SUCCESS, labels, [each.last_success for each in health]),
        stamps(metric.NEXT_POLL, labels, [each.next_poll for each in resources]),
        plain(metric.DELETES_HELD, labels, [each.held for each in health]),
        plain(metric.POLLS, labels, [each.polls for each in health]),
        plain(metric.RECORDS, labels, [each.records for each in health]),
        plain(metric.POLL_INTERVAL, labels, [each.interval for each in resources]),
        stamps(metric.LAST_SWEEP, labels, [each.last_sweep for each in health]),
        plain(metric.SWEEP_INTERVAL, labels, [each.sweep_interval for each in resources]),
    ]


def _full(lines: Sequence[_Line], labels: Sequence[str]) -> list[Family]:
    health = [line.status.health for line in lines]
    polled = [(label, each.last_seconds) for label, each in zip(labels, health, strict=True) if each.last_poll]
    known = [(label, each.coverage) for label, each in zip(labels, health, strict=True) if each.coverage is not None]
    return [
        stamps(metric.LAST_POLL, labels, [each.last_poll for each in health]),
        stamps(metric.LAST_CHANGE, labels, [each.last_change for each in health]),
        plain(metric.LAST_POLL_DURATION, [label for label, _ in polled], [seconds for _, seconds in polled]),
        plain(metric.DELETES_PENDING, labels, [each.pending for each in health]),
        plain(metric.DETAILS_COVERAGE, [label for label, _ in known], [share for _, share in known]),
    ]


def _many(lines: Sequence[_Line]) -> list[Family]:
    """Return the families of several series a resource: every kind of change, and the reasons seen."""
    changes = [f"{{{line.connection}{op}{line.resource}}}" for line in lines for _, op in _OPS]
    counts = [line.status.health.changes.get(op, 0) for line in lines for op, _ in _OPS]
    failures = [
        (f'{{{line.connection},reason="{reason}",{line.resource}}}', times)
        for line in lines
        for reason, times in line.status.health.failures.items()
    ]
    return [
        plain(metric.CHANGES, changes, counts),
        plain(metric.POLL_FAILURES, [label for label, _ in failures], [times for _, times in failures]),
    ]


def _own(connection: ConnectionStatus) -> str:
    return f'connection="{escaped(connection.name)}"'


def _braced(labels: Iterable[str]) -> list[str]:
    return [f"{{{label}}}" for label in labels]
