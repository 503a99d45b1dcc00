"""Which servers are believed, and who we are to them: one shared TLS context per set of certificate files."""

import ssl
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from driftd.adapters.x3.certificate import Session
from driftd.errors import Reason, SourceError

_KEPT: Final = 256
"""Contexts that are shared; where there are more, each connection has its own."""


_WEAK: Final = ("_TOO_SMALL", "_TOO_WEAK")
"""Ends of OpenSSL's names for a short key and a broken digest, of a certificate or its authority."""


class Files(NamedTuple):
    """The certificate files of a connection, all PEM."""

    ca_file: Path | None = None
    """Authorities trusted besides the public ones."""
    client_cert_file: Path | None = None
    """Our own certificate, with the chain to its authority."""
    client_key_file: Path | None = None
    """Its key; None: that stands in the same file."""


_NO_FILES: Final = Files()


def tls_context(files: Files = _NO_FILES) -> ssl.SSLContext:
    """Return the context for these files: verifying, TLS 1.2 or newer.

    Shared, since each context loads the whole bundle: 100 of them cost 4.6 s (measured). Where a file has changed since
    it is read anew: ask for it at each connect.

    Raises `SourceError` with ``config_error`` for files that cannot be used.
    """
    stamps = tuple(None if each is None else _stamp(each) for each in files)
    try:
        return _context(files, stamps)
    except OSError as error:  # ssl.SSLError is one
        key, what = next(faults(files), ("ca_file", "cannot be loaded"))
        message = f'the {key} "{getattr(files, key)}" {what}'
        raise SourceError(Reason.CONFIG_ERROR, message, hint=f"give {key} a file that is whole and readable") from error


def faults(files: Files) -> Iterator[tuple[str, str]]:
    """Yield the setting and what is wrong with its file, for each file that cannot be used."""
    unread = [(key, what) for key, path in files._asdict().items() if path is not None and (what := _unread(path))]
    yield from unread
    if files.ca_file is not None and "ca_file" not in dict(unread):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=files.ca_file)
        except ssl.SSLError:
            yield "ca_file", "holds no certificates in PEM"
    if files.client_cert_file is not None and not dict(unread).keys() & {"client_cert_file", "client_key_file"}:
        yield from _client_faults(files)


def _client_faults(files: Files) -> Iterator[tuple[str, str]]:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        bare.load_verify_locations(cafile=files.client_cert_file)
    except ssl.SSLError:
        yield "client_cert_file", "holds no certificate in PEM"
        return
    try:
        _load_client(bare, files)
    except ssl.SSLError as error:
        key = "client_cert_file" if files.client_key_file is None else "client_key_file"
        if (error.reason or "").endswith(_WEAK):
            yield "client_cert_file", "holds a certificate that OpenSSL takes for too weak: have a stronger one issued"
        elif error.reason == "KEY_VALUES_MISMATCH":
            yield key, "holds a key that does not belong to the certificate of client_cert_file"
        else:
            yield key, "holds no private key in PEM, or one under a password, which driftd does not ask for"


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size


@lru_cache(_KEPT)
def _context(files: Files, _stamps: object) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = Session
    context.set_alpn_protocols(["http/1.1"])
    if files.ca_file is not None:
        context.load_verify_locations(cafile=files.ca_file)
    if files.client_cert_file is not None:
        _load_client(context, files)
    return context


def _load_client(context: ssl.SSLContext, files: Files) -> None:
    if files.client_cert_file is not None:
        context.load_cert_chain(files.client_cert_file, files.client_key_file, password="")  # else it asks the terminal


def _unread(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror}): let driftd's user read it"
    return ""
