"""TLS of the daemon's own surface."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from driftd.config.webfile import Demand, Tls, Version
from driftd.errors import ConfigError, Mistake

_VERSIONS: Final = {Version.TLS12: ssl.TLSVersion.TLSv1_2, Version.TLS13: ssl.TLSVersion.TLSv1_3}
_DEMANDS: Final = {Demand.NONE: ssl.CERT_NONE, Demand.MAY: ssl.CERT_OPTIONAL, Demand.MUST: ssl.CERT_REQUIRED}


def context_of(tls: Tls, name: str) -> ssl.SSLContext:
    """Return the context that clients are served with; `name` is that of the configuration.

    Raises `ConfigError` with every file that cannot be used.
    """
    mistakes = [Mistake(f"{name}: tls_server_config.{key}", what) for key, what in _faults(tls)]
    if mistakes:
        raise ConfigError(mistakes)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = _VERSIONS[tls.least], _VERSIONS[tls.most]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if not tls.our_order:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.suites:
        context.set_ciphers(":".join(tls.suites))
    context.load_cert_chain(tls.cert_file, tls.key_file, password="")  # else it asks the terminal
    if tls.client_ca_file is not None:
        context.load_verify_locations(cafile=tls.client_ca_file)
    context.verify_mode = _DEMANDS[tls.demand]
    context.set_alpn_protocols(["http/1.1"])
    return context


def _faults(tls: Tls) -> Iterator[tuple[str, str]]:
    """Yield the setting and what is wrong with its file, for each file that cannot be used."""
    files = {"cert_file": tls.cert_file, "key_file": tls.key_file, "client_ca_file": tls.client_ca_file}
    unread = {key: what for key, path in files.items() if path is not None and (what := _unread(path))}
    yield from unread.items()
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for key in ("cert_file", "client_ca_file"):
        path = files[key]
        if path is not None and key not in unread and not _holds_certificates(path):
            unread[key] = f'the file "{path}" holds no certificate in PEM'
            yield key, unread[key]
    if not unread.keys() & {"cert_file", "key_file"}:
        try:
            bare.load_cert_chain(tls.cert_file, tls.key_file, password="")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                yield "key_file", f'the file "{tls.key_file}" holds a key that does not belong to the certificate'
            else:
                yield "key_file", f'the file "{tls.key_file}" holds no private key in PEM, or one under a password'


def _holds_certificates(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return False
    return True


def _unread(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return f'the file "{path}" does not exist'
    except OSError as error:
        return f'the file "{path}" cannot be read ({error.strerror}): let driftd\'s user read it'
    return ""
