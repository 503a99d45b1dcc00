"""Pairs of tokens that several connections share: they must be one and the same."""

from collections.abc import Iterable

from driftd.config.model import ConnectionConfig, Pairing
from driftd.config.report import join
from driftd.errors import Mistake


def at_odds(connections: Iterable[ConnectionConfig]) -> list[Mistake]:
    """Name what differs between connections that share a pair: it is renewed at one address, for one client."""
    first: dict[str, ConnectionConfig] = {}
    mistakes = []
    for each in connections:
        if not isinstance(each.auth, Pairing):
            continue
        other = first.setdefault(each.kept_as, each)
        for key in ("token_url", "client_id"):
            ours, theirs = getattr(each.auth, key), getattr(other.auth, key)
            if ours != theirs:
                message = f'"{ours}" is not that of "{other.name}", which shares the pair "{each.kept_as}": "{theirs}"'
                mistakes.append(Mistake(join(each.place, "auth", key), message))
    return mistakes
