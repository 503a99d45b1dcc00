"""Single values as the configuration writes them: durations, sizes, hours, cron, zones, addresses.

Each function takes what TOML gave and returns the value or raises `ValueError` with the whole message for the user.
"""

import re
from contextlib import suppress
from datetime import date, time
from ipaddress import IPv6Network, ip_network
from unicodedata import normalize
from urllib.parse import SplitResult, urlsplit

from driftd.core import crontab
from driftd.core.model import Hours
from driftd.core.network import IpNetwork, literal

LARGEST = 2**63 - 1
"""The largest whole number that TOML promises, and that SQLite keeps."""
LONGEST = 36_500 * 86_400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+"
_PART = r"(\d+(?:\.\d+)?)(ms|[smhd])"
_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZES |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*([KMGT]?I?B)"
_UNITS_OF_SIZE = (("KB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12))
_NAME = r"(?=.{1,253}$)(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?"
_MAPPED = IPv6Network("::ffff:0:0/96")
_HOURS = r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)"


def shown(value: object) -> str:
    """Return a value as a message may quote it: short, on one line, much as the file writes it."""
    try:
        text = _written(value)
    except ValueError:  # Python writes no number of many thousand digits
        text = "a number of too many digits"
    except RecursionError:
        text = "tables within tables"
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 60 else text[:57] + "…"


def _written(value: object) -> str:
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case date() | time():
            return str(value)
        case _:
            return repr(value)


def duration(value: object) -> float:
    """Read ``"45s"``, ``"5m"``, ``"1.5h"`` or ``"1h30m"`` as seconds above 0."""
    seconds = duration_or_zero(value)
    if seconds == 0:
        raise ValueError(f"must be longer than 0, not {shown(value)}")
    return seconds


def duration_or_zero(value: object) -> float:
    """Read a duration that may be ``"0s"``."""
    if isinstance(value, str):
        if value.startswith("-"):
            raise ValueError(f"must not be negative, not {shown(value)}")
        if re.fullmatch(_DURATION, value):
            seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, value))
            if seconds > LONGEST:
                raise ValueError(f'must be at most "36500d", not {shown(value)}')
            return seconds
    bare = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LONGEST
    hint = f': write "{value}s"' if bare else ""
    raise ValueError(f'must be a duration such as "45s", "5m", "1.5h" or "24h", not {shown(value)}{hint}')


def token_life(value: object) -> float:
    """Read how long a token that we sign may live: ``"1m"`` to ``"24h"``."""
    seconds = duration(value)
    if not 60 <= seconds <= 86_400:
        raise ValueError(f'must be from "1m" to "24h", and at most the "Tokens validity" in X3, not {shown(value)}')
    return seconds


def span(seconds: float) -> str:
    """Write a duration as the configuration does, in the largest unit of which it is a whole number."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def volume(number: float) -> str:
    """Write at least so many bytes as the configuration does."""
    name, unit = next((each for each in _UNITS_OF_SIZE if number < 1000 * each[1]), _UNITS_OF_SIZE[-1])
    hundredths = int(number) * 100 // unit + 1
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + name


def size(value: object) -> int:
    """Read ``"2GB"``, ``"500MB"``, ``"1.5GiB"`` or a number of bytes, above 0."""
    number: float | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and (found := re.fullmatch(_SIZE, value)):
        number = float(found[1]) * _SIZES[found[2].upper()]
    if number is None:
        raise ValueError(f'must be a size such as "2GB" or "500MB", not {shown(value)}')
    if number < 1:
        raise ValueError(f"must be at least one byte, not {shown(value)}")
    if number > LARGEST:
        raise ValueError(f"must be at most {LARGEST} bytes, not {shown(value)}")
    return int(number)


def hours(value: object) -> Hours:
    """Read ``"12:00-13:30"``."""
    found = re.fullmatch(_HOURS, value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f'must be hours such as "12:00-13:30", not {shown(value)}')
    read = Hours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))
    if read.start == read.end:
        raise ValueError(f"must not begin and end at the same minute, not {shown(value)}")
    return read


def cron(value: object) -> str:
    """Check the five fields of ``"30 2 * * *"``, and that they ever come true together."""
    if not isinstance(value, str) or len(value.split()) != len(crontab.FIELDS):
        raise ValueError(f'must be five cron fields such as "30 2 * * *" (02:30 every day), not {shown(value)}')
    for text, each in zip(value.split(), crontab.FIELDS, strict=True):
        if not crontab.numbers(text, each):
            raise ValueError(
                f"the {each.name} field must lie in {each.low}-{each.high} (*, lists, ranges and /steps), "
                f"not {shown(text)}"
            )
    if not crontab.comes(value):
        raise ValueError(f"never comes: no month that it names has such a day: {shown(value)}")
    return " ".join(value.split())


def zone(value: object) -> str:
    """Check the name of a time zone such as ``"Europe/London"``."""
    if value == "UTC":
        return "UTC"
    from zoneinfo import ZoneInfo  # costs as much as all of a reading, and most configurations are in UTC

    try:
        return ZoneInfo(value).key if isinstance(value, str) and value else _no_zone(value)
    except (KeyError, OSError, ValueError):  # not in the database, or no proper name at all
        return _no_zone(value)


def _no_zone(value: object) -> str:
    raise ValueError(f'must be a time zone such as "Europe/London" or "UTC", not {shown(value)}')


def network(value: object) -> IpNetwork:
    """Read ``"10.20.0.0/16"`` or a single address."""
    try:
        read = ip_network(value) if isinstance(value, str) else ip_network("")
    except ValueError:
        hint = ""
        with suppress(ValueError):
            hint = f': did you mean "{ip_network(str(value), strict=False)}"?'
        raise ValueError(f'must be a network such as "10.20.0.0/16", not {shown(value)}{hint}') from None
    if isinstance(read, IPv6Network) and read.subnet_of(_MAPPED):
        raise ValueError(f'must be written as IPv4, such as "10.20.0.0/16", not {shown(value)}')
    return read


def url(value: object) -> SplitResult:
    """Read an http or https URL without user, query and fragment."""
    if not isinstance(value, str):
        raise ValueError(f'must be a URL such as "https://x3.example", not {shown(value)}')  # noqa: TRY004 - a finding
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("must be a URL with a proper host and port") from None
    if "@" in value:  # never quoted: it may carry a password
        raise ValueError("must not carry a user or password: they belong in [connections.auth]")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f'must be a URL such as "https://x3.example", not {shown(value)}')
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in value):
        raise ValueError(f"must be a URL without blanks and backslashes, not {shown(value)}")
    _check_host(parts, value)
    if parts.port == 0:
        raise ValueError(f"must be a URL with a port from 1 to 65535, not {shown(value)}")
    if "?" in value or "#" in value:
        raise ValueError("must not carry a query or fragment: give scheme, host, port and path only")
    return parts


def audience(value: object) -> str:
    """Read the URL by which a tenant knows a connected application: compared byte for byte, so it is kept as it is.

    It is no address that is connected to: whatever may be entered in X3 is taken.
    """
    example = 'must be the URL as entered in X3, such as "https://x3.example:8124/xtrem/api"'
    if isinstance(value, str) and "@" in value.partition("://")[2].partition("/")[0]:  # never quoted: a password
        raise ValueError(f"{example}, without user and password")
    if not isinstance(value, str) or not re.fullmatch(r"(?i:https?)://[^\s\x00-\x1f\x7f]{1,500}", value):
        raise ValueError(f"{example}, without blanks, not {shown(value)}")
    return value


def postgres(value: object) -> str:
    """Check the URL of a PostgreSQL database; never quoted, as it may carry a password."""
    if not isinstance(value, str) or not value.startswith(("postgresql://", "postgres://")):
        raise ValueError('must be a URL such as "postgresql://host/driftd"')
    return value


def _check_host(parts: SplitResult, value: str) -> None:
    """Let pass only a host that every parser reads alike: an address as usually written, or a name."""
    host = parts.hostname or ""
    try:
        address = literal(host)
    except ValueError as error:
        raise ValueError(f"has a host that {error}, not {shown(value)}") from None
    if "[" in parts.netloc and (address is None or ":" not in host):
        raise ValueError(f"must be a URL without brackets around a name, not {shown(value)}")
    named = address is None or host.lower().removesuffix(".").endswith("localhost")
    if named and not (re.fullmatch(_NAME, host) and normalize("NFKC", host) == host):
        raise ValueError(f'must be a URL with a host\'s name such as "x3.example", not {shown(value)}')


def listen(value: object) -> str:
    """Check an address to listen on: ``"127.0.0.1:9420"``, ``"[::1]:9420"`` or ``":9420"``."""
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if (
        not colon
        or not re.fullmatch("[0-9]{1,5}", port)
        or int(port) > 65535
        or (":" in host and not host.startswith("["))
    ):
        raise ValueError(f'must be a host and port such as "127.0.0.1:9420", not {shown(value)}')
    return f"{host}:{port}"
