"""The families of connections and of their resources."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, ResourceStatus
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.family import Family, escaped, labelled, plain, stamps

_STATES: Final = tuple((state, f',state="{state}"}}') for state in State)
_OPS: Final = ((Op.CREATE, ',op="c",'), (Op.UPDATE, ',op="u",'), (Op.DELETE, ',op="d",'))


def connection_families(connections: Sequence[ConnectionStatus]) -> Iterator[Family]:
    """Yield what is always exported; of a paused connection only what pausing does not stop."""
    yield from _standing(connections)
    yield from _traffic([each for each in connections if each.state is not State.PAUSED])


def _standing(connections: Sequence[ConnectionStatus]) -> Iterator[Family]:
    info = [labelled(connection=each.name, folder=each.folder, host=each.host) for each in connections]
    yield plain(metric.CONNECTION_INFO, info, [1] * len(info))
    yield _states(connections)
    labels = _braced(map(_own, connections))
    yield stamps(metric.CONNECTION_STATE_SINCE, labels, [each.since or None for each in connections])
    yield _expiries(connections)


def _states(connections: Sequence[ConnectionStatus]) -> Family:
    labels = [f"{{{own}{state}" for own in map(_own, connections) for _, state in _STATES]
    return plain(
        metric.CONNECTION_STATE, labels, [int(each.state is one) for each in connections for one, _ in _STATES]
    )


def _expiries(connections: Sequence[ConnectionStatus]) -> Family:
    ends = [
        (f'{{{_own(each)},credential="{credential}"}}', at)
        for each in connections
        for credential, at in each.expiry.items()
    ]
    return stamps(metric.CREDENTIAL_EXPIRY, [label for label, _ in ends], [at for _, at in ends])


def _traffic(connections: Sequence[ConnectionStatus]) -> Iterator[Family]:
    labels = _braced(map(_own, connections))
    health = [each.health for each in connections]
    polled = [(label, each.up) for label, each in zip(labels, health, strict=True) if each.up is not None]
    yield plain(metric.CONNECTION_UP, [label for label, _ in polled], [int(up) for _, up in polled])
    yield plain(metric.TOKEN_REFRESHES, labels, [each.tokens for each in health])
    yield plain(metric.TOKEN_REFRESH_FAILURES, labels, [each.token_failures for each in health])
    yield plain(metric.TENANT_REQUESTS, labels, [each.requests for each in health])
    yield plain(metric.TENANT_BYTES, labels, [each.bytes for each in health])
    yield _budgets(connections)
    yield plain(metric.BREAKER_OPEN, labels, [int(each.breaker_open_until is not None) for each in connections])
    yield plain(metric.PAGES, labels, [each.pages for each in health])
    yield plain(metric.PAGES_UNCHANGED, labels, [each.pages_unchanged for each in health])


def _budgets(connections: Sequence[ConnectionStatus]) -> Family:
    labels, shares = [], []
    for each in connections:
        own, budget, usage = _own(each), each.budget, each.usage
        labels += [f'{{budget="requests",{own}}}', f'{{budget="bytes",{own}}}']
        shares += [usage.requests / max(1, budget.requests), usage.bytes / max(1, budget.bytes)]
    return plain(metric.BUDGET_USED, labels, shares)


def resource_families(connections: Iterable[ConnectionStatus], *, full: bool) -> Iterator[Family]:
    """Yield what is exported of each resource of connections that are not paused."""
    active = [each for each in connections if each.state is not State.PAUSED]
    lines = [_Line(_own(each), f'resource="{escaped(one.name)}"', one) for each in active for one in each.resources]
    labels = [f"{{{line.connection},{line.resource}}}" for line in lines]
    yield from _basic(lines, labels)
    if full:
        yield from _full(lines, labels)
        yield _schema_changes(lines)
    yield _changes(lines)
    yield _failures(lines)


class _Line(NamedTuple):
    """A resource, and the two labels that name it."""

    connection: str
    resource: str
    status: ResourceStatus


def _basic(lines: Sequence[_Line], labels: Sequence[str]) -> Iterator[Family]:
    resources = [line.status for line in lines]
    health = [each.health for each in resources]
    yield stamps(metric.LAST_SUCCESS, labels, [each.last_success for each in health])
    yield stamps(metric.NEXT_POLL, labels, [each.next_poll for each in resources])
    yield plain(metric.DELETES_HELD, labels, [each.held for each in health])
    yield plain(metric.POLLS, labels, [each.polls for each in health])
    yield plain(metric.RECORDS, labels, [each.records for each in health])
    yield plain(metric.POLL_INTERVAL, labels, [each.interval for each in resources])
    yield stamps(metric.LAST_EVALUATION, labels, [each.last_evaluation for each in health])
    yield stamps(metric.LAST_SWEEP, labels, [each.last_sweep for each in health])
    yield plain(metric.SWEEP_INTERVAL, labels, [each.sweep_interval for each in resources])


def _full(lines: Sequence[_Line], labels: Sequence[str]) -> Iterator[Family]:
    health = [line.status.health for line in lines]
    polled = [(label, each.last_seconds) for label, each in zip(labels, health, strict=True) if each.last_poll]
    known = [(label, each.coverage) for label, each in zip(labels, health, strict=True) if each.coverage is not None]
    yield stamps(metric.LAST_POLL, labels, [each.last_poll for each in health])
    yield stamps(metric.LAST_CHANGE, labels, [each.last_change for each in health])
    yield plain(metric.LAST_POLL_DURATION, [label for label, _ in polled], [seconds for _, seconds in polled])
    yield plain(metric.DELETES_PENDING, labels, [each.pending for each in health])
    yield plain(metric.DETAILS_COVERAGE, [label for label, _ in known], [share for _, share in known])


def _changes(lines: Sequence[_Line]) -> Family:
    labels = [f"{{{line.connection}{op}{line.resource}}}" for line in lines for _, op in _OPS]
    return plain(metric.CHANGES, labels, [line.status.health.changes.get(op, 0) for line in lines for op, _ in _OPS])


def _failures(lines: Sequence[_Line]) -> Family:
    """Return the failures of the reasons that were seen: every possible one would be the greatest cost of all."""
    failures = [
        (f'{{{line.connection},reason="{reason}",{line.resource}}}', times)
        for line in lines
        for reason, times in line.status.health.failures.items()
    ]
    return plain(metric.POLL_FAILURES, [label for label, _ in failures], [times for _, times in failures])


def _schema_changes(lines: Sequence[_Line]) -> Family:
    """Return the changes of shape that were confirmed; the kinds are a closed set."""
    changes = [
        (f'{{{line.connection},impact="{impact}",kind="{kind}",{line.resource}}}', times)
        for line in lines
        for name, times in line.status.health.schema_changes.items()
        for kind, _, impact in [name.partition("/")]
    ]
    return plain(metric.SCHEMA_CHANGES, [label for label, _ in changes], [times for _, times in changes])


def _own(connection: ConnectionStatus) -> str:
    return f'connection="{escaped(connection.name)}"'


def _braced(labels: Iterable[str]) -> list[str]:
    return [f"{{{label}}}" for label in labels]
