"""Every command that README and docs show works as shown: run against the simulator, in an empty folder."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from driftd.simulator import Farm, Tenant, serving
from driftd.simulator.patches import Patch

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONG = {"cassettes.md", "connections.md", "drift.md", "pausing.md", "storage.md"}
"""Pages whose commands take their time."""
RUN = [pytest.param(page, id=page.name, marks=[pytest.mark.heavy] if page.name in LONG else []) for page in PAGES]
DEMO = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/driftd demo"
TESTS = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
TENANT = "https://x3.aldgate.example"
LISTEN = tomllib.loads((ROOT / "config.example.toml").read_text())["web"]["listen"]


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of a page in the given languages."""
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        if language in languages:
            yield body


def commands(page: Path) -> list[str]:
    """Return the command lines of a page: every line of ``sh``, those after the prompt of ``console``."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    typed = [line for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in lines if line and not line.startswith("#")] + [line[2:] for line in typed]


@dataclass(frozen=True, slots=True)
class Site:
    """A folder with a configuration, the simulated tenant that it reads, and where its daemon listens."""

    folder: Path
    tenant: Tenant
    url: str
    """Where the tenant is."""
    listen: str

    @property
    def env(self) -> dict[str, str]:
        """The environment of a command here."""
        own = {"PATH": f"{BIN}:{os.environ['PATH']}", "ALDGATE_SECRET": self.tenant.client_secret}
        return {name: value for name, value in os.environ.items() if name != "DRIFTD_CONFIG"} | own


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A folder with the README's configuration in it, its tenant being a simulated one."""
    farm = Farm.build(tenants=1, records=25)
    (shown,) = blocks(ROOT / "README.md", "toml")
    with serving(farm) as served:
        aldgate = farm["aldgate"]
        text = shown.replace(f"{TENANT}/auth/token", f"{served.url}{aldgate.token_path}").replace(TENANT, served.url)
        listen = f"127.0.0.1:{free_port()}"
        text = f'[web]\nlisten = "{listen}"\n[network]\nallow_http = ["127.0.0.0/8"]\n[vault]\nkey_file = "key"\n{text}'
        (tmp_path / "driftd.toml").write_text(text.replace('"driftd"', f'"{aldgate.client_id}"'))
        yield Site(tmp_path, aldgate, served.url, listen)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.parametrize("page", RUN)
def test_every_command_shown_works(page: Path, site: Site) -> None:
    daemon, drift = None, ""
    try:
        for line in commands(page):
            if line in {DEMO, TESTS}:
                continue  # the first is run by the demo's own tests, the second is what runs this
            if line.startswith("export "):
                assert line.split("=")[0].removeprefix("export ") in site.env
            elif line.endswith("--follow"):
                follows(line, site)
            elif line == "driftd run &":
                daemon = Daemon(site)
            elif line.startswith("kill "):
                assert daemon is not None
                daemon.killed(line)
            elif line.startswith("curl "):
                assert fetched(line.split()[-1], site)
            elif " ID" in line:
                drift = decided(line, drift, site)
            else:
                runs(line, site)
    finally:
        if daemon is not None:
            daemon.ended()


class Daemon:
    """``driftd run``, in the background of a page's commands."""

    def __init__(self, site: Site) -> None:
        command = ["driftd", "run"]
        self._process = subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.PIPE, text=True)
        self._ending = False
        with self._patience():
            self._until("driftd runs")
            while not is_ready(site):
                assert self._process.poll() is None

    def killed(self, line: str) -> None:
        """Send a signal as a line of the page does; return when it has done what it is for."""
        subprocess.run(["sh", "-c", line.replace("$!", str(self._process.pid))], check=True)
        with self._patience():
            self._until("configuration loaded" if "-HUP" in line else "driftd ended")
        self._ending = "-HUP" not in line

    def ended(self) -> None:
        """End it in order, if it was not told to end."""
        if not self._ending:
            self._process.send_signal(signal.SIGTERM)
        try:
            assert self._process.wait(timeout=30) == 0
        finally:
            self._process.kill()
            self._process.communicate()

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Kill it where what is waited for does not come: then its log ends, and the test with it."""
        timer = threading.Timer(60, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _until(self, event: str) -> None:
        """Read the log as far as an event."""
        assert self._process.stderr is not None
        seen = []
        for line in self._process.stderr:
            if f'msg="{event}"' in line:
                return
            seen.append(line)
        pytest.fail(f'the log ended before "{event}":\n{"".join(seen)}')


def is_ready(site: Site) -> bool:
    try:
        return "ready" in fetched(f"http://{LISTEN}/-/ready", site)
    except (urllib.error.URLError, ConnectionError):
        return False


def fetched(url: str, site: Site) -> str:
    """Return what the site's daemon answers at an address of the pages."""
    assert LISTEN in url
    with urllib.request.urlopen(url.replace(LISTEN, site.listen), timeout=20) as answer:
        return str(answer.read().decode())


def runs(line: str, site: Site, codes: Collection[int] = (0,)) -> str:
    """Run a command to its end, with one of these exit codes; return what it printed."""
    line = line.replace(f"{TENANT}/auth/token", f"{site.url}{site.tenant.token_path}").replace(TENANT, site.url)
    line = line.replace("--client-id driftd", f"--client-id {site.tenant.client_id}")
    done = subprocess.run(
        ["sh", "-c", line], cwd=site.folder, env=site.env, capture_output=True, text=True, check=False
    )
    assert done.returncode in codes, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def decided(line: str, drift: str, site: Site) -> str:
    """Run a command about a drift, which there is by then: of shape, or for held deletes; return its id."""
    settles = any(f" {action} " in line for action in ("release", "keep"))
    if settles:
        for key in list(site.tenant.records("BPCUSTOMER"))[:-5]:
            site.tenant.remove("BPCUSTOMER", key)
    elif not drift:
        polled(site)
        site.tenant.patch(Patch("BPCUSTOMER", "retype", "BPCNAM", "integer"))
    if settles or not drift:
        for _ in range(3):
            polled(site)
        wanted = "mass_delete" if settles else "type_changed"
        (drift,) = (each["id"] for each in listed(site) if each["finding"] == wanted)
    runs(line.replace(" ID", f" {drift}"), site, {0, 1} if " show " in line else {0})
    return drift


def polled(site: Site) -> None:
    runs("driftd poll --full --resource BPCUSTOMER", site, {0, 1})


def listed(site: Site) -> list[dict[str, str]]:
    return list(json.loads(runs("driftd drift list --format json", site, {0, 1}))["alerts"])


def follows(line: str, site: Site) -> None:
    """Run a command that goes on until it is interrupted: it prints a change that is made meanwhile."""
    command = ["sh", "-c", f"exec {line}"]
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stdout=subprocess.PIPE, text=True) as process:
        site.tenant.advance(create=1, update=0, update_lines=0, delete=0)
        runs("driftd poll --full", site)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["op"] == "c"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130


def test_the_samples_of_the_readme_are_what_a_daemon_says(site: Site) -> None:
    """Each metric line names series that are exported, and the table of states has the columns of the real one."""
    page = (ROOT / "README.md").read_text()
    runs("driftd poll", site)
    daemon = Daemon(site)
    try:
        exposed = {line.rsplit(" ", 1)[0] for line in fetched(f"http://{LISTEN}/metrics", site).splitlines()}
        (sample,) = re.findall(r"^```text\n(driftd_.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert {line.rsplit(" ", 1)[0] for line in sample.splitlines()} <= exposed
        head, _, row, total = runs("driftd status", site).splitlines()
        (table,) = re.findall(r"^```text\n(connection  state.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert (table.split("\n")[0].split(), table.splitlines()[-1]) == (head.split(), total)
        assert row.split()[:2] == table.splitlines()[2].split()[:2]
    finally:
        daemon.ended()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "metrics.md"], ids=lambda page: page.name)
def test_prometheus_takes_the_scrape_configuration(page: Path, tmp_path: Path) -> None:
    (shown,) = [each for each in blocks(page, "yaml") if "scrape_configs" in each]
    (tmp_path / "prometheus.yml").write_text(shown)
    checked = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert LISTEN in shown


def test_the_readme_shows_the_two_commands_and_ci_runs_the_second() -> None:
    assert {DEMO, TESTS} <= set(commands(ROOT / "README.md"))
    assert TESTS in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_linked_exists(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [each for each in targets if not (page.parent / each).exists()] == []
