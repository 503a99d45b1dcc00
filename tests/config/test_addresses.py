"""The address of a tenant and of its proxy is judged before anything is sent there."""

from ipaddress import ip_network

import pytest

from tests.config.written import TENANT, mistakes, read


def test_networks_open_plain_http_and_private_addresses() -> None:
    text = '[network]\nallow_networks = ["10.20.0.0/16"]\nallow_http = ["127.0.0.0/8"]'
    for address in ("http://127.0.0.1:8124", "http://localhost:8124", "https://10.20.1.1", "http://x3.internal"):
        assert read(text + TENANT.replace("https://x3.aldgate.example", address)).connections[0].base_url == address
    assert read(text).network.allow_http == (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("x3.example", "must be a URL"),
        ("ftp://x3.example", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://x3.example:99999", "proper host and port"),
        ("https://user:hunter2@x3.example", "must not carry a user or password"),
        ("https://x3.example?token=hunter2", "must not carry a query or fragment"),
        ("https://x3.example#a", "must not carry a query or fragment"),
        ("https://x3.exa mple", "without blanks"),
        ("https://[x3.example]", "must be a URL"),
        ("https://x3.example/sdata/x3/erp", "must not lead to /sdata/"),
        ("https://x3.example/SData", "must not lead to /sdata/"),
        ("https://x3.example/api1/x3/erp", "must end before /api1/"),
        ("http://x3.example", "must be https"),
        ("http://127.0.0.1:8124", "must be https"),
        ("https://10.1.2.3", '"10.1.2.3/32"'),
        ("https://[::1]:8124", "private address"),
        ("https://localhost:8124", "private address 127.0.0.1"),
        ("https://x3.localhost.", "private address 127.0.0.1"),
        ("https://[::ffff:10.1.2.3]", '"10.1.2.3/32"'),
        ("https://[64:ff9b::10.1.2.3]", "64:ff9b::a01:203"),
        ("https://169.254.169.254", "no setting admits it"),
        ("https://2130706433", "ends in a number"),
        ("https://0x7f.1", "ends in a number"),
        ("https://127.1", "ends in a number"),
        ("https://8.8.8.8.", "ends in a number"),
        ("https://0250.0.0.1", "ends in a number"),
        ("https://[fe80::1%25eth0]", "zone"),
        ("https://x3%2eexample", "escape"),
        ("https://x3.example]", "must be a URL"),
        ("https://x3..example", "a host's name"),
        ("https://x3_.éxample.①27", "a host's name"),
        ("https://x3.ｅxample", "a host's name"),
        ("https://x3.example:0", "from 1 to 65535"),
    ],
)
def test_a_base_url_that_cannot_be_right_is_refused_with_its_reason(address: str, says: str) -> None:
    found = mistakes(TENANT.replace('https://x3.aldgate.example"\nfolder', f'{address}"\nfolder'))
    assert list(found) == ["connections[0].base_url"]
    assert says in found["connections[0].base_url"]
    assert "hunter2" not in found["connections[0].base_url"]


@pytest.mark.parametrize(
    "address",
    ["https://x3.example.", "https://x3_test.example:8443/erp", "https://xn--bcher-kva.example", "https://bücher.example",
     "https://8.8.8.8", "https://[2606:4700::1111]:8124", "https://3com.example"],
)  # fmt: skip
def test_a_base_url_that_may_be_right_is_taken(address: str) -> None:
    assert read(TENANT.replace("https://x3.aldgate.example", address, 1)).connections[0].base_url == address


@pytest.mark.parametrize(
    ("base", "proxy", "key", "says"),
    [
        ("https://x3.example", "http://egress.internal:3128", "proxy", "must be https"),
        ("https://x3.example", "https://u:p@egress.example", "proxy", "signs in at no proxy"),
        ("https://x3.example", "http://10.0.0.9:3128", "proxy", 'allow_http, such as "10.0.0.9/32"'),
        ("https://x3.example", "https://10.0.0.9:3128", "proxy", 'allow_networks, such as "10.0.0.9/32"'),
        ("https://10.0.0.9", "https://egress.example", "base_url", 'allow_networks, such as "10.0.0.9/32"'),
        ("http://x3.example", "https://egress.example", "base_url", "of the proxy over plain http"),
    ],
)
def test_a_proxy_is_judged_too_and_so_is_what_it_is_asked_for(base: str, proxy: str, key: str, says: str) -> None:
    text = TENANT.replace("https://x3.aldgate.example", base, 1).replace("folder =", f'proxy = "{proxy}"\nfolder =', 1)
    found = mistakes(text)
    assert list(found) == [f"connections[0].{key}"]
    assert says in found[f"connections[0].{key}"]


def test_plain_http_needs_its_own_range() -> None:
    text = '[network]\nallow_http = ["10.0.0.0/8"]' + TENANT.replace("https://x3.aldgate.example", "http://127.0.0.1")
    assert '"127.0.0.1/32"' in mistakes(text)["connections[0].base_url"]
