"""Every command that README and docs show works as shown: run against the simulator, in an empty folder."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from driftd.simulator import Farm, Tenant, serving

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DEMO = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/driftd demo"
TESTS = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
TENANT = "https://x3.aldgate.example"


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
    """A folder with a configuration, and the simulated tenant that it reads."""

    folder: Path
    tenant: Tenant


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A folder with the README's configuration in it, its tenant being a simulated one."""
    farm = Farm.build(tenants=1, records=25)
    (shown,) = blocks(ROOT / "README.md", "toml")
    with serving(farm) as served:
        aldgate = farm["aldgate"]
        text = shown.replace(f"{TENANT}/auth/token", f"{served.url}{aldgate.token_path}").replace(TENANT, served.url)
        text = f'[network]\nallow_http = ["127.0.0.0/8"]\n{text}'
        (tmp_path / "driftd.toml").write_text(text.replace('"driftd"', f'"{aldgate.client_id}"'))
        yield Site(tmp_path, aldgate)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_works(page: Path, site: Site) -> None:
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ALDGATE_SECRET": site.tenant.client_secret}
    env.pop("DRIFTD_CONFIG", None)
    for line in commands(page):
        if line in {DEMO, TESTS}:
            continue  # the first is run by the demo's own tests, the second is what runs this
        if line.startswith("export "):
            assert line.split("=")[0].removeprefix("export ") in env
        elif line.endswith("--follow"):
            follows(line, site, env)
        else:
            done = subprocess.run(
                ["sh", "-c", line], cwd=site.folder, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def follows(line: str, site: Site, env: dict[str, str]) -> None:
    """Run a command that goes on until it is interrupted: it prints a change that is made meanwhile."""
    command = ["sh", "-c", f"exec {line}"]
    with subprocess.Popen(command, cwd=site.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        site.tenant.advance(create=1, update=0, update_lines=0, delete=0)
        subprocess.run(["driftd", "poll", "--full"], cwd=site.folder, env=env, capture_output=True, check=True)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["op"] == "c"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130


def test_the_readme_shows_the_two_commands_and_ci_runs_the_second() -> None:
    assert {DEMO, TESTS} <= set(commands(ROOT / "README.md"))
    assert TESTS in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_linked_exists(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [each for each in targets if not (page.parent / each).exists()] == []
