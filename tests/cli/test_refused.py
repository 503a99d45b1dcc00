"""Addresses where driftd may not connect: every command refuses them, in the same words."""

import pytest

from tests.adapters.x3.names import Names
from tests.cli.conftest import Driftd, Site

NAME = "x3.aldgate.example"
RANGES = 'allow_{} = ["127.0.0.0/8", "::1/128"]\n'


def moved(site: Site, place: str) -> None:
    """Have the first tenant live elsewhere, and admit no range of loopback."""
    text = site.config.read_text()
    url = text.partition('base_url = "')[2].partition('"')[0]
    for name in ("networks", "http"):
        assert RANGES.format(name) in text
    rest = text.replace(RANGES.format("networks"), "").replace(RANGES.format("http"), 'allow_http = ["10.0.0.0/8"]\n')
    first, second, _ = rest.split("[[connections]]")
    port = url.rpartition(":")[2]
    site.config.write_text(f"{first}[[connections]]{second.replace(url, place.format(port=port))}")


def test_an_address_in_the_file_is_refused_by_every_command(driftd: Driftd, site: Site) -> None:
    """Each ends with 2 and the same lines, which name the address and what would admit it."""
    moved(site, "https://192.168.7.7")
    hint = 'if that is meant, add its range to [network] allow_networks, such as "192.168.7.7/32"'
    for command in (("check", "config"), ("connections", "test", "aldgate"), ("poll",), ("run",)):
        ran = driftd(*command, "-c", site.config)
        assert (ran.code, ran.out) == (2, ""), command
        assert ran.err.splitlines() == [
            f"connections[0].{key}: leads to the private address 192.168.7.7: {hint}"
            for key in ("base_url", "auth.token_url")
        ]


def test_a_name_is_refused_where_it_leads(driftd: Driftd, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the file asks for no name; the live check and a poll refuse it before anything is sent."""
    Names(monkeypatch).lead(NAME, ("127.0.0.1",))
    moved(site, f"http://{NAME}:{{port}}")
    says = f'"{NAME}" leads over plain http to 127.0.0.1'
    assert driftd("check", "config", "-c", site.config).code == 0
    for command in (("connections", "test", "aldgate"), ("poll",)):
        ran = driftd(*command, "-c", site.config)
        assert ran.code == 1, command
        told = " ".join((ran.out + ran.err).split())
        assert "address_not_allowed" in told
        assert says in told
        assert 'allow_http, such as "127.0.0.1/32"' in told
    assert not site.farm["aldgate"].requests
