"""The door to `prometheus_client`: our families as its metrics, its own metrics as families."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final

from prometheus_client import Metric as ClientMetric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from driftd.faces.metrics.family import Column, Family, Kind, Metric, labelled

_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPES: Final = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


class FamilyCollector(Collector):
    """Yields families anew at each collection; it has no children that could outlive what they count."""

    def __init__(self, gathered: Callable[[], Iterable[Family]]) -> None:
        self._gathered = gathered

    def describe(self) -> Iterable[ClientMetric]:
        """Promise no names: they follow from what there is."""
        return []

    def collect(self) -> Iterator[ClientMetric]:
        """Yield the families as metrics."""
        return map(as_metric, self._gathered())


def as_metric(family: Family) -> ClientMetric:
    """Return a family as the client has it."""
    made = ClientMetric(family.metric.base, family.metric.help, family.metric.kind)
    for column in family.columns:
        for labels, value in zip(column.labels, column.values, strict=True):
            made.add_sample(column.name, _read(labels), value / 1000 if column.stamps else value)
    return made


def _read(labels: str) -> dict[str, str]:
    return {name: re.sub(r"\\.", lambda found: _ESCAPES[found[0]], value) for name, value in _LABEL.findall(labels)}


class Process:
    """The client's own metrics of the process and of the interpreter."""

    def __init__(self) -> None:
        self._collectors: tuple[Collector, ...] = (ProcessCollector(registry=None), PlatformCollector(registry=None))

    def families(self) -> list[Family]:
        """Return them as they are now."""
        return [as_family(each) for collector in self._collectors for each in collector.collect()]


def as_family(metric: ClientMetric) -> Family:
    """Return a gauge or counter of the client as a family."""
    kind = Kind(metric.type)
    columns = tuple(
        Column(name, [labelled(**each.labels) if each.labels else "" for each in samples], [s.value for s in samples])
        for name, samples in ((name, list(group)) for name, group in groupby(metric.samples, lambda each: each.name))
    )
    name = f"{metric.name}_total" if kind is Kind.COUNTER else metric.name
    return Family(Metric(name, kind, metric.documentation), columns)
