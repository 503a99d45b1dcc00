"""What systemd hears, on a real datagram socket."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.adapters.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does; `getsockname` tells where."""
    where = str(tmp_path / "notify") if request.param == "path" else f"\0driftd-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(where)
        listening.setblocking(False)
        yield listening


def address(listening: socket.socket) -> str:
    """Return the address as systemd writes it into the environment."""
    name = listening.getsockname()
    return f"@{name[1:].decode()}" if isinstance(name, bytes) else str(name)


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda told: told.ready(), b"READY=1"),
        (lambda told: told.reloading(123), b"RELOADING=1\nMONOTONIC_USEC=123"),
        (lambda told: told.stopping(), b"STOPPING=1"),
        (lambda told: told.status("41 ok, 2 dówn"), "STATUS=41 ok, 2 dówn".encode()),
        (lambda told: told.status("a\nREADY=1\udc80\x1b"), rb"STATUS=a\nREADY=1\udc80\x1b"),
        (lambda told: told.watchdog(), b"WATCHDOG=1"),
    ],
)
def test_each_message_is_one_datagram(heard: socket.socket, say: Callable[[Notifier], bool], message: bytes) -> None:
    """systemd hears what sd_notify(3) prescribes, and a status cannot say more than a status."""
    assert say(Notifier.from_environment({"NOTIFY_SOCKET": address(heard)}))
    assert heard.recv(4096) == message
    with pytest.raises(BlockingIOError):
        heard.recv(4096)


@pytest.mark.parametrize("where", ["", "relative", "vsock:2:1", "@", "/nowhere/at/all", "/" + "x" * 200, "/a\0b"])
def test_nobody_to_tell_is_no_failure(where: str) -> None:
    """Started by hand, or with a socket that is gone, the daemon runs all the same."""
    told = Notifier.from_environment({"NOTIFY_SOCKET": where} if where else {})
    assert not told.ready()
    assert not told.watchdog()


def test_a_socket_that_is_full_keeps_nobody_waiting(heard: socket.socket) -> None:
    """A service manager that does not read costs messages, not time."""
    told = Notifier(address(heard))
    sent = 0
    while told.watchdog():
        sent += 1
        assert sent < 100_000
    assert heard.recv(4096) == b"WATCHDOG=1"
    assert told.watchdog()


@pytest.mark.parametrize(
    ("environ", "usec"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60_000_000),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60_000_000),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only(environ: dict[str, str], usec: int | None) -> None:
    """A watchdog set for another process, or for none, is not answered."""
    assert Notifier.from_environment(environ).watchdog_usec == usec


def test_a_command_that_we_start_cannot_speak_for_us() -> None:
    """The variables are gone from the environment that it inherits."""
    environ = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "PATH": "/bin"}
    Notifier.from_environment(environ)
    assert environ == {"PATH": "/bin"}
