"""``driftd simulator``: tenants to try driftd on."""

import signal
import socket
from pathlib import Path

import httpx
import pytest

from driftd.config import ClassDefaults, parse
from tests.cli.conftest import Driftd, Started


def test_the_printed_configuration_reads_the_tenants(driftd: Driftd) -> None:
    text = driftd("simulator", "--tenants", "2", "--listen", "127.0.0.1:8199", "--print-config").out
    config = parse(text, catalogue={"SORDER": ClassDefaults("SORDER", ("SOHNUM",))})
    assert [each.name for each in config.connections] == ["aldgate", "borough"]
    assert config.connections[0].base_url == "http://127.0.0.1:8199"
    assert "# export ALDGATE_SECRET=" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--switch", "collatoin=numeric"], "is no switch"),
        (["--switch", "collation"], "is no switch"),
        (["--switch", "collation=alphabetic"], "'case_insensitive'"),
        (["--switch", "cap=none"], "cap=none"),
        (["--listen", "here"], "is no host and port"),
        (["--tenants", "0"], "--tenants"),
        (["--live", "0"], "--live"),
        (["--live", "often"], "--live"),
    ],
)
def test_a_wrong_switch_or_address_says_what_there_is(driftd: Driftd, arguments: list[str], says: str) -> None:
    ran = driftd("simulator", "--print-config", *arguments)
    assert ran.code == 2
    assert says in ran.err


def test_an_address_in_use_is_told_with_the_next_step(driftd: Driftd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = driftd("simulator", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ran.code == 2
    assert "give another --listen" in ran.err


def test_a_live_simulator_goes_on_by_itself(start: Started) -> None:
    process = start("simulator", "--listen", "127.0.0.1:0", "--tenants", "1", "--records", "20", "--live", "60000")
    assert process.stdout is not None
    url = process.stdout.readline().split()[0]
    asked = (httpx.get(f"{url}/control/tenants", verify=False).json()["tenants"][0]["state"] for _ in range(100_000))
    assert any(state > 0 for state in asked)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130


def test_a_file_that_is_no_cassette_is_told_without_a_traceback(driftd: Driftd, tmp_path: Path) -> None:
    (tmp_path / "half").write_text('{"cassette":1')
    for file, says in (("half", "is no cassette"), ("nowhere", "cannot be read")):
        ran = driftd("simulator", "--replay", file)
        assert (ran.code, ran.out) == (2, "")
        assert says in ran.err
    ran = driftd("simulator", "--replay", "half", "--tenants", "2")
    assert ran.code == 2
    assert "leave --tenants out" in ran.err
