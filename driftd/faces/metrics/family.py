"""A metric family as columns: what both renderers read.

Labels are written once a scrape and shared by every family of the same connection or resource; a label set is its text
in braces, names in order, values escaped, or nothing at all.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Kind(StrEnum):
    """What a family counts."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """The head of a family: its name as the catalogue has it, with ``_total`` where it is a counter."""

    name: str
    kind: Kind
    help: str

    @property
    def base(self) -> str:
        """The name without ``_total``."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name


class Column(NamedTuple):
    """Samples of one name: a label set and a value each."""

    name: str
    labels: Sequence[str]
    values: Sequence[float]
    """Never a negative zero."""
    stamps: bool = False
    """Whether the values are epoch ms, to be shown in seconds."""


class Family(Struct, frozen=True):
    """A head and its samples."""

    metric: Metric
    columns: tuple[Column, ...]

    @property
    def series(self) -> int:
        """How many samples there are."""
        return sum(len(column.values) for column in self.columns)

    def named(self, names: frozenset[str]) -> bool:
        """Tell whether one of `names` is the family's or one of its samples'."""
        return not names.isdisjoint((self.metric.name, self.metric.base, *(column.name for column in self.columns)))


def plain(metric: Metric, labels: Sequence[str], values: Sequence[float]) -> Family:
    """Return a family of one value a label set."""
    return Family(metric, (Column(metric.name, labels, values),))


def stamps(metric: Metric, labels: Sequence[str], times: Sequence[int | None]) -> Family:
    """Return a family of times (epoch ms); one that has not come yet is left out."""
    if None in times:
        present = [(label, at) for label, at in zip(labels, times, strict=True) if at is not None]
        labels, times = [label for label, _ in present], [at for _, at in present]
    return Family(metric, (Column(metric.name, labels, [at for at in times if at is not None], stamps=True),))


def escaped(value: str) -> str:
    """Escape a label's value as the text formats want it."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def labelled(**values: str) -> str:
    """Return a label set."""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(values.items())) + "}"
