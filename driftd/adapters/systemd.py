"""What the daemon tells systemd: sd_notify(3) as datagrams of our own.

Without ``NOTIFY_SOCKET`` nothing is sent; a socket that fails costs the message alone. systemd sends again what it
wants to know: a lost ``WATCHDOG=1`` is followed by the next.
"""

import os
import socket
from collections.abc import MutableMapping
from typing import Self

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Speaks to the service manager that started this process, if one did."""

    def __init__(self, address: str = "", watchdog_usec: int | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_usec = watchdog_usec
        """Microseconds within which `watchdog` must be called, again and again; None where nobody watches."""

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str]) -> Self:
        """Read what systemd left in `environ`, and take it out: it is meant for us, not for commands we start."""
        address, usec, pid = (environ.pop(name, "") for name in _VARIABLES)
        watched = usec.isdecimal() and int(usec) > 0 and pid in {"", str(os.getpid())}
        return cls(address if address.startswith(("/", "@")) else "", int(usec) if watched else None)

    def ready(self) -> bool:
        """Say that the start, or the reload, is done; returns whether it was sent, as all of these."""
        return self._send("READY=1")

    def reloading(self, monotonic_usec: int) -> bool:
        """Say that a reload begins, `monotonic_usec` on the system's monotonic clock (needed by systemd 253)."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_usec}")

    def stopping(self) -> bool:
        """Say that the stop has begun."""
        return self._send("STOPPING=1")

    def status(self, text: str) -> bool:
        """Show one line in ``systemctl status``."""
        return self._send(f"STATUS={_one_line(text)}")

    def watchdog(self) -> bool:
        """Say that all is well."""
        return self._send("WATCHDOG=1")

    def _send(self, message: str) -> bool:
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True


def _one_line(text: str) -> str:
    """Escape what would begin another line, and with it another assignment."""
    return "".join([each if each.isprintable() else each.encode("unicode_escape").decode() for each in text])
