"""A damaged database: set aside whole, replaced by a backup or anew, and nothing false is told."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from driftd.simulator import Tenant
from tests.faults.counting import differences, versions
from tests.faults.filled import polled
from tests.faults.observing import Observe
from tests.house.process import CLASSES, Daemon, Estate, command, estate, read, running
from tests.house.rig import Rig, normal, truth

Spoil = Callable[[Path], None]


def overwritten(path: Path) -> None:
    """Random bytes stand in place of pages in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(Random(7).randbytes(path.stat().st_size // 3))


def truncated(path: Path) -> None:
    """Half of it is left."""
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    """Nothing is left of it."""
    os.truncate(path, 0)


def something_else(path: Path) -> None:
    """It is no database any more."""
    path.write_bytes(Random(8).randbytes(path.stat().st_size))


def settled(path: Path) -> None:
    """Have the file hold everything: pages in the write-ahead log would stand for those that are spoilt."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def before(daemon: Daemon, site: Estate, *, backup: bool) -> Rig:
    """Have some changes captured, a backup taken, and more captured behind it; return what a reader held then."""
    tenant = site.tenants[0]
    polled(daemon)
    tenant.advance(update=6, create=4, delete=2, resource="BPCUSTOMER")
    polled(daemon, times=3)
    held = read(site.folder, tenant)
    if backup:
        assert site.run("db backup").code == 0
    tenant.advance(update=6, create=3, delete=2, resource="BPCUSTOMER")
    polled(daemon, times=3)
    return held


def after(daemon: Daemon, site: Estate) -> None:
    """Have it told what happened meanwhile."""
    daemon.ready()
    polled(daemon)
    site.tenants[0].advance(update=4, create=2, delete=1, resource="BPCUSTOMER")
    polled(daemon, times=3)


WAYS = [
    pytest.param(spoil, backup, id=f"{spoil.__name__} {'with' if backup else 'without'} a backup", marks=marks)
    for spoil, backup, marks in (
        (overwritten, True, pytest.mark.heavy),
        (something_else, False, pytest.mark.heavy),
        (truncated, True, pytest.mark.heavy),
        (emptied, True, pytest.mark.heavy),
        (emptied, False, pytest.mark.heavy),
    )
]


@pytest.mark.fault(6)
@pytest.mark.parametrize(("spoil", "backup"), WAYS)
def test_a_database_damaged_while_nobody_looked(spoil: Spoil, backup: bool, tmp_path: Path, observe: Observe) -> None:
    """After a crash the file is set aside unchanged and replaced; consumers read anew, and nothing false is told."""
    with estate(tmp_path) as site:
        path, tenant = tmp_path / "data" / "driftd.db", site.tenants[0]
        with running(tmp_path) as daemon:
            held = before(daemon, site, backup=backup)
            last = read(tmp_path, tenant).seq
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
        settled(path)
        spoil(path)
        spoiled = path.read_bytes()
        tenant.advance(update=5, create=3, delete=2, resource="BPCUSTOMER")
        with running(tmp_path) as daemon:
            after(daemon, site)
            (replaced,) = daemon.lines("database replaced")
            assert daemon.value("driftd_database_rebaseline_timestamp_seconds") > 0
            status = site.run("status").out
            assert daemon.end() == 0
        told(observe, site, held if backup else None, last)
        assert ("backups" in replaced["by"]) is backup
        assert (Path(replaced["aside"].strip('"')) / "driftd.db").read_bytes() == spoiled
        assert "the log of changes began anew" in status


@pytest.mark.heavy
@pytest.mark.fault(6)
def test_a_database_damaged_while_the_daemon_runs(tmp_path: Path, observe: Observe) -> None:
    """It stops writing, sets the file aside and goes on from its backup in the same process, as it would at a start."""
    with estate(tmp_path) as site:
        path, tenant = tmp_path / "data" / "driftd.db", site.tenants[0]
        with running(tmp_path) as daemon:
            held = before(daemon, site, backup=True)
            last = read(tmp_path, tenant).seq
            os.truncate(path.with_name("driftd.db-wal"), 0)
            overwritten(path)
            tenant.advance(update=5, create=3, delete=2, resource="BPCUSTOMER")
            daemon.until(lambda: daemon.lines("database replaced"), "replaced")
            after(daemon, site)
            (replaced,) = daemon.lines("database replaced")
            assert len(daemon.lines("driftd runs")) == 2
            assert daemon.end() == 0
        told(observe, site, held, last)
        assert "backups" in replaced["by"]


def told(observe: Observe, site: Estate, held: Rig | None, last: int) -> None:
    """Compare with the truth what a reader was told who held what the backup has, or who reads anew at the end."""
    tenant = site.tenants[0]
    now = read(site.folder, tenant)
    since = Rig(now.source, now.store, tenant, [], told=held.told if held else now.told, seq=last if held else now.seq)
    rig = read(site.folder, tenant, since)
    log = events(site.folder, last)
    lost, _ = differences(rig)
    invented = sum(unlike(tenant, event) for event in log if event["op"] != "m")
    observe(f"{len(log) - len(CLASSES)} events told after the markers", lost=lost, invented=invented)
    assert rig.shown == {name: truth(tenant, name, "$query") for name in CLASSES}
    assert sorted(event["source"]["resource"] for event in log if event["op"] == "m") == sorted(CLASSES)
    assert not held or log[0]["op"] == log[1]["op"] == "m"
    assert (lost, invented) == (0, 0)


def events(folder: Path, after: int) -> list[dict[str, Any]]:
    """Return the log behind a number."""
    lines = command(folder, "changes", "--after", str(after)).out.splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def unlike(tenant: Tenant, event: dict[str, Any]) -> bool:
    """Tell whether an event says what was never true."""
    true = versions(tenant, event["source"]["resource"])
    return normal(event["after"]) not in true.get(tuple(event["key"].values()), [])
