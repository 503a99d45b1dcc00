"""What TLS says where it fails: whose certificate was refused, or what the server refuses of ours."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from driftd.adapters.x3.answer import CERTIFICATE_WANTED
from driftd.adapters.x3.signs import name_of, pairs

_MOST: Final = 100
"""Characters of a name that a server nobody vouches for gives itself."""
_OLD: Final = (
    "it speaks no TLS of version 1.2 or newer",
    "ask the customer's X3 administrator to enable TLS 1.2 or 1.3: older versions are never used",
)
_UNWANTED: Final = (
    "it refuses our client certificate",
    "see whether client_cert_file is still valid and is the one that the customer's X3 administrator issued",
)
_BY_REASON: Final = {
    "TLSV1_ALERT_PROTOCOL_VERSION": _OLD,
    "UNSUPPORTED_PROTOCOL": _OLD,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": CERTIFICATE_WANTED,
    "SSLV3_ALERT_BAD_CERTIFICATE": _UNWANTED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _UNWANTED,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": _UNWANTED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _UNWANTED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _UNWANTED,
    "TLSV1_ALERT_UNKNOWN_CA": _UNWANTED,
}
"""By OpenSSL's name of an alert (RFC 8446 §6.2), or of its own refusal."""


class Session(ssl.SSLObject):
    """A TLS session; where it refuses a certificate, its error tells whose: see `shown`."""

    def do_handshake(self) -> None:
        """Shake hands; raises `ssl.SSLError`."""
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            with suppress(AttributeError, IndexError, TypeError, ValueError):  # there is none, or Python moved it
                error.__dict__["certificate"] = getattr(self, "_sslobj").get_verified_chain()[0].get_info()  # noqa: B009
            raise


def alert(error: ssl.SSLError) -> tuple[str, str] | None:
    """Return in words what a server's alert means, and the next step; None for one that says nothing in particular."""
    return _BY_REASON.get(error.reason or "")


def shown(error: BaseException) -> str:
    """Return whose certificate a session refused; empty where that is not known."""
    found = error.__dict__.get("certificate")
    if not isinstance(found, Mapping):
        return ""
    names = [value for kind, value in pairs(found.get("subjectAltName")) if kind in {"DNS", "IP Address"}]
    told = [f"of {_printable(name_of(found.get('subject')) or ', '.join(names) or 'nobody')}"]
    told += [f"for {_printable(', '.join(names))}"] if names else []
    told += [f"issued by {_printable(name_of(found.get('issuer')) or 'nobody')}"]
    if isinstance(end := found.get("notAfter"), str):
        with suppress(ValueError, OverflowError):  # one that nobody vouches for may end at no time: "Bad time value"
            told += [f"good until {datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC):%Y-%m-%d}"]
    return ", ".join(told)


def _printable(text: str) -> str:
    clean = "".join(each if each.isprintable() else "?" for each in text)
    return f'"{clean[:_MOST].replace(chr(34), "?")}"'
