"""One scrape: the format that was asked for, the families that were asked for, and their bytes."""

from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import NamedTuple, TypeVar

from msgspec import Struct
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest

from driftd.core.status import Status
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.collector import FamilyCollector, Process
from driftd.faces.metrics.daemon import alone
from driftd.faces.metrics.families import bounded, gathered
from driftd.faces.metrics.family import Family
from driftd.faces.metrics.text import Form, written

T = TypeVar("T")
Encoder = Callable[[FamilyCollector], bytes]


class Format(NamedTuple):
    """What was agreed on with the client: a form of ours, or else the client library's own encoder."""

    content_type: str
    form: Form | None
    encoder: Encoder


def negotiated(accept: str) -> Format:
    """Choose what `prometheus_client` would; what it cannot read means text 0.0.4."""
    try:
        encoder, content_type = choose_encoder(accept)
    except TypeError:  # a version that is no number
        encoder, content_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return Format(content_type, _form(content_type), encoder)


def _form(content_type: str) -> Form | None:
    """Name the form of ours that gives the same bytes; names such as ours are the same in both of these schemes."""
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    told = dict(each.partition("=")[::2] for each in parameters)
    if told.get("escaping", "underscores") not in {"underscores", "allow-utf-8"}:
        return None
    if kind == "text/plain":
        return Form.TEXT
    return Form.OPENMETRICS if told.get("version") == "1.0.0" else None


def _resting(parts: Iterable[T]) -> Iterator[T]:
    """Let another thread run after each part: the event loop would wait for Python's own 5 ms each time else."""
    for part in parts:
        yield part
        sleep(0)


def encoded(families: Iterable[Family], form: Format) -> Iterator[bytes]:
    """Yield the bytes of families, piece by piece."""
    if form.form is not None:
        return written(families, form.form)
    return iter([form.encoder(FamilyCollector(lambda: families))])


class Wanted(Struct, frozen=True):
    """How much is exported."""

    full: bool = False
    max_series: int = 200_000
    names: frozenset[str] = frozenset()
    """Only the families of these names; empty: all."""


class Exposition:
    """Renders views; `seconds` is a clock that never goes back."""

    def __init__(self, seconds: Callable[[], float], process: Callable[[], Iterable[Family]] | None = None) -> None:
        self._seconds = seconds
        self._process = process or Process().families

    def pieces(self, status: Status, form: Format, wanted: Wanted) -> Iterator[bytes]:
        """Yield the bytes of a view, piece by piece; for a thread of its own."""
        return _resting(encoded(self.families(status, wanted), form))

    def families(self, status: Status, wanted: Wanted) -> Iterator[Family]:
        """Yield every wanted family; the last tells how long it took to come to it, all that was written included."""
        begun = self._seconds()
        found = list(_resting(gathered(status, full=wanted.full)))
        for each in (*bounded(found, wanted.max_series), *self._process()):
            if not wanted.names or each.named(wanted.names):
                yield each
        duration = alone(metric.COLLECTOR_DURATION, self._seconds() - begun)
        if not wanted.names or duration.named(wanted.names):
            yield duration

    def generate(self, status: Status, accept: str, wanted: Wanted) -> tuple[str, bytes]:
        """Return content type and bytes of a view."""
        form = negotiated(accept)
        return form.content_type, b"".join(self.pieces(status, form, wanted))
