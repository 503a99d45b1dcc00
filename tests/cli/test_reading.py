"""``driftd changes`` and ``driftd records``: the log and the snapshot as JSON lines."""

import json
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

from driftd.cli.root import run
from driftd.simulator import Fault
from tests.cli.conftest import Driftd, Site, Started
from tests.faults.observing import Observe


def swept(driftd: Driftd, site: Site) -> None:
    """Sweep customers and sales orders: reading is about no other class."""
    for each in ("BPCUSTOMER", "SORDER"):
        assert driftd("poll", "-c", site.config, "--full", "--resource", each).code == 0


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def changed(driftd: Driftd, site: Site) -> Site:
    """Two classes of a site read twice, with changes between."""
    swept(driftd, site)
    for tenant in site.farm.values():
        tenant.advance(create=4, update=4, update_lines=2, delete=2)
    swept(driftd, site)
    return site


def test_records_and_the_changes_after_them_are_the_tenant_as_it_is(driftd: Driftd, site: Site) -> None:
    swept(driftd, site)
    aldgate = site.farm["aldgate"]
    read = lines(driftd("records", "-c", site.config, "--connection", "aldgate", "--resource", "SORDER").out)
    assert {each["as_of_seq"] for each in read} == {read[0]["as_of_seq"]}
    assert {(each["connection"], each["resource"]) for each in read} == {("aldgate", "SORDER")}
    held = {each["key"]["SOHNUM"]: each["record"] for each in read}
    aldgate.advance(create=4, update=4, update_lines=4, delete=2, resource="SORDER")
    swept(driftd, site)
    after = driftd("changes", "-c", site.config, "--connection", "aldgate", "--after", str(read[0]["as_of_seq"])).out
    for event in lines(after):
        held[event["key"]["SOHNUM"]] = event["after"]
    assert {key for key, record in held.items() if record} == {key[0] for key in aldgate.records("SORDER")}


@pytest.mark.fault(30)
def test_every_digit_comes_out_as_the_tenant_sent_it(driftd: Driftd, site: Site, observe: Observe) -> None:
    """From the tenant's answer to `driftd records`, text against text; 1.0 and 1 are the same number."""
    sent = ["18446744073709551617", "-9223372036854775809", "0.1234567890123456789", "1E400", "9007199254740993"]
    shown = [*sent[:3], "1e400", sent[4]]
    place = ["-c", site.config, "--connection", "aldgate", "--resource", "BPCUSTOMER"]
    events = []
    for one in ("1", "1.0", "1E0"):
        rows = ",".join(f'{{"BPCNUM":"N{n}","OST":{text}}}' for n, text in enumerate([*sent, one]))
        body = f'{{"$resources":[{rows}],"$links":{{}}}}'
        site.farm["aldgate"].faults[:] = [Fault("raw_body", resource="BPCUSTOMER", facet="$query", body=body)]
        assert driftd("poll", *place, "--full").code == 0
        events = lines(driftd("changes", *place).out)
    read = driftd("records", *place).out
    found = [re.findall(r'"OST": ?([^,}\s]+)', line)[0] for line in read.splitlines()]
    lost = sum(one != other for one, other in zip(found, [*shown, "1"], strict=True))
    observe(f"driftd records: {', '.join(found)}", lost=lost, invented=len(events))
    assert found == [*shown, "1"]
    assert not events


def test_changes_go_on_after_a_cursor_and_stop_at_a_limit(driftd: Driftd, changed: Site) -> None:
    every = lines(driftd("changes", "-c", changed.config).out)
    seqs = [each["seq"] for each in every]
    assert seqs == sorted(set(seqs))
    assert {each["source"]["connection"] for each in every} == {"aldgate", "borough"}
    first = lines(driftd("changes", "-c", changed.config, "--limit", "3").out)
    rest = lines(driftd("changes", "-c", changed.config, "--after", str(first[-1]["seq"])).out)
    assert first + rest == every
    orders = lines(driftd("changes", "-c", changed.config, "--resource", "SORDER", "--connection", "borough").out)
    assert orders == [
        each for each in every if (each["source"]["resource"], each["source"]["connection"]) == ("SORDER", "borough")
    ]


def test_a_reader_that_goes_away_is_no_failure(changed: Site) -> None:
    line = f"{sys.executable} -m driftd changes -c {changed.config} --follow | head -n 1; exit ${{PIPESTATUS[0]}}"
    changed.farm["aldgate"].advance(resource="BPCUSTOMER")
    with subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        assert run(["poll", "-c", str(changed.config), "--full", "--resource", "BPCUSTOMER"]) == 0
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_following_prints_what_comes_until_it_is_interrupted(driftd: Driftd, start: Started, changed: Site) -> None:
    every = driftd("changes", "-c", changed.config).out.splitlines(keepends=True)
    process = start("changes", "-c", changed.config, "--follow")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in every] == every
    changed.farm["aldgate"].advance(create=1, update=0, update_lines=0, delete=0)
    swept(driftd, changed)
    assert json.loads(process.stdout.readline())["op"] == "c"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (130, "", "")


def test_one_record_is_found_by_the_text_of_its_key_or_by_a_json_array(driftd: Driftd, changed: Site) -> None:
    key = next(iter(changed.farm["aldgate"].records("BPCUSTOMER")))[0]
    place = ("-c", changed.config, "--connection", "aldgate", "--resource", "BPCUSTOMER")
    (by_text,) = lines(driftd("records", *place, str(key)).out)
    (by_array,) = lines(driftd("records", *place, json.dumps([key])).out)
    assert by_text == by_array
    assert by_text["key"] == {"BPCNUM": key}


def test_an_unknown_key_is_exit_code_1_and_a_wrong_one_2(driftd: Driftd, changed: Site) -> None:
    place = ("-c", changed.config, "--connection", "aldgate", "--resource", "BPCUSTOMER")
    ran = driftd("records", *place, "no such~key")
    assert (ran.code, ran.out) == (1, "")
    assert 'no record ["no such~key"] in "BPCUSTOMER"' in ran.err
    assert driftd("records", *place, '["a","b"]').code == 2
    assert "did you mean SORDER or PORDER?" in driftd("records", *place[:-1], "SORDRE").err


def test_reading_before_the_first_poll_says_what_to_do(driftd: Driftd, site: Site) -> None:
    for arguments in (["changes"], ["records", "--connection", "aldgate", "--resource", "SORDER"]):
        ran = driftd(*arguments, "-c", site.config)
        assert (ran.code, ran.out) == (1, "")
        assert "driftd poll" in ran.err
