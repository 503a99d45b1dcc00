"""Guards of what is read: pages, answers, keys and numbers."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urljoin

from driftd.adapters.x3 import keys, records, verdict, wire
from driftd.adapters.x3.inflate import Body
from driftd.core import segment
from driftd.core.model import Contents, KeyBytes, Page, Query, Resource
from driftd.errors import SourceError
from driftd.runtime import glance, stretches
from driftd.runtime.reader import Reader
from driftd.runtime.stretches import Stretch, Stretches
from tests.fakes.patching import patched

Taken = AbstractContextManager[object]


def completeness() -> Taken:
    """A sweep that fails on its way counts as one that came to its end."""
    whole = Stretches.__aiter__

    async def anyhow(self: Stretches) -> AsyncIterator[Stretch]:
        try:
            async for each in whole(self):
                yield each
        except SourceError:
            if not self._position:
                raise
            self.ended = True

    return patched(Stretches, "__aiter__", anyhow)


def loops() -> Taken:
    """A page or link that comes twice is read on, and however many come."""

    def unchecked(self: Reader, page: Page, digest: bytes, *, chained: bool) -> None:
        del self, page, digest, chained

    return patched(Reader, "_check", unchecked)


def order() -> Taken:
    """The keys of a stretch stand in the order of their bytes, not in the server's."""
    listed = stretches._Run.order
    return patched(stretches._Run, "order", lambda self, stop: tuple(sorted(listed(self, stop))))


@contextmanager
def looseness() -> Iterator[None]:
    """A segment counts as shown as it is stored, whatever a probe or delta wrote since."""
    known = segment.known

    def all_known(contents: Contents, loose: frozenset[KeyBytes]) -> Mapping[bytes, KeyBytes]:
        del loose
        return known(contents, frozenset())

    async def none(self: Stretches) -> None:
        del self

    with patched(stretches, "known", all_known), patched(Stretches, "_find_homes", none):
        yield


def overlap() -> Taken:
    """A delta reads on from the watermark itself."""
    return patched(glance, "behind", lambda watermark, overlap: watermark)


def folder() -> Taken:
    """Records of whichever folder are taken."""
    return patched(verdict, "check_folder", lambda body, question: None)


def origin() -> Taken:
    """A next link is followed wherever it leads."""

    def anywhere(self: wire.Address, resource: Resource, query: Query, link: str) -> str:
        del query
        return urljoin(self.collection(resource), link)

    return patched(wire.Address, "_continued", anywhere)


def envelope() -> Taken:
    """A page without a list of records counts as one with an empty list."""
    read = wire.read_envelope

    def lenient(body: bytes, *, split: bool = False) -> wire.Envelope:
        found = read(body, split=split)
        return found if found.records is not None else found._replace(records=b"[]", diagnoses=None)

    return patched(wire, "read_envelope", lenient)


def status() -> Taken:
    """An answer counts as a page by its body alone."""
    return patched(verdict, "_check_status", lambda answer, question, now: None)


def severity() -> Taken:
    """Errors that a page bears are passed over."""
    return patched(verdict, "_check_diagnoses", lambda answer, question, now: None)


def inflation() -> Taken:
    """A body is inflated however large it becomes."""

    def kept(self: Body, piece: bytes) -> None:
        self._inflated += len(piece)
        self._pieces.append(piece)

    return patched(Body, "_keep", kept)


def digits() -> Taken:
    """Every number is read as a float reads it."""
    return patched(records, "risky", lambda record: False)


def quarantine() -> Taken:
    """A key that is null counts as a key."""
    usable = keys._part
    return patched(keys, "_part", lambda raw: raw if raw == b"null" else usable(raw))
