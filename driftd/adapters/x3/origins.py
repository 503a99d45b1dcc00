"""Where one connection leads, as its settings say: each address read once, in the way that requests are sent."""

from collections.abc import Sequence

import httpx

from driftd.adapters.x3.connection import Origin
from driftd.adapters.x3.dial import origin_of
from driftd.adapters.x3.settings import ClientCredentials, Pairing, X3Settings
from driftd.errors import Reason, SourceError


def origins_of(settings: X3Settings) -> Sequence[Origin]:
    """Return the origins of the tenant, its token endpoint if any and the proxy before both, without repetition.

    Raises `SourceError` with ``config_error`` for an address that cannot be used; it is not quoted, as it may carry a
    password.
    """
    found = [origin(settings, "base_url", settings.base_url)]
    if isinstance(settings.auth, ClientCredentials | Pairing):
        found.append(origin(settings, "token_url", settings.auth.token_url))
    if settings.proxy is not None:
        found.append(origin(settings, "proxy", settings.proxy))
    return tuple(dict.fromkeys(found))


def ways_of(settings: X3Settings) -> Sequence[Origin]:
    """Return where its sockets lead: to the proxy where there is one, else to tenant and token endpoint."""
    return origins_of(settings) if settings.proxy is None else (origin(settings, "proxy", settings.proxy),)


def origin(settings: X3Settings, key: str, address: str) -> Origin:
    """Return the origin of the address that a setting holds; raises `SourceError` as `origins_of` does."""
    try:
        return origin_of(address)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise SourceError(
            Reason.CONFIG_ERROR,
            f'connection "{settings.name}": its {key} is not an address that can be connected to',
            hint=f"give {key} as https://host:port",
        ) from None
