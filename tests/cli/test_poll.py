"""``driftd poll``: one cycle of each resource, told in a table or as JSON, with its exit code."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

from driftd import app
from driftd.config import load
from tests.cli.conftest import RECORDS, Driftd, Site, Started

FIELDS = {
    "connection", "resource", "outcome", "reason", "records", "r", "c", "u", "d", "pending", "held", "pages",
    "pages_unchanged", "records_decoded", "details", "requests", "bytes", "seconds", "kind",
}  # fmt: skip


def test_the_first_poll_reads_everything_and_an_unchanged_one_decodes_nothing(driftd: Driftd, site: Site) -> None:
    ran = driftd("poll", "-c", site.config, "--full", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["ok"], len(told["resources"])) == (0, True, 18)
    for each in told["resources"]:
        assert set(each) >= FIELDS
        assert (each["outcome"], each["kind"], each["r"]) == ("ok", "sweep", RECORDS)
    told = json.loads(driftd("poll", "-c", site.config, "--full", "--format", "json").out)
    assert {(each["records_decoded"], each["c"], each["u"], each["d"]) for each in told["resources"]} == {(0, 0, 0, 0)}


def test_the_table_shows_each_cycle_and_a_summary(driftd: Driftd, site: Site) -> None:
    ran = driftd("poll", "-c", site.config, "--full", "--connection", "aldgate", "--resource", "SORDER")
    assert ran.code == 0
    assert "aldgate" in ran.out
    assert "borough" not in ran.out
    assert "BPCUSTOMER" not in ran.out
    assert "1 cycle in " in ran.out
    assert ran.err == ""


def test_when_nothing_is_due_it_says_when_something_will_be(driftd: Driftd, site: Site) -> None:
    text = site.config.read_text()
    site.config.write_text(text.replace("[defaults]", '[defaults]\nprobe = "36500d"'))  # none is due meanwhile
    assert driftd("poll", "-c", site.config).code == 0
    ran = driftd("poll", "-c", site.config)
    assert ran.code == 0
    assert "nothing is due before " in ran.out


def test_a_failed_cycle_is_told_with_reason_and_next_step_and_exit_code_1(driftd: Driftd, site: Site) -> None:
    (site.config.parent / "aldgate").write_text("wrong")
    ran = driftd("poll", "-c", site.config, "--full")
    assert ran.code == 1
    assert "oauth_invalid_client: " in ran.out
    assert "  next: " in ran.out
    assert "9 ok, 9 failed" in ran.out
    (site.config.parent / "aldgate").unlink()
    assert "config_error: " in driftd("poll", "-c", site.config, "--full").out


def test_an_unknown_connection_or_resource_is_refused_with_near_names(driftd: Driftd, site: Site) -> None:
    ran = driftd("poll", "-c", site.config, "--connection", "algate")
    assert ran.code == 2
    assert 'no connection is named "algate": did you mean aldgate?' in ran.err
    ran = driftd("poll", "-c", site.config, "--connection", "aldgate", "--resource", "bpcustomr")
    assert ran.code == 2
    assert "did you mean BPCUSTOMER?" in ran.err
    assert "known are aldgate, borough" in driftd("poll", "-c", site.config, "--connection", "x").err


async def test_a_data_directory_in_use_is_exit_code_3(start: Started, site: Site) -> None:
    async with app.writing(load(site.config, app.catalogue())):
        process = start("poll", "-c", site.config)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "")
    assert "is in use" in err


def test_a_terminal_is_shown_progress_on_stderr(site: Site) -> None:
    terminal, stderr = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "driftd", "poll", "-c", site.config, "--full"], stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        os.close(stderr)
        shown = b""
        with suppress(OSError):  # the end of a terminal
            while read := os.read(terminal, 65536):
                shown += read
        assert process.stdout is not None
        assert b"aldgate" in process.stdout.read()
    os.close(terminal)
    assert process.returncode == 0
    assert f"{RECORDS}/{RECORDS}" in shown.decode()


def test_two_kinds_exclude_each_other(driftd: Driftd, site: Site) -> None:
    ran = driftd("poll", "-c", site.config, "--probe", "--full")
    assert ran.code == 2
    assert "exclude each other" in ran.err


def test_settings_not_in_force_are_named_in_one_line(driftd: Driftd, site: Site) -> None:
    site.config.write_text(site.config.read_text() + '[store]\nurl = "postgresql://db/driftd"')
    ran = driftd("poll", "-c", site.config, "--probe")
    assert 'note: not in force yet: url ("driftd check config" tells more)\n' in ran.err


def test_what_departs_is_told_with_where_to_read_on(driftd: Driftd, site: Site) -> None:
    """Of each cycle that finds it, to people and to programs."""
    chosen = ("poll", "-c", site.config, "--full", "--resource", "BPCUSTOMER")
    assert " departs: " not in driftd(*chosen).out
    site.farm["borough"].filter("BPCUSTOMER", 0.4)
    ran = driftd(*chosen)
    assert "borough BPCUSTOMER departs: mass_delete (critical)\n" in ran.out
    assert "aldgate BPCUSTOMER departs" not in ran.out
    assert '"driftd drift list"' in ran.out
    told = json.loads(driftd(*chosen, "--format", "json").out)
    assert [each["drifts"] for each in told["resources"]] == [[], ["mass_delete (critical)"]]
