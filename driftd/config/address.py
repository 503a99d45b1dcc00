"""Where a connection may lead, as far as it can be told without asking for the name."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from driftd.config.model import NetworkConfig
from driftd.config.report import Findings


def check_addresses(raw: Mapping[str, object], path: str, found: Findings, network: NetworkConfig) -> None:
    """Judge ``base_url`` and ``auth.token_url`` of a connection by ``[network]``."""
    auth = raw.get("auth")
    urls = [("base_url", raw.get("base_url"))]
    urls += [("auth.token_url", auth.get("token_url"))] if isinstance(auth, dict) else []
    for key, url in urls:
        if isinstance(url, str) and "@" not in url and (message := _refused(url, network)):
            found.add(f"{path}.{key}", message)


def _refused(url: str, network: NetworkConfig) -> str:
    """Return why `url` is refused; empty where it is not, or is no URL at all (noted elsewhere)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain, address = parts.scheme == "http", _literal(parts.hostname or "")
    if plain and not network.allow_http:
        return "must be https: plain http is accepted only to ranges in [network] allow_http"
    if address is None or any(address in each for each in network.allow_http):
        return ""
    single = f"{address}/{address.max_prefixlen}"
    if plain:
        return f'must be https, or its address must lie in [network] allow_http, such as "{single}"'
    if not address.is_global and not any(address in each for each in network.allow_networks):
        return f'leads to the private address {address}: add its range to [network] allow_networks, such as "{single}"'
    return ""


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
