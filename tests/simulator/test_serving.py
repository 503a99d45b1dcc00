import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from driftd.simulator import Farm, serving
from tests.simulator.reader import reading

PROGRAM = """
from driftd.simulator import Farm, run
run(Farm.build(tenants=1, records=3), "127.0.0.1", 0, lambda url: print(url, flush=True))
"""


def test_many_tenants_have_names_and_own_secrets() -> None:
    """Tenants are named as documented; no two share a secret, a token or a record set."""
    farm = Farm.build(tenants=5, records=3)
    assert list(farm) == ["aldgate", "borough", "camden", "dalston", "euston"]
    assert {tenant.folder for tenant in farm.values()} == {"ALDGATE", "BOROUGH", "CAMDEN", "DALSTON", "EUSTON"}
    assert len({tenant.client_secret for tenant in farm.values()}) == 5
    with reading(farm) as reader:
        other = "/api1/x3/erp/BOROUGH/SORDER?representation=SORDER.$query"
        headers = {"Authorization": reader.headers["Authorization"], "X-Sage-Folder": "BOROUGH"}
        assert reader.client.get(other, headers=headers).status_code == 401
        unknown = "/api1/x3/erp/NOWHERE/SORDER?representation=SORDER.$query"
        assert reader.client.get(unknown, headers=headers).status_code == 400
        assert reader.client.get("/").status_code == 404


def test_nothing_of_a_tenant_is_made_until_it_is_read() -> None:
    """Building, describing and opening a farm make no row; a page makes the rows of what it shows and refers to."""
    farm = Farm.build(tenants=20, records=10**6)
    with reading(farm) as reader:
        described = reader.client.get("/control/tenants").json()["tenants"]
        assert {count for tenant in described for count in tenant["classes"].values()} == {10**6}
        assert not any(tenant.ledger.tables for tenant in farm.values())
    farm = Farm.build(tenants=2, records=30)
    with reading(farm) as reader:
        assert len(reader.query("ITMMVT").json()["$resources"]) == 20
        assert set(farm["aldgate"].ledger.tables) == {"ITMMVT", "ITMMASTER"}
        assert not farm["borough"].ledger.tables


def test_a_port_in_use_is_an_error() -> None:
    """An address that cannot be had raises at once."""
    with serving(Farm.build(tenants=1, records=1)) as server:
        port = httpx.URL(server.url).port
        assert port is not None
        with pytest.raises(OSError, match="use"), serving(Farm.build(tenants=1, records=1), port=port):
            pass


def test_pages_stay_whole_while_business_goes_on() -> None:
    """Readers and changes in several threads: every page is a whole page, and afterwards the truth is held."""
    with reading(Farm.build(tenants=1, records=150)) as reader:
        reader.headers  # noqa: B018 - one token for all
        stop = threading.Event()

        def business() -> None:
            while not stop.is_set():
                reader.tenant.advance(1, 5, 5, 0)

        with ThreadPoolExecutor(4) as pool:
            working = pool.submit(business)
            counts = list(pool.map(lambda _n: len(reader.query("SORDER", count=100).json()["$resources"]), range(8)))
            stop.set()
            working.result()
        assert set(counts) == {100}
        keys = [row["SOHNUM"] for row in reader.rows("SORDER", count=100)]
        assert keys == sorted(str(key) for (key,) in reader.tenant.records("SORDER"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run(number: signal.Signals) -> None:
    """`run` says where it listens, serves, and ends with 0 on SIGTERM and SIGINT, having said nothing else."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/control/tenants", verify=False).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
