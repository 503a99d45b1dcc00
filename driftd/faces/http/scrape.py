"""``/metrics``: rendered off the loop, once for all who ask meanwhile."""

import zlib
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from driftd.core.status import Status
from driftd.faces.metrics.exposition import Exposition, Wanted, negotiated


class Answer(Struct, frozen=True):
    """A rendered exposition."""

    content_type: str
    pieces: Sequence[bytes]
    zipped: bool = False


def rendered(exposition: Exposition, status: Status, accept: str, wanted: Wanted, *, zipped: bool) -> Answer:
    """Render a view; for a thread of its own."""
    form = negotiated(accept)
    pieces = exposition.pieces(status, form, wanted)
    return Answer(form.content_type, list(_compressed(pieces) if zipped else pieces), zipped)


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(level=1, wbits=31)  # gzip; 9 takes six times as long for a fifth less
    yield from filter(None, map(squeeze.compress, pieces))
    yield squeeze.flush()
