"""A daemon is told to put connections aside while it runs, and still knows when it is started again."""

import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from driftd.adapters.clock import SystemClock
from driftd.simulator import Tenant
from driftd.simulator.faults import Fault
from tests.house.process import Daemon, equal, estate, read, running


def listening() -> str:
    """Return an address of loopback at which commands find a daemon."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def soon(seconds: float) -> str:
    """Return the time in so many seconds as RFC 3339."""
    now = datetime.fromtimestamp(SystemClock().now() / 1000, UTC)
    return (now + timedelta(seconds=seconds)).isoformat()


def post(daemon: Daemon, path: str, **body: object) -> httpx.Response:
    return daemon.client.post(f"{daemon.url}/api/v1/connections/{path}", json=body)


def asked(tenant: Tenant) -> int:
    return sum(tenant.requests.values())


def test_a_paused_connection_is_left_alone_across_a_restart_and_goes_on_by_itself(tmp_path: Path) -> None:
    """Asked nothing at all, without series but those of its state; what changed meanwhile is captured then."""
    with estate(tmp_path, tenants=2) as site:
        site.write(web={"listen": listening()})
        aldgate, _ = site.tenants
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            ran = site.run("connections pause aldgate --for 1h --reason 'they move' --by jo")
            assert (ran.code, ran.out.startswith('"aldgate" is paused until ')) == (0, True), ran.err
            daemon.becomes("aldgate", "paused")
            kept = {name for (name, has) in daemon.series() if ("connection", "aldgate") in has}
            assert kept <= {
                "driftd_connection_info",
                "driftd_connection_state",
                "driftd_connection_state_since_timestamp_seconds",
                "driftd_credential_expiry_timestamp_seconds",
            }
            probe = daemon.get("/probe?target=aldgate&fresh=1&debug=true").text
            assert "paused by jo until " in probe
            assert daemon.end() == 0
        begun = asked(aldgate)
        with running(tmp_path) as daemon:
            daemon.becomes("borough", "ok")
            assert daemon.state("aldgate") == "paused"
            again = post(daemon, "aldgate/pause", reason="they move", by="ann", until=soon(2))
            assert (again.status_code, again.json()["pause"]["by"]) == (200, "ann")
            assert asked(aldgate) == begun
            daemon.becomes("aldgate", "ok")
            assert daemon.end() == 0
        equal(read(tmp_path, aldgate))
        flips = site.run("history aldgate --format json").out
        assert "paused by jo until " in flips


@pytest.mark.heavy
def test_outages_inside_a_window_of_maintenance_are_none(tmp_path: Path) -> None:
    """Polls go on and fail; no alert fires. Nobody it does not know is maintained, nor anything in the past; and
    everything that was done is in the audit log."""
    with estate(tmp_path) as site:
        site.write(web={"listen": listening()})
        (aldgate,) = site.tenants
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            window = {"reason": "upgrade", "by": "jo", "until": soon(3600)}
            for _ in range(2):
                assert post(daemon, "aldgate/maintenance", **window).status_code == 200
            daemon.becomes("aldgate", "maintenance")
            aldgate.faults.append(Fault("status"))
            daemon.until(lambda: daemon.value("driftd_poll_failures_total", connection="aldgate") > 5)
            assert daemon.state("aldgate") == "maintenance"
            assert daemon.value("driftd_alerts_firing", connection="aldgate") == 0
            told = [
                post(daemon, "nobody/maintenance", **window),
                post(daemon, "aldgate/pause", reason="x", until=soon(-9)),
            ]
            assert [(each.status_code, each.headers["content-type"]) for each in told] == [
                (404, "application/problem+json"),
                (400, "application/problem+json"),
            ]
            aldgate.faults.clear()
            ran = site.run("connections maintenance aldgate --cancel --reason 'done early' --by ann")
            assert (ran.code, ran.out) == (0, '"aldgate" is in maintenance no more\n'), ran.err
            daemon.becomes("aldgate", "ok")
            log = daemon.get("/api/v1/audit?connection=aldgate").json()["audit"]
            assert [(each["action"], each["by"], each["reason"]) for each in log] == [
                ("cancel_maintenance", "ann", "done early"),
                ("maintenance", "jo", "upgrade"),
            ]
            assert not daemon.lines("alert fires")
            assert daemon.end() == 0
