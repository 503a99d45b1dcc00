"""``driftd check config``: mistakes with exit 2, else the plan."""

import json
import re
from pathlib import Path

from tests.adapters.x3.asking import CERTIFICATES
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
    told = " ".join(ran.out.split())
    assert " 5m 15m 1d 288 + ? ? ≤ 14400 " in told
    assert " aldgate 3248 + ? 20000 ? 2GB " in told
    assert " 127.0.0.1 2 6496 + ? ? " in told
    assert "2 connections, 18 resources: 6496 requests and ? a day" in told
    assert "unknown before the first sweep: what 18 of them will cost" in told
    told = json.loads(driftd("check", "config", "-c", site.config, "--format", "json").out)
    assert [each["connection"] for each in told["connections"]] == ["aldgate", "borough"]
    assert told["connections"][0]["resources"][0]["requests_a_day"] == 288
    assert told["connections"][0]["resources"][0]["bytes_a_day"] is None
    assert (told["hosts"], told["total"]["size_known"]) == ([{"host": "127.0.0.1", **told["total"]}], False)


def test_tokens_are_named_where_any_are_asked_for(driftd: Driftd, site: Site) -> None:
    """A plan of connections that ask for none, as those that sign in with a password, does not speak of them."""
    ran = driftd("check", "config", "-c", site.config)
    assert "a day with tokens and prototypes, without details" in ran.out
    text = site.config.read_text()
    auth = '[connections.auth]\ntype = "basic"\nusername = "u"\npassword = { file = "aldgate" }\n'
    site.config.write_text(re.sub(r"\[connections\.auth\]\n(?:\w+ = .*\n)+", auth, text))
    ran = driftd("check", "config", "-c", site.config)
    assert (ran.code, "a day with prototypes, without details" in ran.out) == (0, True), ran.out + ran.err


def test_sizes_are_those_that_the_database_remembers(driftd: Driftd, site: Site) -> None:
    """What a sweep read decides what the next ones cost; a resource of one page is swept at the probe's pace."""
    polled = json.loads(driftd("poll", "-c", site.config, "--full", "--format", "json").out)["resources"]
    customers = next(each for each in polled if each["resource"] == "BPCUSTOMER")
    told = json.loads(driftd("check", "config", "-c", site.config, "--format", "json").out)
    planned = told["connections"][0]["resources"][0]
    assert (planned["resource"], planned["cycles_a_day"]["sweep"]) == ("BPCUSTOMER", 288)
    # the first poll asked for the prototype as well
    prototype = 1
    assert planned["requests_a_day"] == 288 * (customers["requests"] - prototype)
    assert 0 < planned["bytes_a_day"] < 288 * customers["bytes"]
    assert told["total"]["bytes_a_day"] == sum(each["bytes_a_day"] for each in told["connections"])
    ran = driftd("check", "config", "-c", site.config)
    assert "?" not in ran.out
    assert f" 5m {288 * (customers['requests'] - prototype)} " in " ".join(ran.out.split())


def test_a_measured_plan_above_a_limit_names_the_setting_that_fits(driftd: Driftd, site: Site) -> None:
    driftd("poll", "-c", site.config, "--full")
    text = site.config.read_text()
    site.config.write_text(text.replace("[defaults]", '[defaults]\nbytes_per_day = "2MB"'))
    ran = driftd("check", "config", "-c", site.config)
    assert (ran.code, ran.out) == (2, "")
    path, message = ran.err.splitlines()[0].split(": ", 1)
    assert path == "connections[0].probe"
    assert 'above bytes_per_day = "2MB"' in message
    setting = message.split("set ")[1].split(",")[0]
    site.config.write_text(site.config.read_text().replace("[defaults]", f"[defaults]\n{setting}"))
    assert driftd("check", "config", "-c", site.config).code == 0


def test_of_many_connections_the_costliest_are_shown(driftd: Driftd, site: Site) -> None:
    tenant = site.config.read_text().split("[[connections]]")[1]
    many = [tenant.replace('"aldgate"', f'"tenant-{n}"', 1) for n in range(40)]
    site.config.write_text("[[connections]]".join([site.config.read_text(), *many]))
    ran = driftd("check", "config", "-c", site.config)
    assert ran.code == 0
    assert "the costliest 30 of 42 connections" in ran.out
    assert len(ran.out.splitlines()) < 50
    assert len(json.loads(driftd("check", "config", "-c", site.config, "--format", "json").out)["connections"]) == 42


def test_what_will_not_work_or_changes_nothing_yet_is_noted(driftd: Driftd, site: Site) -> None:
    site.config.write_text('[store]\nurl = "postgresql://db/driftd"\n' + site.config.read_text())
    (site.config.parent / "aldgate").unlink()
    ran = driftd("check", "config", "-c", site.config)
    assert ran.code == 0
    assert "note: store.url is not in force yet" in ran.err
    assert "note: connections[0].auth.client_secret: the file " in ran.err


def test_certificate_files_that_cannot_be_used_are_mistakes(driftd: Driftd, site: Site) -> None:
    """A file that is not there, and a key of another certificate."""
    key, other = (CERTIFICATES / name for name in ("client-key.pem", "key.pem"))
    own = f'client_cert_file = "{CERTIFICATES / "client.pem"}"\nclient_key_file = "{other}"\n'
    own += 'ca_file = "gone.pem"\nfolder ='
    text = site.config.read_text()
    site.config.write_text(text.replace("folder =", own, 1))
    ran = driftd("check", "config", "-c", site.config)
    assert (ran.code, ran.out) == (2, "")
    says = "holds a key that does not belong to the certificate of client_cert_file"
    assert ran.err.splitlines() == [
        f'connections[0].ca_file: the file "{site.config.parent / "gone.pem"}" does not exist',
        f'connections[0].client_key_file: the file "{other}" {says}',
    ]
    site.config.write_text(text.replace("folder =", own.replace("gone.pem", str(CERTIFICATES / "authority.pem")), 1))
    assert "does not belong" in driftd("check", "config", "-c", site.config).err
    site.config.write_text(site.config.read_text().replace(str(other), str(key)))
    assert driftd("check", "config", "-c", site.config).code == 0


def test_a_configuration_without_connections_says_so(driftd: Driftd, tmp_path: Path) -> None:
    (tmp_path / "driftd.toml").write_text("")
    ran = driftd("check", "config")
    assert (ran.code, ran.out) == (0, "the configuration names no connection: add one with [[connections]]\n")


def test_members_that_tell_of_persons_and_have_no_rule_are_noted_once_for_all(driftd: Driftd, site: Site) -> None:
    """A note, no mistake; a rule of whatever kind is an answer."""
    notes = json.loads(driftd("check", "config", "-c", site.config, "--format", "json").out)["notes"]
    (customers,) = [each for each in notes if each.startswith("BPCUSTOMER: ")]
    assert "TEL" in customers
    assert customers.endswith('for aldgate, borough: "keep" is an answer too (docs/privacy.md)')
