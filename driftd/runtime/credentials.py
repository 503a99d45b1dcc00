"""How the credentials of every connection stand: evidence from what is configured and remembered, and its drifts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from msgspec.structs import replace

from driftd.config import ClientCredentials, ConnectionConfig, Pairing
from driftd.core.credential import Signs, TokenLife
from driftd.core.drift import Drift
from driftd.core.expiry import Evidence, clock_is_ours, drifts
from driftd.core.health import ConnectionHealth, ResourceHealth


def evidence_of(
    connection: ConnectionConfig, health: ConnectionHealth, resources: Mapping[str, ResourceHealth]
) -> Evidence:
    """Return all that is known of the credentials of a connection; `resources` by name."""
    day, outage = connection.auth.secret_expires, health.outage
    issued = _issued(connection)  # else what is known of tokens is of another type of before
    return Evidence(
        connection=connection.name,
        hosts=_hosts(connection),
        secret_ends=None if day is None else round(datetime.combine(day, time(), UTC).timestamp() * 1000),
        proven_at=_proven_at(connection, health, resources),
        outage=outage.reason if outage is not None and outage.lasting else None,
        token_ends=health.token_ends if issued else None,
        signs=health.signs if issued else replace(health.signs, token=TokenLife()),
        pair=connection.kept_as if isinstance(connection.auth, Pairing) else "",
    )


def credential_drifts(evidences: Iterable[Evidence], now: int) -> list[Drift]:
    """Return the drifts of the credentials, certificates and clocks of all connections at `now` (epoch ms)."""
    known = together(evidences)
    ours = clock_is_ours(known)
    return [drift for each in known for drift in drifts(each, now, ours=ours)]


def together(evidences: Iterable[Evidence]) -> list[Evidence]:
    """Return evidences in which those who share a pair know of its latest use, whichever of them it was."""
    known = list(evidences)
    used: dict[str, TokenLife] = {}
    for each in known:
        latest = used.setdefault(each.pair, each.signs.token)
        if (each.signs.token.at or 0) > (latest.at or 0):
            used[each.pair] = each.signs.token
    return [replace(each, signs=_used_at(each.signs, used[each.pair].at)) if each.pair else each for each in known]


def _used_at(signs: Signs, at: int | None) -> Signs:
    return replace(signs, token=replace(signs.token, at=at))


def _hosts(connection: ConnectionConfig) -> tuple[str, ...]:
    """Return the host of the base address, and that of the token endpoint where it is another."""
    auth = connection.auth
    addresses = [connection.base_url, *([auth.token_url] if isinstance(auth, ClientCredentials | Pairing) else [])]
    return tuple(dict.fromkeys(urlsplit(each).hostname or "" for each in addresses))


def _proven_at(
    connection: ConnectionConfig, health: ConnectionHealth, resources: Mapping[str, ResourceHealth]
) -> int | None:
    """Return when the secret was last good: the latest token issued, or, where each request proves it, the latest
    poll that went well.
    """
    if _issued(connection):
        return health.signs.token.at
    return max((each.last_success for each in resources.values() if each.last_success is not None), default=None)


def _issued(connection: ConnectionConfig) -> bool:
    """Tell whether its tokens are another's, who proves the secret by them."""
    return isinstance(connection.auth, ClientCredentials | Pairing)
