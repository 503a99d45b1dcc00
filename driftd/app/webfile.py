"""The web configuration in force: read at the start, with each reload, and whenever one of its files changes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Final

from anyio import to_thread
from msgspec import Struct

from driftd.adapters.web.passwords import Passwords
from driftd.adapters.web.tls import context_of
from driftd.config.webfile import WebFile, parse_web
from driftd.config.webtls import Demand
from driftd.config.yaml import LARGEST
from driftd.errors import ConfigError, Mistake
from driftd.ports import Clock, Log

LOOK: Final = 2.0
"""Seconds between two looks whether a file has changed."""
_Stamp = tuple[tuple[str, int, int, int] | None, ...]


class _Read(Struct, frozen=True):
    """What was read at once."""

    path: Path | None
    stamp: _Stamp
    file: WebFile
    context: SSLContext | None


class Webfile:
    """The web configuration; none is one without TLS, headers and users."""

    def __init__(self, path: Callable[[], Path | None], clock: Clock, log: Log) -> None:
        self._path = path
        self._clock = clock
        self._log = log
        self._read = _Read(None, (), WebFile(), None)
        self._refused: Sequence[Mistake] = ()
        """What was told of the newest state of the files, where it cannot be used."""
        self.passwords = Passwords({})
        self.changed: Callable[[SSLContext | None], None] = lambda _: None
        """Is told when another context is to be served with."""

    @property
    def file(self) -> WebFile:
        """What is in force."""
        return self._read.file

    @property
    def context(self) -> SSLContext | None:
        """What clients are served with; None: plain HTTP."""
        return self._read.context

    @property
    def proves(self) -> bool:
        """Whether every client has to show a certificate."""
        return self.file.tls is not None and self.file.tls.demand is Demand.MUST

    async def load(self, path: Path | None) -> None:
        """Have the configuration at `path` in force. Raises `ConfigError`, and all stays as it was."""
        self._take(await to_thread.run_sync(read, path))

    async def watch(self) -> None:
        """Have the configuration in force whenever it changes, until cancelled; what is refused is told once."""
        while True:
            await self._clock.sleep(LOOK)
            path = self._path()
            stamp = await to_thread.run_sync(_stamp, path, self.file)
            if self._refused or (path, stamp) != (self._read.path, self._read.stamp):
                await self._again(path)

    async def _again(self, path: Path | None) -> None:
        try:
            await self.load(path)
        except ConfigError as error:
            told, self._refused = self._refused, error.mistakes
            for each in error.mistakes if error.mistakes != told else ():
                self._log.error("web configuration refused", path=each.path, mistake=each.message)
        else:
            self._refused = ()
            self._log.info("web configuration loaded", users=len(self.file.users), tls=self.context is not None)

    def _take(self, now: _Read) -> None:
        before, self._read = self._read, now
        if now.file.users != before.file.users:
            self.passwords = Passwords(now.file.users)
        if (now.file.tls, now.stamp[1:]) != (before.file.tls, before.stamp[1:]):
            self.changed(now.context)


def read(path: Path | None) -> _Read:
    """Read a web configuration and the files that it names; blocks. Raises `ConfigError` with every mistake."""
    if path is None:
        return _Read(None, _stamp(None, WebFile()), WebFile(), None)
    begun = _stamp(path, WebFile())
    file = parse_web(_content(path), path.name, path.absolute().parent)
    stamp = begun[:1] + _stamp(path, file)[1:]  # what changes meanwhile is read again
    return _Read(path, stamp, file, None if file.tls is None else context_of(file.tls, path.name))


def mistakes(path: Path | None) -> list[Mistake]:
    """Name what is wrong with a web configuration and the files that it names; blocks."""
    try:
        read(path)
    except ConfigError as error:
        return list(error.mistakes)
    return []


def _content(path: Path) -> bytes:
    wrong = ""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        wrong = "does not exist"
    except OSError as error:
        wrong = f"cannot be read ({error.strerror}): let driftd's user read it"
    raise ConfigError([Mistake("web.web_config_file", f'the file "{path}" {wrong}')])


def _stamp(path: Path | None, file: WebFile) -> _Stamp:
    """Return what tells that a file of the configuration has changed."""
    named = (path, *(file.tls.files if file.tls is not None else ()))
    return tuple(None if each is None else _of_file(each) for each in named)


def _of_file(path: Path) -> tuple[str, int, int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return str(path), told.st_mtime_ns, told.st_size, told.st_ino
