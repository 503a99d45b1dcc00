"""Where the daemon may connect: a refused host is told of, a reload admits it, and another refuses it again."""

from pathlib import Path

from driftd.simulator import Farm, serving
from tests.house.process import connection, head, running

NAME = "x3.aldgate.example"
RESOLVES = f"""
import socket
ask = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **n: ask("127.0.0.1" if host in ("{NAME}", b"{NAME}") else host, *a, **n)
"""
"""A ``sitecustomize`` that has a name lead to loopback in the processes of a test."""
LOOPBACK = '[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["127.0.0.0/8"]\n'
ELSEWHERE = '[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["10.0.0.0/8"]\n'


def test_a_reload_takes_over_where_connections_may_lead(tmp_path: Path) -> None:
    """Refused, nothing is sent; admitted, it polls; refused again, also kept connections are given up."""
    (tmp_path / "sitecustomize.py").write_text(RESOLVES)
    farm = Farm.build(tenants=1, records=25)
    tenant = farm["aldgate"]
    (tmp_path / "aldgate.secret").write_text(tenant.client_secret)
    with serving(farm) as served:
        admitted = head() + connection(tenant, served.url.replace("127.0.0.1", NAME))
        assert LOOPBACK in admitted
        file = tmp_path / "driftd.toml"
        file.write_text(admitted.replace(LOOPBACK, ELSEWHERE))
        with running(tmp_path, {"PYTHONPATH": str(tmp_path)}) as daemon:
            daemon.becomes("aldgate", "config_error")
            assert f'"{NAME}" leads over plain http to 127.0.0.1' in daemon.text().replace('\\"', '"')
            assert not served.requests
            file.write_text(admitted)
            daemon.reloads()
            daemon.becomes("aldgate", "ok")
            file.write_text(admitted.replace(LOOPBACK, ELSEWHERE))
            daemon.reloads()
            daemon.becomes("aldgate", "config_error")
            sent = len(served.requests)
            polls = daemon.value("driftd_polls_total", connection="aldgate")
            daemon.until(lambda: daemon.value("driftd_polls_total", connection="aldgate") > polls, "polled in vain")
            assert len(served.requests) == sent
