"""The daemon takes a configuration over while it runs, wholly or not at all."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faces.test_prometheus import prometheus
from tests.house.process import CLASSES, Daemon, Estate, connection, estate, running

RELOADED = "driftd_config_last_reload_successful"


def reload_ok(daemon: Daemon, expected: float) -> None:
    """Assert whether the last reload is said to have succeeded."""
    assert daemon.value(RELOADED) == expected


def test_a_configuration_with_mistakes_changes_nothing(tmp_path: Path) -> None:
    """Half a file, an unknown key, a name given twice: each mistake is logged once, the old configuration stays in
    force, and is told to; a good file is taken over, and what it leaves alone is not polled again because of it."""
    with estate(tmp_path, tenants=2) as site:
        site.write(["aldgate"], probe="24h", delta="24h", sweep="24h")
        good = site.place.read_text()
        more = tmp_path / "conf.d"
        more.mkdir()
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            daemon.until(lambda: daemon.value("driftd_polls_total") >= len(CLASSES), "polled once")
            sent = len(site.served.requests)
            mistakes = [
                (site.place, good[: good.index("[connections.auth]") + 16], "is not TOML"),
                (site.place, good.replace("probe =", "prob ="), 'did you mean "probe"?'),
                (more / "again.toml", connection(site.tenants[0], site.served.url), "aldgate"),
            ]
            for number, (place, text, told) in enumerate(mistakes, 1):
                place.write_text(text)
                daemon.reloads()
                reload_ok(daemon, 0)
                refused = daemon.lines("configuration refused")
                assert len(refused) == number, daemon.text()
                assert told in refused[-1]["mistake"].replace('\\"', '"')
                assert daemon.state("aldgate") == "ok"
                site.place.write_text(good)
            (more / "again.toml").write_text(connection(site.tenants[1], site.served.url))
            (more / "borough.secret").write_text(site.tenants[1].client_secret)
            daemon.reloads()
            reload_ok(daemon, 1)
            daemon.becomes("borough", "ok")
            daemon.until(lambda: daemon.value("driftd_polls_total", connection="borough") >= len(CLASSES))
            assert len([each for each in site.served.requests[sent:] if each.tenant == "aldgate"]) == 0
            assert len(daemon.lines("configuration refused")) == len(mistakes)


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs prometheus: apt-get install prometheus")
async def test_prometheus_sees_what_a_reload_adds_and_removes(tmp_path: Path) -> None:
    """A connection that goes takes its series with it, one that comes brings its own, the others stay; and `promtool`
    has nothing to say, with few metrics or with all."""
    with estate(tmp_path, tenants=3) as site:
        site.write(["aldgate", "borough"])
        with running(tmp_path) as daemon:
            for name in ("aldgate", "borough"):
                daemon.becomes(name, "ok")
            async with prometheus(daemon.url.removeprefix("http://"), tmp_path) as server:
                await server.until('up{job="driftd0"} == 1', 1)
                await server.until('driftd_connection_state{state="ok",job="driftd0"} == 1', 2)
                site.write(["borough", "camden"])
                daemon.reload()
                await server.until('driftd_connection_info{connection="camden",job="driftd0"}', 1)
                await server.until('{connection="aldgate"}', 0)
                await server.until('driftd_connection_state{state="ok",job="driftd0"} == 1', 2)
                (kept,) = await server.ask('driftd_connection_up{connection="borough",job="driftd0"}')
                assert kept["value"][1] == "1"
                (loaded,) = daemon.lines("configuration loaded")
                assert (loaded["added"], loaded["removed"]) == ("camden", "aldgate")
                assert "changed" not in loaded, "borough only moved in the file"
                (up,) = await server.ask('up{job="driftd0"}')
                assert up["value"][1] == "1"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
@pytest.mark.parametrize("detail", ["basic", "full"])
def test_promtool_accepts_what_a_daemon_shows(detail: str, tmp_path: Path) -> None:
    """The text exposition of a daemon that polls passes `promtool check metrics`."""
    with estate(tmp_path) as site:
        site.write(web={"metrics_detail": detail})
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            text = daemon.get("/metrics").text
            done = subprocess.run(
                ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            assert ("driftd_deletes_pending" in text) == (detail == "full")


def test_a_secret_that_was_rotated_is_told_and_a_new_one_is_taken(tmp_path: Path) -> None:
    """Refused twice, the connection is `auth_failed`, and `explain` says who acts; with the new secret in its file a
    reload is enough."""
    with estate(tmp_path) as site, running(tmp_path) as daemon:
        daemon.becomes("aldgate", "ok")
        rotate(site)
        daemon.becomes("aldgate", "auth_failed")
        (told,) = [line for line in daemon.lines("connection state changed") if line["state"] == "auth_failed"]
        assert told["reason"] == "oauth_invalid_client"
        ran = daemon.until(lambda: "oauth_invalid_client" in (card := site.run("explain aldgate")).out and card)
        assert ran.code == 1
        assert "X3 administrator" in ran.out
        (tmp_path / "aldgate.secret").write_text(site.tenants[0].client_secret)
        daemon.reloads()
        daemon.becomes("aldgate", "ok")
        assert daemon.end() == 0


def rotate(site: Estate) -> None:
    """Have the tenant take another secret, and believe no token that it gave before."""
    tenant = site.tenants[0]
    tenant.switches.rotation = "at_once"
    tenant.rotate_secret()
    tenant.revoke_tokens()
