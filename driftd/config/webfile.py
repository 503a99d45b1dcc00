"""The web configuration: TLS, headers and users of the daemon's own surface, in the format of Prometheus' exporters.

The format is told in ``docs/web-configuration.md`` of github.com/prometheus/exporter-toolkit; what driftd cannot keep
of it is refused, as a setting of safety that is silently without effect would be a trap.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from driftd.config.plain import text
from driftd.config.report import Findings, join, near
from driftd.config.shape import Table
from driftd.config.webtls import Tls, read_tls
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


class WebFile(Struct, frozen=True):
    """A web configuration."""

    tls: Tls | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    users: Mapping[str, Secret] = MappingProxyType({})
    """Name → hash of the password."""


_PARTS: Final = ("tls_server_config", "http_server_config", "basic_auth_users")


class _Http(Table, frozen=True, kw_only=True):
    place = "http_server_config"
    http2: bool = True
    headers: Any = None


_NOT_KEPT: Final[Mapping[str, str]] = MappingProxyType(
    {"rate_limit": "is not kept: driftd limits how often wrong credentials are sent; let a proxy limit requests"}
)
"""What the format has and driftd does not keep."""


def parse_web(content: bytes, name: str, folder: Path) -> WebFile:
    """Read a web configuration; its relative paths begin at `folder`. Raises `ConfigError` with every mistake."""
    raw, found = read_yaml(content, name), Findings(f"{name}: ")
    root = {} if raw is None else raw
    if not isinstance(root, dict):
        raise ConfigError([Mistake(name, f"must be names with values below: {', '.join(_PARTS)}")])
    known = ", ".join(_PARTS)
    for each in sorted(root.keys() - set(_PARTS)):
        found.add(join("", each), _NOT_KEPT.get(each) or f"is not known{near(each, _PARTS) or f'; known are {known}'}")
    tls, http, users = (root.get(each) for each in _PARTS)
    read = WebFile(read_tls(tls, found, folder), _headers(http, found), _users(users, found))
    if found.mistakes:
        raise ConfigError(found.mistakes)
    return read


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
