"""Where connections may lead: one address judged, once it is known.

Public addresses over https are admitted always, private ones where the configuration names their range, plain http only
where it names that. An IPv6 address that stands for an IPv4 one is admitted only where both are.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from msgspec import Struct

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network


class Egress(Struct, frozen=True):
    """What is admitted besides public addresses over https."""

    allow_networks: tuple[IpNetwork, ...] = ()
    allow_http: tuple[IpNetwork, ...] = ()
    """Also over https: who may be spoken to in the clear may be spoken to."""


PUBLIC_ONLY: Final = Egress()
"""Nothing besides them."""


class Refusal(Struct, frozen=True):
    """Why nothing may connect."""

    what: str
    """Said of the host."""
    hint: str
    """The next step; names the setting that would admit it, where one does."""


def _networks(*texts: str) -> tuple[IpNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


_NOWHERE: Final = (
    ("0.0.0.0/32", "which is no host's"),
    ("::/128", "which is no host's"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("255.255.255.255/32", "a broadcast address"),
    ("169.254.169.254/32", "where a cloud keeps the credentials of its machines"),
    ("169.254.170.2/32", "where a cloud keeps the credentials of its machines"),
    ("100.100.100.200/32", "where a cloud keeps the credentials of its machines"),
    ("fd00:ec2::254/128", "where a cloud keeps the credentials of its machines"),
    ("fd20:ce::254/128", "where a cloud keeps the credentials of its machines"),
)
"""Where no tenant ever is: AWS, Azure, Google and others at 169.254.169.254, ECS, Alibaba, IPv6 of AWS and Google."""
_REFUSED: Final = tuple((ip_network(text), words) for text, words in _NOWHERE)
_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA has assigned of global unicast; `is_global` counts much of the rest to it."""
_SPECIAL: Final = _networks(
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.88.99.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",  # with Teredo, 2001::/32
    "2001:db8::/32",
    "2002::/16",  # 6to4; `is_global` admits it in Python 3.11
    "3fff::/20",
)
"""Special in IANA's registries, whatever `is_global` of this Python says."""
_LOW_32: Final = _networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
"""IPv6 that ends in an IPv4 address: compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215)."""
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""What an interface identifier begins with that ends in an IPv4 address (RFC 5214 §6.1)."""


def refusal(address: IpAddress, scheme: str, egress: Egress) -> Refusal | None:
    """Return why nothing may connect to an address with this scheme; None where it may."""
    address = plain(address)
    for each in (address, *embedded(address)):
        name = str(address) if each == address else f"{address}, which stands for {each}"
        if where := next((words for network, words in _REFUSED if each in network), ""):
            return Refusal(f"leads to {name}, {where}", "no setting admits it: see what the host's name resolves to")
        if _is_in(each, egress.allow_http):
            continue
        single = f"{each}/{each.max_prefixlen}"
        if scheme != "https":
            return Refusal(
                f"leads over plain http to {name}",
                f'it must be https, or lie in a range of [network] allow_http, such as "{single}"',
            )
        if not is_public(each) and not _is_in(each, egress.allow_networks):
            return Refusal(
                f"leads to the private address {name}",
                f'if that is meant, add its range to [network] allow_networks, such as "{single}"',
            )
    return None


def unresolved(host: str, scheme: str, egress: Egress) -> Refusal | None:
    """Return why nothing may be sent to a host that somebody else resolves, a proxy; None where it may.

    What is an address in any spelling is judged as one; what a name resolves to is the proxy's to judge, so it may only
    be asked for over https.
    """
    try:
        address = literal(host)
    except ValueError as error:
        return Refusal(str(error), "write the address as it is usually written")
    if address is not None:
        return refusal(address, scheme, egress)
    if scheme == "https":
        return None
    return Refusal(
        "is a name that is asked of the proxy over plain http",
        "it must be https: behind a proxy plain http is accepted only to an address in [network] allow_http",
    )


def plain(address: IpAddress) -> IpAddress:
    """Return an address without zone, and as IPv4 where it is that in IPv6's notation (``::ffff:127.0.0.1``)."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def embedded(address: IpAddress) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address stands for: where a tunnel or a translator passes packets on."""
    return tuple(dict.fromkeys(_embedded(address))) if isinstance(address, IPv6Address) else ()


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    number = int(address)
    low = IPv4Address(number & 0xFFFFFFFF)
    if _is_in(address, _LOW_32) and number > 1:  # :: and ::1 stand for themselves
        yield low
    if address in _NAT64_LOCAL:  # RFC 6052 §2.2: of a prefix of 48 bits, around the bits 64 to 71
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield low


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is one of the public internet, for certain."""
    if not address.is_global or _is_in(address, _SPECIAL):
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST


def literal(host: str) -> IpAddress | None:
    """Return the address that a host of a URL is, brackets taken off; None for a name. ``localhost`` is one too.

    Raises `ValueError` for what resolvers take for an address in another spelling, such as ``127.1``, ``0x7f.1`` or
    ``2130706433``: a host that ends in a number is one (WHATWG URL §3.5).
    """
    bare = host.removesuffix(".").lower()
    if "%" in host:
        raise ValueError("must not carry a zone or an escape")
    if bare == "localhost" or bare.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    try:
        return plain(ip_address(host))
    except ValueError:
        last = bare.rpartition(".")[2]
        if last.isdecimal() or _is_hex(last):
            raise ValueError('ends in a number, but is no address such as "10.1.2.3"') from None
        return None


def _is_hex(text: str) -> bool:
    return text.startswith("0x") and all(digit in "0123456789abcdef" for digit in text[2:])


def _is_in(address: IpAddress, networks: Sequence[IpNetwork]) -> bool:
    return any(address in network for network in networks)
