"""The web configuration: TLS, headers and users of the daemon's own surface, in the format of Prometheus' exporters.

The format is told in ``docs/web-configuration.md`` of github.com/prometheus/exporter-toolkit; what driftd cannot keep
of it is refused, as a setting of safety that is silently without effect would be a trap.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Struct

from driftd.config.plain import text
from driftd.config.report import Findings, join, near
from driftd.config.shape import Line, Table
from driftd.config.yaml import read_yaml
from driftd.core.secret import Secret
from driftd.errors import ConfigError, Mistake

USERS: Final = 1_000
"""Users that a web configuration may name."""
COSTS: Final = range(4, 16)
"""Costs of bcrypt: above, one look at a password takes many seconds."""
_HASH: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_HEADERS: Final = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)
_SUITES: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"TLS_ECDHE_{signed}_WITH_{theirs}": f"ECDHE-{signed}-{ours}"
        for signed in ("ECDSA", "RSA")
        for theirs, ours in (
            ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
            ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
            ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
            ("CHACHA20_POLY1305", "CHACHA20-POLY1305"),
        )
    }
)
"""Names of cipher suites of TLS 1.2, as Go has them, and as OpenSSL has them; those of TLS 1.3 cannot be chosen."""


class Demand(StrEnum):
    """Whether clients show a certificate."""

    NONE = "NoClientCert"
    MAY = "VerifyClientCertIfGiven"
    MUST = "RequireAndVerifyClientCert"


_UNVERIFIED: Final = frozenset({"RequestClientCert", "RequireAnyClientCert"})


class Version(StrEnum):
    """Of TLS."""

    TLS12 = "TLS12"
    TLS13 = "TLS13"


class Tls(Struct, frozen=True):
    """How TLS is spoken."""

    cert_file: Path
    """Our certificate, with the chain to its authority."""
    key_file: Path
    client_ca_file: Path | None = None
    """Authorities of the certificates of clients."""
    demand: Demand = Demand.NONE
    least: Version = Version.TLS12
    most: Version = Version.TLS13
    suites: tuple[str, ...] = ()
    """Of TLS 1.2, as OpenSSL names them; none: its own choice."""
    our_order: bool = True


class WebFile(Struct, frozen=True):
    """A web configuration."""

    tls: Tls | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    users: Mapping[str, Secret] = MappingProxyType({})
    """Name → hash of the password."""


def _demand(value: object) -> str:
    if value in _UNVERIFIED:
        raise ValueError(
            f'must be "{Demand.MAY}" or "{Demand.MUST}": driftd asks for no certificate that it cannot verify'
        )
    if value not in set(Demand):
        raise ValueError(f"must be one of {', '.join(Demand)}")
    return str(value)


def _version(value: object) -> str:
    if value not in set(Version):
        raise ValueError('must be "TLS12" or "TLS13": older versions are broken')
    return str(value)


def _suite(value: object) -> str:
    found = _SUITES.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be one of {', '.join(sorted(_SUITES))}")
    return found


_PARTS: Final = ("tls_server_config", "http_server_config", "basic_auth_users")


class _Tls(Table, frozen=True, kw_only=True):
    place = "tls_server_config"
    cert_file: Line
    key_file: Line
    client_ca_file: Line | None = None
    client_auth_type: Annotated[str, _demand] = Demand.NONE
    min_version: Annotated[str, _version] = Version.TLS12
    max_version: Annotated[str, _version] = Version.TLS13
    cipher_suites: list[Annotated[str, _suite]] | None = None
    prefer_server_cipher_suites: bool = True


class _Http(Table, frozen=True, kw_only=True):
    place = "http_server_config"
    http2: bool = True
    headers: Any = None


_NOT_KEPT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cert": "is not read: write the certificate to a file, and name it in cert_file",
        "key": "is not read: write the key to a file, and name it in key_file",
        "client_ca": "is not read: write the certificates to a file, and name it in client_ca_file",
        "client_allowed_sans": "is not looked at: let an authority of its own issue the certificates of clients",
        "curve_preferences": "cannot be chosen: leave it out",
    }
)
"""Settings of TLS that the format has and driftd does not keep."""


def parse_web(content: bytes, name: str, folder: Path) -> WebFile:
    """Read a web configuration; its relative paths begin at `folder`. Raises `ConfigError` with every mistake."""
    raw, found = read_yaml(content, name), Findings(f"{name}: ")
    root = {} if raw is None else raw
    if not isinstance(root, dict):
        raise ConfigError([Mistake(name, f"must be names with values below: {', '.join(_PARTS)}")])
    known = ", ".join(_PARTS)
    for each in sorted(root.keys() - set(_PARTS)):
        found.add(join("", each), f"is not known{near(each, _PARTS) or f'; known are {known}'}")
    tls, http, users = (root.get(each) for each in _PARTS)
    read = WebFile(_tls(tls, found, folder), _headers(http, found), _users(users, found))
    if found.mistakes:
        raise ConfigError(found.mistakes)
    return read


def _tls(raw: object, found: Findings, folder: Path) -> Tls | None:
    if raw is None:
        return None
    path = "tls_server_config"
    if isinstance(raw, dict):
        for name in raw.keys() & _NOT_KEPT.keys():
            found.add(join(path, name), _NOT_KEPT[name])
        raw = {name: value for name, value in raw.items() if name not in _NOT_KEPT}
    table = found.table(_Tls, raw, path)
    if table is None:
        return None
    for name, message in _contradictions(table):
        found.add(join(path, name), message)
    return Tls(
        folder / table.cert_file,
        folder / table.key_file,
        folder / table.client_ca_file if table.client_ca_file else None,
        Demand(table.client_auth_type),
        Version(table.min_version),
        Version(table.max_version),
        tuple(table.cipher_suites or ()),
        table.prefer_server_cipher_suites,
    )


def _contradictions(table: _Tls) -> Iterator[tuple[str, str]]:
    asks = table.client_auth_type != Demand.NONE
    if asks and table.client_ca_file is None:
        yield "client_ca_file", f"is missing: {table.client_auth_type} needs the authorities of clients"
    if not asks and table.client_ca_file is not None:
        yield "client_auth_type", f'must be "{Demand.MUST}" or "{Demand.MAY}" where there is a client_ca_file'
    if table.min_version > table.max_version:
        yield "min_version", f"must not be above max_version, which is {table.max_version}"


def _headers(raw: object, found: Findings) -> Mapping[str, str]:
    if raw is None:
        return {}
    path = "http_server_config"
    table = found.table(_Http, raw, path)
    given = table.headers if table is not None else None
    if given is None:
        return {}
    if not isinstance(given, dict):
        found.add(join(path, "headers"), "must be names with their values")
        return {}
    line, told = text(r"[\x20-\x7e]{1,4000}", "text of one line in ASCII"), {}
    for name, value in given.items():
        if name not in _HEADERS:
            found.add(join(path, "headers", name), f"cannot be set: known are {', '.join(_HEADERS)}")
            continue
        try:
            told[str(name)] = str(line(value))
        except ValueError as error:
            found.add(join(path, "headers", name), str(error))
    return told


def _users(raw: object, found: Findings) -> Mapping[str, Secret]:
    if raw is None:
        return {}
    path = "basic_auth_users"
    if not isinstance(raw, dict):
        found.add(path, "must be names with the bcrypt hashes of their passwords")
        return {}
    if len(raw) > USERS:
        found.add(path, f"must be at most {USERS:,} users, not {len(raw):,}")
        return {}
    read = {}
    for name, value in raw.items():
        if mistake := _mistake(name, value):
            found.add(join(path, str(name)), mistake)
        read[str(name)] = Secret(str(value))
    return read


def _mistake(name: str, value: object) -> str:
    """Return what is wrong with a user; what stands there as a hash may be a password, and is not repeated."""
    if not name or ":" in name or not name.isprintable() or len(name) > 80:
        return 'must be a name of 1 to 80 letters without ":"'
    told = _HASH.fullmatch(value) if isinstance(value, str) else None
    if told is None:
        return 'must be a bcrypt hash such as `htpasswd -nBC 10 "" | tr -d ":\\n"` prints, never the password itself'
    if int(told[1]) not in COSTS:
        return f"has the cost {int(told[1])}: must be from {COSTS.start} to {COSTS.stop - 1}"
    return ""
