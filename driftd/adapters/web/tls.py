"""TLS of the daemon's own surface."""

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple

from driftd.adapters.web.clients import let_in
from driftd.config.webtls import Demand, Tls, Version
from driftd.core.secret import Secret
from driftd.errors import ConfigError, Mistake

_VERSIONS: Final = {Version.TLS12: ssl.TLSVersion.TLSv1_2, Version.TLS13: ssl.TLSVersion.TLSv1_3}
_DEMANDS: Final = {Demand.NONE: ssl.CERT_NONE, Demand.MAY: ssl.CERT_OPTIONAL, Demand.MUST: ssl.CERT_REQUIRED}


class _Source(NamedTuple):
    """A certificate or key, and where OpenSSL reads it."""

    setting: str
    """The setting that has it."""
    file: Path
    named: bool
    """Whether the configuration names the file; else it has what stands there itself."""

    @property
    def shown(self) -> str:
        """How a message begins that says what is wrong with it."""
        return f'the file "{self.file}" ' if self.named else ""


def context_of(tls: Tls, name: str) -> ssl.SSLContext:
    """Return the context that clients are served with; `name` is that of the configuration.

    Raises `ConfigError` with every certificate and key that cannot be used.
    """
    with ExitStack() as stack:
        cert = stack.enter_context(_source("cert", tls.cert))
        key = stack.enter_context(_source("key", tls.key))
        ca = None if tls.client_ca is None else stack.enter_context(_source("client_ca", tls.client_ca))
        mistakes = [Mistake(f"{name}: tls_server_config.{setting}", what) for setting, what in _faults(cert, key, ca)]
        if mistakes:
            raise ConfigError(mistakes)
        context = _bare(tls, name)
        context.load_cert_chain(cert.file, key.file, password="")  # else it asks the terminal
        if ca is not None:
            context.load_verify_locations(cafile=ca.file)
    context.verify_mode = _DEMANDS[tls.demand]
    if tls.names:
        context.sslobject_class = let_in(tls.names)
    return context


def _bare(tls: Tls, name: str) -> ssl.SSLContext:
    """Return what is spoken, without certificates; raises `ConfigError` for a curve that OpenSSL has not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = _VERSIONS[tls.least], _VERSIONS[tls.most]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if not tls.our_order:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.suites:
        context.set_ciphers(":".join(tls.suites))
    if tls.curve is not None:
        try:
            context.set_ecdh_curve(tls.curve)
        except ValueError as error:
            what = f"is a curve that {ssl.OPENSSL_VERSION} has not: name another, or leave it out"
            raise ConfigError([Mistake(f"{name}: tls_server_config.curve_preferences", what)]) from error
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextmanager
def _source(name: str, given: Path | str | Secret) -> Iterator[_Source]:
    """Give where OpenSSL reads a certificate or key, which it takes from files alone.

    What stands in the configuration itself is in memory meanwhile where the system has files there, else in a file that
    only our user reads, and that is gone at once.
    """
    if isinstance(given, Path):
        yield _Source(f"{name}_file", given, named=True)
        return
    content = (given.reveal() if isinstance(given, Secret) else given).encode()
    with os.fdopen(os.memfd_create("driftd"), "wb") if hasattr(os, "memfd_create") else NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        place = Path(file.name) if isinstance(file.name, str) else Path(f"/proc/self/fd/{file.fileno()}")
        yield _Source(name, place, named=False)


def _faults(cert: _Source, key: _Source, ca: _Source | None) -> Iterator[tuple[str, str]]:
    """Yield the setting and what is wrong, for each that cannot be used."""
    sources = [cert, key] if ca is None else [cert, key, ca]
    wrong = {each.setting: what for each in sources if (what := _unread(each.file))}
    yield from wrong.items()
    for each in (cert, ca):
        if each is not None and each.setting not in wrong and not _holds_certificates(each.file):
            wrong[each.setting] = f"{each.shown}holds no certificate in PEM"
            yield each.setting, wrong[each.setting]
    if wrong.keys() & {cert.setting, key.setting}:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert.file, key.file, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            yield key.setting, f"{key.shown}holds a key that does not belong to the certificate"
        else:
            yield key.setting, f"{key.shown}holds no private key in PEM, or one under a password"


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
