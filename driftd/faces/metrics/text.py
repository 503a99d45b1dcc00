"""The text formats, written as `prometheus_client` writes them, byte for byte, in a fraction of its time.

A family is written in slices of some milliseconds at most, so that the thread that renders lets others run in between.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from prometheus_client.utils import floatToGoString

from driftd.faces.metrics.family import Column, Family

SLICE: Final = 1000
"""Samples that are written at once."""


class Form(StrEnum):
    """The formats that are written here."""

    TEXT = "text"
    OPENMETRICS = "openmetrics"


def written(families: Iterable[Family], form: Form) -> Iterator[bytes]:
    """Yield the exposition in pieces of at most `SLICE` samples."""
    for family in families:
        yield _head(family, form).encode()
        for column in family.columns:
            yield from _samples(column)
    if form is Form.OPENMETRICS:
        yield b"# EOF\n"


def _head(family: Family, form: Form) -> str:
    metric = family.metric
    name = metric.base if form is Form.OPENMETRICS else metric.name
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if form is Form.OPENMETRICS:
        text = text.replace('"', r"\"")
    return f"# HELP {name} {text}\n# TYPE {name} {metric.kind}\n"


def _samples(column: Column) -> Iterator[bytes]:
    name = column.name
    spelled = _stamps if column.stamps else _numbers
    for start in range(0, len(column.values), SLICE):
        labels = column.labels[start : start + SLICE]
        values = spelled(column.values[start : start + SLICE])
        yield "".join([f"{name}{label} {value}\n" for label, value in zip(labels, values, strict=True)]).encode()


_WHOLE: Final = 1_000_000
"""From here on Go writes an exponent."""
_EARLY: Final = 10**12
_LATE: Final = 10**13
"""Between them, epoch ms have thirteen digits (2001 to 2286)."""


def _numbers(values: Sequence[float]) -> list[str]:
    return [
        f"{v}.0" if type(v) is int and 0 <= v < _WHOLE else repr(v) if 0.0 <= v < _WHOLE else _rare(v) for v in values
    ]


def _stamps(values: Sequence[float]) -> list[str]:
    """Spell epoch ms in seconds: thirteen digits are the shortest spelling of their float."""
    return [_stamp(str(v)) if _EARLY <= v < _LATE else _rare(v / 1000) for v in values]


def _stamp(digits: str) -> str:
    return f"{digits[0]}.{digits[1:]}".rstrip("0.") + "e+09"


def _rare(value: float) -> str:
    spelled: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return spelled
