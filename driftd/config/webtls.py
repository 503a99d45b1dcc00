"""``tls_server_config`` of the web configuration: the daemon's certificate, and what is asked of clients."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Struct

from driftd.config.plain import text
from driftd.config.report import Findings, join
from driftd.config.shape import Line, Table
from driftd.core.secret import Secret

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
_CURVES: Final[Mapping[str, str]] = MappingProxyType(
    {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
)
"""Names of curves as Go has them, and as OpenSSL has them."""
_PEM: Final = "-----BEGIN "


class Demand(StrEnum):
    """Whether clients show a certificate."""

    NONE = "NoClientCert"
    MAY = "VerifyClientCertIfGiven"
    MUST = "RequireAndVerifyClientCert"


_UNVERIFIED: Final = frozenset({"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"})


class Version(StrEnum):
    """Of TLS."""

    TLS12 = "TLS12"
    TLS13 = "TLS13"


class Tls(Struct, frozen=True):
    """How TLS is spoken. What stands in the configuration itself is text in PEM; else its file is named."""

    cert: Path | str
    """Our certificate, with the chain to its authority."""
    key: Path | Secret
    client_ca: Path | str | None = None
    """Authorities of the certificates of clients."""
    demand: Demand = Demand.NONE
    least: Version = Version.TLS12
    most: Version = Version.TLS13
    suites: tuple[str, ...] = ()
    """Of TLS 1.2, as OpenSSL names them; none: its own choice."""
    our_order: bool = True
    names: frozenset[str] = frozenset()
    """Of which a client's certificate must have one; empty: whichever it has."""
    curve: str | None = None
    """Of the exchange of keys, as OpenSSL names it; None: its own choice."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        return tuple(each for each in (self.cert, self.key, self.client_ca) if isinstance(each, Path))


def name_of(text: str) -> str:
    """Return a name of a certificate in the one form by which two are compared: an address may be written in many."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


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


def _curve(value: object) -> str:
    found = _CURVES.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be one of {', '.join(_CURVES)}")
    return found


def _pem(value: object) -> str:
    """Read text in PEM; what stands there may be a key, and is not repeated."""
    if not isinstance(value, str) or _PEM not in value or not value.isascii():
        raise ValueError('must be text in PEM that begins with "-----BEGIN", indented below a "|"; or name its file')
    return value


_San = Annotated[
    str, text(r"[^\x00-\x20\x7f]{1,1000}", "a name of a certificate: a host, an address, an e-mail, a URI")
]


class _Tls(Table, frozen=True, kw_only=True):
    place = "tls_server_config"
    cert: Annotated[str, _pem] | None = None
    key: Annotated[str, _pem] | None = None
    client_ca: Annotated[str, _pem] | None = None
    cert_file: Line | None = None
    key_file: Line | None = None
    client_ca_file: Line | None = None
    client_auth_type: Annotated[str, _demand] = Demand.NONE
    client_allowed_sans: list[_San] | None = None
    min_version: Annotated[str, _version] = Version.TLS12
    max_version: Annotated[str, _version] = Version.TLS13
    cipher_suites: list[Annotated[str, _suite]] | None = None
    prefer_server_cipher_suites: bool = True
    curve_preferences: list[Annotated[str, _curve]] | None = None


def read_tls(raw: Any, found: Findings, folder: Path) -> Tls | None:  # noqa: ANN401 - as YAML has it
    """Read how TLS is spoken; None where nothing is said of it, or it is wrong. Relative paths begin at `folder`."""
    path = "tls_server_config"
    if raw is None:
        return None
    table = found.table(_Tls, raw, path)
    mistakes = list(_sources(raw)) if isinstance(raw, dict) else []
    if table is not None:
        mistakes += _contradictions(table)
    for name, message in mistakes:
        found.add(join(path, name), message)
    return None if table is None or mistakes else _made(table, folder)


def _made(table: _Tls, folder: Path) -> Tls:
    ca = folder / table.client_ca_file if table.client_ca_file else table.client_ca
    return Tls(
        folder / table.cert_file if table.cert_file else table.cert or "",
        folder / table.key_file if table.key_file else Secret(table.key or ""),
        ca,
        Demand(table.client_auth_type),
        Version(table.min_version),
        Version(table.max_version),
        tuple(table.cipher_suites or ()),
        table.prefer_server_cipher_suites,
        frozenset(map(name_of, table.client_allowed_sans or ())),
        next(iter(table.curve_preferences or ()), None),
    )


def _sources(raw: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with where certificates and key stand: each in one place."""
    asks = raw.get("client_auth_type") in (Demand.MAY, Demand.MUST)
    for name, needed in (("cert", True), ("key", True), ("client_ca", asks)):
        here, file = (raw.get(each) is not None for each in (name, f"{name}_file"))
        if here and file:
            yield name, f"stands here and in {name}_file: leave one of them out"
        if needed and not (here or file):
            whose = "the authorities of clients, which client_auth_type needs" if name == "client_ca" else f"our {name}"
            yield f"{name}_file", f"is missing: give the file of {whose}, or write it here as {name}"


def _contradictions(table: _Tls) -> Iterator[tuple[str, str]]:
    asks = table.client_auth_type != Demand.NONE
    if not asks and (table.client_ca_file is not None or table.client_ca is not None):
        yield "client_auth_type", f'must be "{Demand.MUST}" or "{Demand.MAY}" where authorities of clients are given'
    if table.client_allowed_sans is not None and table.client_auth_type != Demand.MUST:
        yield "client_auth_type", f'must be "{Demand.MUST}" for client_allowed_sans: who shows none has no name'
    if table.client_allowed_sans == []:
        yield "client_allowed_sans", "names nobody: name who is let in, or leave it out"
    if table.min_version > table.max_version:
        yield "min_version", f"must not be above max_version, which is {table.max_version}"
    if len(table.curve_preferences or ()) > 1:
        what = "must be one curve, as Python can tell OpenSSL no more: name one, or leave this out to have them all"
        yield "curve_preferences", what
