"""``driftd db erase``, through the daemon that runs and where none does."""

import socket
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from driftd.adapters.keyfile import KeyFile
from driftd.adapters.sqlite import SqliteStore
from driftd.ports import Detected, Erasure
from driftd.runtime.secrecy import Secrecy
from driftd.runtime.veiling import erasure
from tests.adapters.sqlite.dredging import found
from tests.contracts.staged import CUSTOMERS
from tests.house.planting import planted
from tests.house.process import Daemon, Estate, estate, running

ERASE = ("db", "erase", "--connection", "aldgate", "--resource", "BPCUSTOMER", "--reason", "request-17", "--by", "jo")


def person(site: Estate) -> tuple[str, str]:
    """Have somebody whom nobody refers to become known, and return key and name."""
    (tenant,) = site.tenants
    record = next(iter(tenant.records("BPCUSTOMER").values()))
    key, name = "PLANTED-KEY-8472", planted("name")
    tenant.put("BPCUSTOMER", {**record, "BPCNUM": key, "BPCNAM": name, "BPCINV": key, "BPCPYR": key})
    return key, name


def left(site: Estate, key: str, name: str) -> set[str]:
    """Return where anything of them is left."""
    return found(site.folder / "data", key.encode(), name[:24].encode())


def swept(daemon: Daemon) -> None:
    """Wait until three more sweeps have come to their end."""
    before = daemon.value("driftd_polls_total", connection="aldgate", resource="BPCUSTOMER")
    daemon.until(
        lambda: daemon.value("driftd_polls_total", connection="aldgate", resource="BPCUSTOMER") >= before + 6, "sweeps"
    )


@pytest.mark.heavy
def test_a_person_is_erased_while_the_daemon_runs_and_while_it_does_not(tmp_path: Path) -> None:
    """No byte of them is left either way, and sweeps go on without a word about them."""
    with estate(tmp_path) as site:
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        site.write(web={"listen": listen}, daemon={"log_level": "debug"})
        key, name = person(site)
        with running(tmp_path) as daemon:
            daemon.ready()
            daemon.until(lambda: left(site, key, name), "it is stored")
            done = site.run(*ERASE, "--key", "nobody", "-c", "driftd.toml")
            assert (done.code, done.err.splitlines()[0]) == (
                1,
                "driftd: no record of BPCUSTOMER of aldgate has this key",
            )
            done = site.run(*ERASE, "--key", key, "-c", "driftd.toml")
            assert (done.code, done.out.splitlines()[0][:31]) == (0, "erased from BPCUSTOMER of aldga"), done.err
            assert left(site, key, name) == set()
            changes = daemon.value("driftd_changes_total", connection="aldgate")
            swept(daemon)
            assert daemon.value("driftd_changes_total", connection="aldgate") == changes
            assert left(site, key, name) == set()
            assert key not in daemon.text()
            assert daemon.end() == 0
        assert left(site, key, name) == set()
        done = site.run(*ERASE, "--key", f"'[\"{key}\"]'", "--forget", "-c", "driftd.toml")
        assert done.code == 0, done.err
        assert site.run("poll", "--full", "-c", "driftd.toml").code == 0
        assert left(site, key, name)
        done = site.run(*ERASE, "--key", f"'[\"{key}\"]'", "-c", "driftd.toml")
        assert (done.code, done.err) == (0, "")
        assert left(site, key, name) == set()
        assert site.run("poll", "--full", "-c", "driftd.toml").code == 0
        assert left(site, key, name) == set()
        done = site.run(*ERASE, "--key", key, "-c", "driftd.toml")
        assert (done.code, "was erased before" in done.err) == (1, True)


@pytest.mark.heavy
def test_what_was_interrupted_is_finished_by_the_daemon(tmp_path: Path) -> None:
    """At its start, by nothing but what is stored."""
    with estate(tmp_path) as site:
        site.write()
        key, name = person(site)
        assert site.run("poll", "--full", "-c", "driftd.toml").code == 0
        anyio.run(begin, site, key)
        assert left(site, key, name)
        with running(tmp_path) as daemon:
            daemon.until(lambda: "interrupted erasure finished" in daemon.text(), "it is finished")
            swept(daemon)
            assert left(site, key, name) == set()
            assert key not in daemon.text()
            assert daemon.end() == 0


async def begin(site: Estate, key: str) -> None:
    """Have a record go, and leave the rest undone."""
    resource = replace(CUSTOMERS, connection="aldgate")
    data_dir, record = site.folder / "data", f'["{key}"]'.encode()
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        secret = await Secrecy(KeyFile(data_dir), store).of("aldgate")
        await store.erase(resource, Erasure(record, erasure(secret, resource.name, record), 1, Detected()))
        assert await store.unfinished()
