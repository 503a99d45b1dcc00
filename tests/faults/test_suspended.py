"""A daemon that is stopped in its tracks and goes on later: it says so, and writes nothing where it was replaced."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.contracts.stores import raise_epoch
from tests.faults.observing import Observe
from tests.house.process import Daemon, amiss, equal, estate, read, running, until

ASLEEP = 1.5
"""Seconds that it stands: the loop looks four times a second, and is late from the next look on."""


def content(folder: Path) -> str:
    """Return all that the database holds."""
    with closing(sqlite3.connect(f"{(folder / 'data' / 'driftd.db').as_uri()}?mode=ro", uri=True)) as db:
        return "\n".join(db.iterdump())


def stopped(daemon: Daemon) -> None:
    """Stop the process, whatever it does, and wait until it stands."""
    daemon.process.send_signal(signal.SIGSTOP)
    stat = Path(f"/proc/{daemon.process.pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "it stands")


@pytest.mark.heavy
@pytest.mark.fault(8)
def test_a_daemon_that_was_replaced_while_it_slept_writes_nothing(tmp_path: Path, observe: Observe) -> None:
    """Suspended for more than a second it shows that as lag and goes on; suspended while a later writer takes the
    store, past a lock that failed, it ends with 3 and the database is to the byte what it was."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            stopped(daemon)
            time.sleep(ASLEEP)  # what befalls it, and nothing that is waited for
            daemon.process.send_signal(signal.SIGCONT)
            lag = daemon.until(lambda: daemon.value("driftd_event_loop_lag_seconds"))
            first = read(tmp_path, tenant)
            tenant.advance(create=2, update=3, delete=0, resource="BPCUSTOMER")
            daemon.until(lambda: amiss(read(tmp_path, tenant, first)) == (0, 0))
            stopped(daemon)
            tenant.advance(create=2, update=3, delete=0, resource="BPCUSTOMER")
            raise_epoch(tmp_path / "data")
            before = content(tmp_path)
            daemon.process.send_signal(signal.SIGCONT)
            code = daemon.process.wait(60)
            unchanged = content(tmp_path) == before
        with running(tmp_path) as daemon:
            daemon.until(lambda: amiss(read(tmp_path, tenant, first)) == (0, 0))
            assert daemon.end() == 0
        whole = read(tmp_path, tenant, first)
    lost, invented = amiss(whole)
    observe(
        f"{lag:.1f} s of lag shown after {ASLEEP} s; replaced while it slept, it ended with {code}, nothing written",
        lost=lost,
        invented=invented,
    )
    assert lag >= 1.0
    assert code == 3
    assert unchanged
    equal(whole)
