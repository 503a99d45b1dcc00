"""Where connections may lead: laws of the judgement, and the addresses that must never pass."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from driftd.core.network import (
    PUBLIC_ONLY,
    Egress,
    IpAddress,
    embedded,
    is_public,
    literal,
    plain,
    refusal,
    unresolved,
)

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
OPEN = Egress(EVERYTHING, EVERYTHING)
SPECIAL = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.1",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.171", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2a00:1450::5efe:10.0.0.1",
)  # fmt: skip
"""One at least of each range that IANA keeps for something else, and of each way to write IPv4 into IPv6."""
PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "2606:4700::1111", "2a00:1450::1")
NEVER = (
    "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "169.254.169.254", "169.254.170.2", "100.100.100.200",
    "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
    "::169.254.169.254",
)  # fmt: skip


def addresses() -> SearchStrategy[IpAddress]:
    """Any address, the special ranges as often as the rest."""
    near = st.sampled_from([ip_address(each.partition("%")[0]) for each in SPECIAL + PUBLIC])
    return st.one_of(st.ip_addresses(), near, st.ip_addresses(v=4).map(lambda inner: IPv6Address(f"::ffff:{inner}")))


def around(address: IpAddress, bits: int) -> IPv4Network | IPv6Network:
    return ip_network(f"{address}/{address.max_prefixlen - bits}", strict=False)


@pytest.mark.parametrize("text", SPECIAL)
def test_what_is_not_of_the_public_internet_is_refused_unless_named(text: str) -> None:
    refused = refusal(ip_address(text), "https", PUBLIC_ONLY)
    assert refused is not None
    assert refused.what
    assert refused.hint


@pytest.mark.parametrize("text", PUBLIC)
def test_the_public_internet_is_open_over_https_and_shut_over_http(text: str) -> None:
    address = ip_address(text)
    assert refusal(address, "https", PUBLIC_ONLY) is None
    refused = refusal(address, "http", PUBLIC_ONLY)
    assert refused is not None
    assert "allow_http" in refused.hint
    assert refusal(address, "http", Egress(allow_networks=EVERYTHING)) == refused


@pytest.mark.parametrize("text", NEVER)
def test_no_setting_admits_where_no_tenant_ever_is(text: str) -> None:
    for scheme in ("https", "http"):
        refused = refusal(ip_address(text), scheme, OPEN)
        assert refused is not None
        assert "no setting" in refused.hint


@given(addresses())
def test_nothing_private_passes_without_a_setting(address: IpAddress) -> None:
    """What passes is public itself, and so is each IPv4 address that it stands for."""
    if refusal(address, "https", PUBLIC_ONLY) is None:
        for each in (plain(address), *embedded(address)):
            assert is_public(each)
            assert each.is_global
            assert not each.is_multicast


@given(addresses(), st.integers(0, 12), st.sampled_from(["https", "http"]))
def test_the_setting_that_is_named_admits_the_address_and_no_other_of_its_kind(
    address: IpAddress, bits: int, scheme: str
) -> None:
    """Each refusal names a range; with the ranges named one after the other the address passes, else none would."""
    nets: list[IPv4Network | IPv6Network] = []
    http: list[IPv4Network | IPv6Network] = []
    for _ in range(4):
        refused = refusal(address, scheme, Egress(tuple(nets), tuple(http)))
        if refused is None or "no setting" in refused.hint:
            break
        named = ip_network(refused.hint.split('"')[1])
        (http if "allow_http" in refused.hint else nets).append(around(named.network_address, bits))
    else:
        pytest.fail(f"the hints lead nowhere: {nets} {http}")


@given(addresses(), addresses(), st.sampled_from(["https", "http"]))
def test_a_range_admits_only_what_lies_in_it(address: IpAddress, other: IpAddress, scheme: str) -> None:
    assume(plain(address) != plain(other) and plain(address) not in embedded(other))
    single = ip_network(plain(address))
    within = Egress((single,), (single,))
    assert refusal(other, scheme, within) == refusal(other, scheme, PUBLIC_ONLY)


@given(st.ip_addresses(v=4), st.sampled_from(["https", "http"]), st.ip_addresses(v=4))
def test_an_address_in_ipv6_notation_is_judged_as_the_one_it_is(
    address: IPv4Address, scheme: str, allowed: IPv4Address
) -> None:
    egress = Egress((ip_network(allowed),), (ip_network(f"{allowed}/8", strict=False),))
    assert refusal(IPv6Address(f"::ffff:{address}"), scheme, egress) == refusal(address, scheme, egress)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_whatever_stands_for_an_ipv4_address_is_refused_where_that_is(inner: IPv4Address, other: IPv4Address) -> None:
    """Also where the range of the tunnel or translator itself is admitted."""
    number, mask = int(inner), 0xFFFFFFFF
    forms = [
        IPv6Address(number) if number > 1 else None,
        IPv6Address(f"::ffff:0:{inner}"),
        IPv6Address(f"64:ff9b::{inner}"),
        IPv6Address(f"64:ff9b:1::{inner}"),
        IPv6Address(0x64FF9B0001 << 80 | (number >> 16) << 64 | (number & 0xFFFF) << 40),
        IPv6Address(0x2002 << 112 | number << 80 | 1),
        IPv6Address(0x20010000 << 96 | int(other) << 64 | (~number & mask)),
        IPv6Address(0x20010000 << 96 | number << 64 | (~int(other) & mask)),
        IPv6Address(f"2a00:1450::5efe:{inner}"),
        IPv6Address(f"2a00:1450::200:5efe:{inner}"),
    ]
    v6 = Egress((ip_network("::/0"),))
    for form in filter(None, forms):
        assert inner in embedded(form), form
        if refusal(inner, "https", PUBLIC_ONLY) is not None:
            assert refusal(form, "https", v6) is not None, form


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f.1", "127.1", "0x7f000001", "0177.0.0.1", "1.2.3", "256.1.1.1", "a.0x1", "x3.1", "127.0.0.1.",
     "fe80::1%eth0", "::1%25lo", "x%2e1", "١٢٧.1"],
)  # fmt: skip
def test_another_spelling_of_an_address_is_none_and_no_name(host: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        literal(host)
    refused = unresolved(host, "https", OPEN)
    assert refused is not None


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LocalHost.", "127.0.0.1"),
        ("x3.localhost", "127.0.0.1"),
        ("x3.example", None),
        ("x3.example.", None),
        ("3com.example", None),
        ("0x7f.example", None),
        ("xn--bcher-kva.example", None),
        ("localhost.example", None),
    ],
)
def test_a_host_is_an_address_or_a_name(host: str, found: str | None) -> None:
    assert literal(host) == (None if found is None else ip_address(found))


def test_a_proxy_is_asked_for_names_over_https_and_for_admitted_addresses_only() -> None:
    assert unresolved("x3.example", "https", PUBLIC_ONLY) is None
    assert unresolved("8.8.8.8", "https", PUBLIC_ONLY) is None
    assert unresolved("10.0.0.1", "https", PUBLIC_ONLY) is not None
    assert unresolved("localhost", "https", PUBLIC_ONLY) is not None
    assert unresolved("10.0.0.1", "http", OPEN) is None
    assert unresolved("x3.example", "http", OPEN) is not None
