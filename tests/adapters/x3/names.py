"""Names as a test says: what each resolves to, look-up by look-up."""

import socket
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from driftd.core.network import Egress


class Names:
    """A resolver that knows the names it was told, and notes each look-up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, list[Sequence[str]]] = {}
        """The addresses by name, one sequence a look-up; the last one stays."""
        self.asked: list[str] = []
        self._ask = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def lead(self, name: str, *answers: Sequence[str]) -> None:
        """Have a name resolve to these addresses at its first look-up, its second, and so on."""
        self.known[name] = list(answers)

    def _resolve(self, host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if _is_address(name):
            return self._ask(host, port, *arguments, **named)
        self.asked.append(name)
        answers = self.known.get(name)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [told for each in found for told in self._ask(each, port, type=socket.SOCK_STREAM)]


def only(*ranges: str) -> Egress:
    """Return what admits these ranges and no more, with TLS and without."""
    admitted = tuple(ip_network(each) for each in ranges)
    return Egress(admitted, admitted)


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except (OSError, ValueError):
            continue
        return True
    return False
