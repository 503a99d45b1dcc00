"""A cassette being recorded: nobody else can read it, and it appears whole or not at all."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from driftd.adapters.x3 import cassette
from driftd.adapters.x3.auth import read_secret
from driftd.adapters.x3.disguise import Disguise
from driftd.adapters.x3.overheard import Heard
from driftd.adapters.x3.settings import Basic, ConnectedApp, X3Settings
from driftd.core.model import Resource
from driftd.errors import SourceError


class Tape:
    """Takes what is overheard, one line each."""

    def __init__(self, file: BinaryIO, disguise: Disguise, records: int) -> None:
        self._file = file
        self._disguise = disguise
        self.records = records
        """Records of a class whose details are read for it, at most."""
        self._lines = 0

    def take(self, heard: Heard, *, reading: bool) -> None:
        """Write one exchange."""
        self._write(cassette.exchange(heard, self._disguise, reading=reading))

    def begin(self, settings: X3Settings, resources: Sequence[Resource]) -> None:
        """Write the first line."""
        self._write(cassette.head(settings, resources, self._disguise))

    def end(self) -> None:
        """Write the last line."""
        self._write(cassette.end(self._lines))

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._lines += 1


@contextmanager
def recording(path: Path, disguise: Disguise, records: int) -> Iterator[Tape]:
    """Give a tape whose file stands at `path` once the block ends well; what fails before leaves nothing.

    An existing file is replaced. Raises `OSError` where it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        beside.unlink()
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
            tape = Tape(file, disguise, records)
            yield tape
            tape.end()
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def secrets_of(settings: X3Settings) -> Iterator[str]:
    """Yield what no cassette may hold: hosts, who we are, and what proves it."""
    from base64 import b64encode
    from urllib.parse import urlsplit

    auth = settings.auth
    user = auth.username if isinstance(auth, Basic) else auth.client_id
    yield user
    if isinstance(auth, ConnectedApp):
        yield auth.username
    addresses = (settings.base_url, getattr(auth, "token_url", ""), getattr(auth, "audience", ""), settings.proxy or "")
    for address in addresses:
        yield from filter(None, (urlsplit(address).hostname, urlsplit(address).password, urlsplit(address).username))
    with suppress(SourceError):
        secret = read_secret(auth.password if isinstance(auth, Basic) else auth.secret, settings.name).reveal()
        yield secret
        yield b64encode(f"{user}:{secret}".encode()).decode()
