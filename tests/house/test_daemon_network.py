"""Where the daemon may connect: check, live check and polls refuse the same addresses in the same words."""

from pathlib import Path

from driftd.simulator import Farm, serving
from tests.house.process import Daemon, command, connection, head, running

NAME = "x3.aldgate.example"
RESOLVES = f"""
import socket
ask = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **n: ask("127.0.0.1" if host in ("{NAME}", b"{NAME}") else host, *a, **n)
"""
"""A ``sitecustomize`` that has a name lead to loopback in the processes of a test."""


def written(folder: Path, url: str, network: str) -> dict[str, str]:
    """Write a configuration of one tenant; return the environment to run in."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(RESOLVES)
    tenant = Farm.build(tenants=1, records=25)["aldgate"]
    (folder / "aldgate.secret").write_text(tenant.client_secret)
    before = '[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["127.0.0.0/8"]\n'
    assert before in head()
    (folder / "driftd.toml").write_text(head().replace(before, network) + connection(tenant, url))
    return {"PYTHONPATH": str(folder / "site")}


def test_an_address_in_the_file_is_refused_by_every_command_alike(tmp_path: Path) -> None:
    """Each ends with 2 and the same line, which names the address and what would admit it."""
    written(tmp_path, "https://10.1.2.3", "")
    ran = [command(tmp_path, *each) for each in (("check", "config"), ("connections", "test", "aldgate"), ("run",))]
    says = (
        "leads to the private address 10.1.2.3: if that is meant, add its range to [network] allow_networks, such as "
        '"10.1.2.3/32"'
    )
    lines = [f"connections[0].{key}: {says}" for key in ("base_url", "auth.token_url")]
    for each in ran:
        assert (each.code, each.out) == (2, "")
        assert each.err.splitlines()[:2] == lines


def test_a_name_is_refused_where_it_leads_by_live_check_and_polls_alike(tmp_path: Path) -> None:
    """Once it is resolved; with the range admitted the same daemon polls after a reload."""
    with serving(Farm.build(tenants=1, records=25)) as served:
        url = served.url.replace("127.0.0.1", NAME)
        environ = written(tmp_path, url, '[network]\nallow_http = ["10.0.0.0/8"]\n')
        says, hint = f'"{NAME}" leads over plain http to 127.0.0.1', 'such as "127.0.0.1/32"'
        assert command(tmp_path, "check", "config", environ=environ).code == 0  # asks for no name
        tried = command(tmp_path, "connections", "test", "aldgate", environ=environ)
        assert tried.code == 1
        told = " ".join(tried.out.split())
        assert "address_not_allowed" in told
        assert says in told
        with running(tmp_path, environ) as daemon:
            daemon.becomes("aldgate", "config_error")
            assert says in daemon.text().replace('\\"', '"')

            def explained() -> str:
                return " ".join(command(tmp_path, "explain", "aldgate", environ=environ).out.split())

            daemon.until(lambda: says in explained(), "explained")
            assert hint in explained()
            assert not served.requests
            written(tmp_path, url, '[network]\nallow_http = ["127.0.0.0/8"]\n')
            daemon.reloads()
            daemon.becomes("aldgate", "ok")
            _refuses_again(tmp_path, url, daemon)


def _refuses_again(folder: Path, url: str, daemon: Daemon) -> None:
    """Take the range away: also the connections that are kept alive are given up."""
    written(folder, url, '[network]\nallow_http = ["10.0.0.0/8"]\n')
    daemon.reloads()
    daemon.becomes("aldgate", "config_error")
