"""Where a connection may lead, as far as it can be told without asking for names; those are judged at each connect."""

from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult

from driftd.config import values
from driftd.config.report import Findings, join
from driftd.core.network import Egress, Refusal, literal, refusal, unresolved


def check_addresses(raw: Mapping[str, object], path: str, found: Findings, egress: Egress) -> None:
    """Judge ``base_url``, ``auth.token_url`` and ``proxy`` of a connection by ``[network]``."""
    proxied = raw.get("proxy") is not None
    for key, url in _addresses(raw):
        try:
            parts = values.url(url)
        except ValueError:
            continue  # noted elsewhere
        judge = _judged_unresolved if proxied and key != "proxy" else _judged
        if refused := judge(parts, egress):
            found.add(join(path, key), f"{refused.what}: {refused.hint}")


def _addresses(raw: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    auth = raw.get("auth")
    yield "base_url", raw.get("base_url")
    if isinstance(auth, dict):
        yield "auth.token_url", auth.get("token_url")
    yield "proxy", raw.get("proxy")


def _judged(parts: SplitResult, egress: Egress) -> Refusal | None:
    address = literal(parts.hostname or "")
    if address is not None:
        return refusal(address, parts.scheme, egress)
    if parts.scheme == "http" and not egress.allow_http:
        return Refusal("must be https", "plain http is accepted only to ranges in [network] allow_http")
    return None


def _judged_unresolved(parts: SplitResult, egress: Egress) -> Refusal | None:
    return unresolved(parts.hostname or "", parts.scheme, egress)
