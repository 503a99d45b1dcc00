"""Where the daemon listens."""

import errno
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple, NoReturn

from driftd.errors import ConfigError, Mistake

_BACKLOG: Final = 128
_TROUBLES: Final[Mapping[int, str]] = {
    errno.EADDRINUSE: "is in use: stop what listens there, or choose another port",
    errno.EACCES: "may not be used without privileges: choose a port above 1023",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose one that is",
}


class Bound(NamedTuple):
    """A socket that listens."""

    socket: socket.socket
    address: str
    """Host and port."""

    secure: bool = False
    """Whether TLS is spoken there."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.secure else 'http'}://{self.address}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine gets there."""
        return self.socket.family == socket.AF_UNIX or ip_address(self.socket.getsockname()[0]).is_loopback


class Door:
    """An address that is bound once, and served by one server after another: whoever asks between two waits."""

    def __init__(self) -> None:
        self._bound: Bound | None = None

    def open(self, listen: str, *, guarded: bool = False) -> Bound:
        """Give the socket to one server, which closes what it got; raises as `bind` does."""
        if self._bound is None:
            self._bound = bind(listen, guarded=guarded)
        return Bound(self._bound.socket.dup(), self._bound.address)

    def close(self) -> None:
        """Listen no more."""
        if self._bound is not None:
            self._bound.socket.close()


def bind(listen: str, *, guarded: bool = False) -> Bound:
    """Listen at ``host:port``; port 0 takes a free one.

    Raises `ConfigError` where the address cannot be had, and where it is not loopback and nobody has to prove who they
    are (`guarded`).
    """
    host, _, port = listen.rpartition(":")
    family, where = _resolved(host.strip("[]"), int(port), listen)
    if not guarded and not ip_address(where[0]).is_loopback:
        _mistake(f'must be a loopback address such as "127.0.0.1:{port}", not "{listen}": {_WHY}')
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: asyncio then switches Nagle off
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        trouble = _TROUBLES.get(error.errno or 0, f"cannot be listened on ({error.strerror}): choose another address")
        _mistake(f'"{listen}" {trouble}', error)
    shown = f"[{where[0]}]" if family == socket.AF_INET6 else where[0]
    return Bound(listening, f"{shown}:{listening.getsockname()[1]}")


_WHY: Final = (
    "without users or tokens only loopback is served; to serve others, make a token with `driftd tokens create`, or"
    " name users in web_config_file"
)


def _resolved(host: str, port: int, listen: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        _mistake(f'"{listen}" names no known host: write an address such as "127.0.0.1:9420"', error)
    family, _, _, _, where = found[0]
    return family, (str(where[0]), int(where[1]))


def _mistake(message: str, cause: OSError | None = None) -> NoReturn:
    raise ConfigError([Mistake("web.listen", message)]) from cause
