"""Foreign errors of the way to a tenant, mapped once: httpx, ssl and sockets in, `SourceError` out."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final, TypeAlias

import httpx

from driftd.adapters.x3.certificate import alert, shown
from driftd.adapters.x3.dial import NotAllowedError
from driftd.errors import Reason, SourceError

_EXPIRED: Final = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""
_WORDS: Final = {
    Reason.DNS_FAILURE: ("its name is not found", "check the host in base_url and token_url, and the resolver"),
    Reason.CONNECTION_REFUSED: (
        "the connection is refused",
        "ask the customer's network administrator whether the port is open",
    ),
    Reason.CONNECT_TIMEOUT: (
        "no connection in time",
        "ask the customer's network administrator to admit our egress addresses",
    ),
    Reason.CONNECTION_RESET: ("the connection breaks off", "wait: it is tried again"),
    Reason.TIMEOUT: ("no whole answer in time", "wait; a smaller page_size or a longer timeout helps a slow tenant"),
    Reason.PROXY_ERROR: (
        "the proxy does not let us through",
        "check the proxy: driftd signs in at none, so it must admit this machine by its address",
    ),
    Reason.TLS_ERROR: (
        "no trusted TLS",
        "check host name and certificate chain; a private authority goes into ca_file",
    ),
    Reason.TLS_EXPIRED: ("its certificate has expired", "ask the customer's X3 administrator to renew the certificate"),
    Reason.CONFIG_ERROR: ("its address cannot be used", "check base_url, token_url and proxy"),
}
_OF_TLS: Final = frozenset({Reason.TLS_ERROR, Reason.TLS_EXPIRED})
_Kinds: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
_NOT_TLS: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What ssl raises while it waits for bytes, or when the connection beneath it ends."""


def fault(error: Exception, whose: str, *, proxied: bool = False) -> SourceError:
    """Return what a failure on the way means. `whose` begins the message: whose answer was waited for.

    The text of the foreign error is left out: h11 and httpx put headers and addresses into theirs.
    """
    if isinstance(error, NotAllowedError):
        refused = error.refusal
        return SourceError(Reason.ADDRESS_NOT_ALLOWED, f"{whose}: {error.host} {refused.what}", hint=refused.hint)
    reason = _reason(error, proxied=proxied)
    what, hint = _tls(error, *_WORDS[reason]) if reason in _OF_TLS else _WORDS[reason]
    return SourceError(reason, f"{whose}: {what}", hint=hint)


def crowded(whose: str) -> SourceError:
    """Return what it means that a large answer had to wait for others until its time was over."""
    message = f"{whose}: a large answer, and no room for it in time beside those of other connections"
    return SourceError(Reason.TIMEOUT, message, hint="wait; a smaller page_size makes answers that need not wait")


def _reason(error: Exception, *, proxied: bool) -> Reason:
    refused = _first(error, ssl.SSLError, but=_NOT_TLS)
    if refused is not None:
        return Reason.TLS_EXPIRED if getattr(refused, "verify_code", None) == _EXPIRED else Reason.TLS_ERROR
    if isinstance(error, httpx.ProxyError | httpx.ConnectTimeout | httpx.ConnectError):
        return Reason.PROXY_ERROR if proxied or isinstance(error, httpx.ProxyError) else _connect(error)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL | UnicodeError):
        return Reason.CONFIG_ERROR
    return Reason.CONNECTION_RESET


def _connect(error: httpx.TransportError) -> Reason:
    if isinstance(error, httpx.ConnectTimeout):
        return Reason.CONNECT_TIMEOUT
    if _first(error, socket.gaierror) is not None:
        return Reason.DNS_FAILURE
    refused = _first(error, ConnectionRefusedError)
    if refused is None and _first(error, TimeoutError) is not None:
        return Reason.CONNECT_TIMEOUT
    reset = refused is None and _first(error, (ConnectionError, ssl.SSLError)) is not None
    return Reason.CONNECTION_RESET if reset else Reason.CONNECTION_REFUSED


def _tls(error: Exception, what: str, hint: str) -> tuple[str, str]:
    """Return words and hint of a TLS failure, with the certificate that was refused."""
    found = _first(error, ssl.SSLError, but=_NOT_TLS)
    if isinstance(found, ssl.SSLCertVerificationError):
        message = f" ({found.verify_message})" if found.verify_code != _EXPIRED else ""
        whose = shown(found)
        return f"{what}{message}{': the certificate ' + whose if whose else ''}", hint
    told = alert(found) if isinstance(found, ssl.SSLError) else None
    return told or (what, hint)


def _first(error: BaseException, kind: _Kinds, but: _Kinds = ()) -> BaseException | None:
    return next((each for each in chain(error) if isinstance(each, kind) and not isinstance(each, but)), None)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Walk an error, its causes and the members of groups among them."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__context__, each.__cause__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
