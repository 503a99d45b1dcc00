"""How many wrong names and passwords a peer may try: each has some at once, and one more every few seconds."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

AT_ONCE: Final = 10
"""Failures of a peer in a row."""
EVERY: Final = 6.0
"""Seconds after which a peer may fail once more."""
PEERS: Final = 4_096
"""Peers that are remembered; beyond, the one that was longest quiet is forgotten."""


class Failures:
    """Failures by peer; `now` is seconds that never go back."""

    def __init__(self) -> None:
        self._full: OrderedDict[str, float] = OrderedDict()
        """When each peer may fail `AT_ONCE` times again."""

    def wait(self, peer: str, now: float) -> float:
        """Return the seconds until a peer may try again, 0 where it may now."""
        return max(0.0, self._full.get(_home(peer), now) - now - (AT_ONCE - 1) * EVERY)

    def failed(self, peer: str, now: float) -> None:
        """Note a failure."""
        home = _home(peer)
        self._full[home] = max(self._full.pop(home, now), now) + EVERY
        while len(self._full) > PEERS:
            self._full.popitem(last=False)

    def excused(self, peer: str) -> None:
        """Take back the failure that was noted ahead of a check which then went well."""
        home = _home(peer)
        if home in self._full:
            self._full[home] -= EVERY

    def __len__(self) -> int:
        """Return how many peers are remembered."""
        return len(self._full)


def _home(peer: str) -> str:
    """Return what stands for a peer: a home of IPv6 has a /64 of addresses."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped is not None else f"{int(address) >> 64:x}"
