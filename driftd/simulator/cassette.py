"""A cassette read: what a tenant answered to a live check, as docs/cassettes.md describes the file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct, field

VERSION = 1
LARGEST = 1 << 30
"""Bytes of a cassette."""
_NOTHING = msgspec.Raw(b"")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not its own."""


class CassetteError(ValueError):
    """A file that is no cassette which can be served; says in words why, and what to do."""


class RecordedClass(Struct):
    """One class as it was read."""

    name: str
    representation: str
    key: tuple[str, ...]
    details: bool = False
    page_size: int = 500
    watermark: str | None = None


class Exchange(Struct):
    """One request and its answer."""

    kind: str = ""
    class_name: str = field(name="class", default="")
    record: str | None = None
    """Key of a `$details` read, parts joined by `~`."""
    parameters: dict[str, str] = field(default_factory=dict)
    reading: bool = False
    """Does it belong to the reading of a whole class?"""
    status: int = 0
    content_type: str = "application/json"
    retry_after: str = ""
    skew: int = 0
    body: msgspec.Raw = _NOTHING
    text: str = ""
    error: str = ""
    """Why there was no answer."""

    @property
    def facet(self) -> str:
        """`$query` or `$details`."""
        return self.parameters.get("representation", "").rpartition(".")[2]

    @property
    def bytes(self) -> bytes:
        """The body."""
        return bytes(self.body) or self.text.encode()

    @property
    def page(self) -> "RecordedPage | None":
        """The records of a good `$query` answer; None for any other."""
        if self.status != 200 or not self.body:
            return None
        try:
            return _page(self.body)
        except _UNREADABLE:
            return None


class RecordedPage(Struct):
    """The envelope of a page."""

    resources: list[msgspec.Raw] = field(name="$resources")
    items_per_page: int | None = field(name="$itemsPerPage", default=None)


class Cassette(Struct):
    """A whole cassette."""

    cassette: int
    folder: str
    endpoint: str
    classes: list[RecordedClass]
    redacted: bool = True
    exchanges: list[Exchange] = []


class _End(Struct):
    end: int


_page = msgspec.json.Decoder(RecordedPage).decode
_exchange = msgspec.json.Decoder(Exchange).decode


def load(file: Path) -> Cassette:
    """Read a cassette. Raises `CassetteError`, also for a file that cannot be read."""
    try:
        with file.open("rb") as tape:
            content = tape.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise CassetteError(f'"{file}" is longer than {LARGEST >> 30} GiB: record fewer classes')
        lines = content.split(b"\n")
    except OSError as error:
        raise CassetteError(f'"{file}" cannot be read ({error.strerror})') from error
    found = _head(file, lines[0])
    if lines[-1] or len(lines) < 3:
        raise _torn(file, len(lines), "it ends within a line")
    try:
        end = msgspec.json.decode(lines[-2], type=_End).end
    except _UNREADABLE:
        raise _torn(file, len(lines) - 1, "its last line is missing") from None
    if end != len(lines) - 2:
        raise _torn(file, len(lines) - 1, f"it should have {end} lines before the last")
    found.exchanges = list(_exchanges(file, lines[1:-2]))
    return found


def _head(file: Path, line: bytes) -> Cassette:
    try:
        version = msgspec.json.decode(line)["cassette"]
    except (*_UNREADABLE, KeyError, TypeError):
        raise CassetteError(
            f'"{file}" is no cassette: record one with "driftd connections test NAME --record FILE"'
        ) from None
    if version != VERSION:
        raise CassetteError(f'"{file}" has version {version}, and only {VERSION} is known: use the driftd that made it')
    try:
        return msgspec.json.decode(line, type=Cassette)
    except _UNREADABLE as error:
        raise CassetteError(f'"{file}", line 1: {error}') from None


def _exchanges(file: Path, lines: list[bytes]) -> Iterator[Exchange]:
    for number, line in enumerate(lines, 2):
        try:
            yield _exchange(line)
        except _UNREADABLE as error:
            raise CassetteError(f'"{file}", line {number} is not whole: {error}') from None


def _torn(file: Path, line: int, why: str) -> CassetteError:
    return CassetteError(f'"{file}" is not whole at line {line}: {why}; copy it again, or record it again')
