"""What SQLite does to its files: each write, cut, sync and removal is told before it is done.

The functions of its own file system layer (`struct sqlite3_vfs`, `struct sqlite3_io_methods`; sqlite.org/vfs.html) are
called through ours from then on, in this process, for every database that is opened.
"""

import _sqlite3
import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

Verb = Literal["write", "cut", "sync", "remove"]


class Touch(NamedTuple):
    """One thing that is done to a file."""

    verb: Verb
    path: Path
    offset: int = 0
    """Where it is written, or the size it is cut to; of a removal whether the directory is synced after it."""
    written: bytes = b""


_OPEN: Final = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
"""Names are passed on as the pointers they are: SQLite keeps them, and reads past their ends."""
_DELETE: Final = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_WRITE: Final = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE: Final = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC: Final = CFUNCTYPE(c_int, c_void_p, c_int)
_REST: Final = 15
"""Members of the methods behind `sync`, as of version 3: none of them writes a file that outlives the power."""


class _Vfs(Structure):
    _fields_ = (
        ("version", c_int),
        ("size", c_int),
        ("longest", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("own", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
    )


class _Methods(Structure):
    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        ("rest", c_void_p * (_REST - 2)),
    )


class _File(Structure):
    _fields_ = (("methods", POINTER(_Methods)),)


_STANDING: Final[list["Disk"]] = []
"""What SQLite calls must stay."""


class Disk:
    """Stands between SQLite and its files for as long as the process lives."""

    def __init__(self, told: Callable[[Touch], None]) -> None:
        self._told = told
        self._paths: dict[int, Path] = {}
        """Of open files, by where their `sqlite3_file` is."""
        self._methods: dict[int, _Methods] = {}
        """Ours, by where those that they replace are."""
        self._kept: list[Any] = []

    def stand_between(self) -> None:
        """Begin; there is no way back."""
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        opens, deletes = _again(_OPEN, vfs.open), _again(_DELETE, vfs.delete)

        def open_(own: int, name: int | None, file: int, flags: int, out: int) -> int:
            code = int(opens(own, name, file, flags, out))
            if code == 0 and name:
                self._opened(file, _path(name))
            return code

        def delete(own: int, name: int, sync: int) -> int:
            self._told(Touch("remove", _path(name), sync))
            return int(deletes(own, name, sync))

        _STANDING.append(self)
        self._kept += [_OPEN(open_), _DELETE(delete)]
        vfs.open, vfs.delete = self._kept[-2:]

    def _opened(self, file: int, path: Path) -> None:
        opened = _File.from_address(file)
        theirs = ctypes.addressof(opened.methods.contents)
        if theirs not in self._methods:
            self._methods[theirs] = self._between(opened.methods.contents)
        self._paths[file] = path
        opened.methods = ctypes.pointer(self._methods[theirs])

    def _between(self, theirs: _Methods) -> _Methods:
        writes, cuts, syncs = (
            _again(kind, one)
            for kind, one in ((_WRITE, theirs.write), (_TRUNCATE, theirs.truncate), (_SYNC, theirs.sync))
        )

        def write(file: int, what: int, size: int, offset: int) -> int:
            self._told(Touch("write", self._paths[file], offset, ctypes.string_at(what, size)))
            return int(writes(file, what, size, offset))

        def truncate(file: int, size: int) -> int:
            self._told(Touch("cut", self._paths[file], size))
            return int(cuts(file, size))

        def sync(file: int, flags: int) -> int:
            self._told(Touch("sync", self._paths[file]))
            return int(syncs(file, flags))

        ours = _Methods()
        ctypes.memmove(byref(ours), byref(theirs), ctypes.sizeof(_Methods))
        ours.write, ours.truncate, ours.sync = kept = _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
        self._kept += kept
        return ours


def _again(kind: Any, function: Any) -> Any:
    """Return a function pointer that stays what it is when the member it was read from changes."""
    return kind(ctypes.cast(function, c_void_p).value)


def _path(name: int) -> Path:
    return Path(ctypes.string_at(name).decode())
