"""A socket in the data directory, for commands of the user who runs driftd: who may open it needs no credentials.

Whoever can open it could read and write the database as well. No other process can sit at its address, nothing of it
goes over a network, and it answers whatever TLS and users the daemon has for others.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from driftd.faces.http.address import Bound

NAME: Final = "driftd.sock"
_BACKLOG: Final = 16


def listening(data_dir: Path) -> Bound | None:
    """Listen in a data directory that is ours; None where its file system has no sockets.

    The mode is set before the first client is let in. One that a killed daemon left is replaced.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (data_dir / NAME).unlink(missing_ok=True)
        with _near(data_dir) as place:
            made.bind(place)
        (data_dir / NAME).chmod(0o600)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        return None
    return Bound(made, "localhost")


def gone(data_dir: Path) -> None:
    """Leave no socket behind."""
    with suppress(OSError):
        (data_dir / NAME).unlink(missing_ok=True)


def reached(data_dir: Path, seconds: float) -> socket.socket | None:
    """Return a connection to the daemon of a data directory, with a deadline for each step; None where none listens.

    Raises `OSError` where it may not be opened, or does not answer.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(seconds)
    try:
        with _near(data_dir) as place:
            made.connect(place)
    except (FileNotFoundError, ConnectionRefusedError):
        made.close()
        return None
    except OSError:
        made.close()
        raise
    return made


@contextmanager
def _near(data_dir: Path) -> Iterator[str]:
    """Give a path of the socket that is short: the system takes 107 bytes at most, and folders may lie deep."""
    descriptor = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        through = Path(f"/proc/self/fd/{descriptor}")
        yield str((through if through.exists() else data_dir) / NAME)
    finally:
        os.close(descriptor)
