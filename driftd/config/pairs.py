"""Pairs of tokens that several connections share: they must be one and the same."""

from collections.abc import Iterable

from driftd.config.model import ConnectionConfig, Pairing
from driftd.config.report import join
from driftd.errors import Mistake


def at_odds(connections: Iterable[ConnectionConfig], *, telling: bool = True) -> list[Mistake]:
    """Name what differs between connections whose secrets stand under one name: a pair is renewed at one address, for
    one client, and no other connection has that name.

    `telling`: whether whoever reads it may know which other connection that is, and what it has.
    """
    first: dict[str, ConnectionConfig] = {}
    mistakes = []
    for each in connections:
        other = first.setdefault(each.kept_as, each)
        if other is not each:
            mistakes += _differing(each, other, telling=telling)
    return mistakes


def _differing(each: ConnectionConfig, other: ConnectionConfig, *, telling: bool) -> list[Mistake]:
    if not isinstance(each.auth, Pairing) or not isinstance(other.auth, Pairing):
        return _no_pair(each, other)
    found = []
    for key in ("token_url", "client_id"):
        ours, theirs = getattr(each.auth, key), getattr(other.auth, key)
        if ours != theirs:
            message = f'"{ours}" is not that of "{other.name}", which shares the pair "{each.kept_as}": "{theirs}"'
            if not telling:
                message = f"the pair is used with another {key}"
            found.append(Mistake(join(each.place, "auth", key), f"{message}: give both the same, or each its own pair"))
    return found


def _no_pair(each: ConnectionConfig, other: ConnectionConfig) -> list[Mistake]:
    """Say that a pair has the name of a connection that does not share it; two of one name are told elsewhere."""
    if each.name == other.name:
        return []
    paired = each if isinstance(each.auth, Pairing) else other
    message = f'"{paired.kept_as}" is the name of a connection that does not share the pair: give the pair another name'
    return [Mistake(join(paired.place, "auth", "pair"), message)]
