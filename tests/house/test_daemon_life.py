"""The daemon's life as a process: it starts, polls, ends in order, and goes on where it ended."""

import signal
import time
from pathlib import Path

from driftd.simulator import Fault
from tests.house.process import CLASSES, Daemon, equal, estate, read, running


def polled(daemon: Daemon, name: str = "aldgate", times: int = 1) -> None:
    """Wait until each resource was read so often, from now on."""
    before = {each: daemon.value("driftd_polls_total", connection=name, resource=each) for each in CLASSES}
    for each in CLASSES:
        daemon.until(lambda r=each: daemon.value("driftd_polls_total", connection=name, resource=r) >= before[r] + times)


def test_a_daemon_ends_in_order_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    """What is shown is the tenant; after a restart the log goes on with what was done meanwhile, and no baseline."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        with running(tmp_path) as daemon:
            assert daemon.ready().get("/-/healthy").status_code == 200
            daemon.becomes("aldgate", "ok")
            tenant.advance(create=4, update=6, delete=0, resource="BPCUSTOMER")
            polled(daemon, times=3)
            assert daemon.end() == 0
        first = read(tmp_path, tenant)
        equal(first)
        state = tenant.state
        tenant.advance(create=3, update=5, delete=2, resource="BPCUSTOMER")
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            polled(daemon, times=4)
            assert daemon.end() == 0
            assert not [line for line in daemon.lines() if line["level"] in {"error", "warning"}]
        second = read(tmp_path, tenant, first)
        meant = tenant.truth(state, tenant.state, "BPCUSTOMER")
        assert {key for _, _, key, _ in second.after} == {each.key for each in meant}
        assert len(second.after) == len(meant)
        equal(second)
