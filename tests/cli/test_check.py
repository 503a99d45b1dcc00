"""``driftd check config``: mistakes with exit 2, else the plan."""

import json
from pathlib import Path

from tests.cli.conftest import Driftd, Site


def test_every_mistake_is_a_line_and_the_exit_code_2(driftd: Driftd, tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_text("[daemon]\nlog_level = 'loud'\n[defaults]\nprobe = 3\npage_size = 0\n")
    ran = driftd("check", "config")
    assert (ran.code, ran.out) == (2, "")
    assert [line.split(":")[0] for line in ran.err.splitlines()] == [
        "daemon.log_level",
        "defaults.probe",
        "defaults.page_size",
    ]


def test_the_plan_shows_cadences_and_requests_a_day(driftd: Driftd, site: Site) -> None:
    ran = driftd("check", "config", "-c", site.config)
    assert ran.code == 0
    assert " 5m 15m 1d 384 " in " ".join(ran.out.split())
    assert "aldgate: 1152 requests a day of at most 20000 for probes and deltas" in ran.out
    told = json.loads(driftd("check", "config", "-c", site.config, "--format", "json").out)
    assert [each["connection"] for each in told["connections"]] == ["aldgate", "borough"]
    assert told["connections"][0]["resources"][0]["requests_a_day"] == 384


def test_what_will_not_work_or_changes_nothing_yet_is_noted(driftd: Driftd, site: Site) -> None:
    site.config.write_text("[vault]\n" + site.config.read_text())
    (site.config.parent / "aldgate").unlink()
    ran = driftd("check", "config", "-c", site.config)
    assert ran.code == 0
    assert "note: vault is not in force yet" in ran.err
    assert "note: connections[0].auth.client_secret: the file " in ran.err


def test_a_configuration_without_connections_says_so(driftd: Driftd, tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_text("")
    ran = driftd("check", "config")
    assert (ran.code, ran.out) == (0, "the configuration names no connection: add one with [[connections]]\n")
