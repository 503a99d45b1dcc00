"""This machine as a place where tenants live, with and without TLS."""

from ipaddress import ip_network

from driftd.core.network import Egress

_RANGES = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
LOOPBACK = Egress(_RANGES, _RANGES)
