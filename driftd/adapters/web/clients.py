"""Whom a client's certificate names: only some may be let in, of all whom its authority answers for."""

import ssl
from collections.abc import Collection, Iterator
from typing import Any, Final

from driftd.config.webtls import name_of

_KINDS: Final = frozenset({"DNS", "email", "URI", "IP Address"})
"""What kinds of names count, as `ssl` calls them."""


def let_in(names: Collection[str]) -> type[ssl.SSLObject]:
    """Return a side of TLS whose handshake fails where the client's certificate has none of these names.

    `ssl` calls nobody while it verifies; so the certificate, verified by then, is looked at as the last thing of the
    handshake: nothing that the client sent is read before.
    """

    class Naming(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            try:
                named = set(_names(self.getpeercert() or {}))
            except ValueError:  # a name that is no text
                named = set()
            if named.isdisjoint(names):
                raise ssl.SSLCertVerificationError("the client's certificate has none of the names that are let in")

    return Naming


def _names(certificate: Any) -> Iterator[str]:  # noqa: ANN401 - as `ssl` has it
    for kind, name in certificate.get("subjectAltName", ()):
        if kind in _KINDS:
            yield name_of(name)
